#include "dataplane/services/conversations.hpp"

#include <algorithm>

#include "dataplane/domain/bucket.hpp"
#include "dataplane/domain/errors.hpp"
#include "dataplane/protocol/frames.hpp"
#include "dataplane/services/accounts.hpp"

namespace chat::services {
namespace {

constexpr std::size_t kMostGroupName = 200;
constexpr std::size_t kMostNamedInError = 10;

auto refuse(domain::Errc code, std::string why) { return base::fail(code, std::move(why)); }

// Newest activity first; the id decides between equals, so that a cursor names one place.
bool before(const ListPosition& a, const ListPosition& b) {
  return a.last_activity_at != b.last_activity_at ? a.last_activity_at > b.last_activity_at
                                                  : a.conversation_id > b.conversation_id;
}

ListPosition position_of(const domain::Summary& summary) {
  return {summary.last_activity_at, summary.conversation.conversation_id};
}

void sort_unique(std::vector<Ulid>& ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

Status check_count(std::size_t members) {
  if (members <= Conversations::kMostMembersPerCall) return {};
  return refuse(domain::Errc::too_large, "at most " + std::to_string(Conversations::kMostMembersPerCall) +
                                             " members in one call: add the others with further calls");
}

}  // namespace

Task<Result<Created>> Conversations::create_one_on_one(Actor actor, Ulid other) {
  if (other == actor.user_id)
    co_return refuse(domain::Errc::bad_request, "member_ids must name someone else: a conversation has two sides");
  std::vector<Ulid> others{other};
  if (auto exist = co_await all_exist(others); !exist) co_return base::fail(std::move(exist).error());
  const Ulid id = domain::one_on_one_id(actor.user_id, other);
  auto fresh = co_await parts_.store.create_one_on_one(id, actor.user_id, other, parts_.clock.now_milliseconds());
  if (!fresh) co_return base::fail(std::move(fresh).error());
  auto found = co_await details(id, actor.user_id);
  if (!found) co_return base::fail(std::move(found).error());
  // Also where it was there: whoever made it may have died before this.
  auto linked = co_await link(actor.user_id, others, found->summary.conversation.head);
  if (!linked) co_return base::fail(std::move(linked).error());
  if (*fresh) {
    std::vector<Ulid> both{actor.user_id, other};
    co_await announce_created(*found, actor.user_id, std::move(both));
  }
  co_return Created{std::move(*found), *fresh};
}

Task<Result<Details>> Conversations::create_group(Actor actor, std::string name, std::vector<Ulid> members,
                                                  domain::Limits limits) {
  sort_unique(members);
  std::erase(members, actor.user_id);
  auto good = check_line(name, "name", kMostGroupName);
  if (good) good = check_count(members.size());
  if (good && limits.group_members > 0 && static_cast<std::int64_t>(members.size()) + 1 > limits.group_members)
    good = refuse(domain::Errc::too_large,
                  "a group has at most " + std::to_string(limits.group_members) + " members here");
  if (good) good = co_await all_exist(members);
  if (!good) co_return base::fail(std::move(good).error());
  const auto per_hour = limits.groups_per_hour_per_user * actor.limit_factor;
  const auto allowed =
      co_await parts_.limiter.take("groups:" + actor.user_id.text(), static_cast<double>(per_hour) / 60, per_hour);
  if (!allowed.allowed)
    co_return base::fail(domain::Errc::rate_limited, "you have made many groups this hour: wait and try again",
                         allowed.retry_after);
  const std::int64_t now = parts_.clock.now_milliseconds();
  const Ulid id = base::new_ulid(now);
  auto made = co_await parts_.store.create_group(id, std::move(name), actor.user_id, members, now);
  if (!made) co_return base::fail(std::move(made).error());
  auto found = co_await details(id, actor.user_id);
  if (!found) co_return base::fail(std::move(found).error());
  auto linked = co_await link(actor.user_id, members, found->summary.conversation.head);
  if (!linked) co_return base::fail(std::move(linked).error());
  members.push_back(actor.user_id);
  co_await announce_created(*found, actor.user_id, std::move(members));
  co_return std::move(*found);
}

Task<Result<ConversationPage>> Conversations::list(Ulid user, std::optional<ListPosition> after, int limit) {
  auto ids = co_await parts_.directory.conversations_of(user, kMostConversations);
  if (!ids) co_return base::fail(std::move(ids).error());
  auto all = co_await parts_.store.summaries(user, std::move(*ids), false);
  if (!all) co_return base::fail(std::move(all).error());
  std::vector<ListPosition> places;
  places.reserve(all->size());
  for (const auto& summary : *all) {
    const auto place = position_of(summary);
    if (!after || before(*after, place)) places.push_back(place);
  }
  std::sort(places.begin(), places.end(), before);
  ConversationPage page;
  if (places.size() > static_cast<std::size_t>(limit)) {
    places.resize(static_cast<std::size_t>(limit));
    page.next = places.back();
  }
  // Last messages only of what is shown. One that someone wrote to meanwhile keeps its place in this page.
  std::vector<Ulid> shown;
  std::map<Ulid, std::size_t> order;
  for (const auto& place : places) {
    order.emplace(place.conversation_id, shown.size());
    shown.push_back(place.conversation_id);
  }
  if (shown.empty()) co_return page;
  auto items = co_await parts_.store.summaries(user, std::move(shown), true);
  if (!items) co_return base::fail(std::move(items).error());
  page.items = std::move(*items);
  std::sort(page.items.begin(), page.items.end(), [&order](const auto& a, const auto& b) {
    return order.at(a.conversation.conversation_id) < order.at(b.conversation.conversation_id);
  });
  std::vector<Ulid> others;
  for (const auto& item : page.items) {
    if (item.other_user_id) others.push_back(*item.other_user_id);
  }
  auto names = co_await names_of(std::move(others));
  if (!names) co_return base::fail(std::move(names).error());
  page.others = std::move(*names);
  co_return page;
}

Task<Result<Details>> Conversations::details(Ulid id, Ulid viewer) {
  auto summary = co_await parts_.store.conversation(id, viewer);
  if (!summary) co_return base::fail(std::move(summary).error());
  auto first = co_await members(id, viewer, std::nullopt, kMembersInDetails);
  if (!first) co_return base::fail(std::move(first).error());
  co_return Details{std::move(*summary), std::move(*first)};
}

Task<Result<Details>> Conversations::rename(Ulid id, Ulid actor, std::string name) {
  auto good = check_line(name, "name", kMostGroupName);
  if (!good) co_return base::fail(std::move(good).error());
  auto head = co_await parts_.store.rename(id, actor, name);
  if (!head) co_return base::fail(std::move(head).error());
  auto found = co_await details(id, actor);
  if (!found) co_return base::fail(std::move(found).error());
  const base::Json extra{{"user_id", actor.text()}, {"name", name}};
  ports::MessagePath::Announcement announcement{id, *head, "renamed",
                                                {}, {},    protocol::conversation_frame(id, "renamed", extra)};
  if (head->member_count <= domain::kMembersPublishedSingly) {
    for (const auto& member : found->members.items) announcement.audience.push_back(member.user_id);
  }
  co_await announce(std::move(announcement));
  co_return std::move(*found);
}

Task<Status> Conversations::remove(Ulid id, Ulid actor) {
  auto change = co_await parts_.store.remove_conversation(id, actor);
  if (!change) co_return base::fail(std::move(change).error());
  const base::Json extra{{"user_id", actor.text()}};
  ports::MessagePath::Announcement announcement{
      id, change->head, "deleted", change->changed, {}, protocol::conversation_frame(id, "deleted", extra)};
  if (announcement.subjects.empty()) announcement.subjects = change->members;
  co_await announce(std::move(announcement));
  co_await unlink(change->changed, change->head);
  co_return Status{};
}

Task<Result<MemberPage>> Conversations::members(Ulid id, Ulid viewer, std::optional<Ulid> after, int limit) {
  // One more than asked tells whether there is a next page.
  auto items = co_await parts_.store.members(id, viewer, after, limit + 1);
  if (!items) co_return base::fail(std::move(items).error());
  MemberPage page;
  page.items = std::move(*items);
  if (page.items.size() > static_cast<std::size_t>(limit)) {
    page.items.resize(static_cast<std::size_t>(limit));
    page.next = page.items.back().user_id;
  }
  std::vector<Ulid> ids;
  for (const auto& member : page.items) ids.push_back(member.user_id);
  auto names = co_await names_of(std::move(ids));
  if (!names) co_return base::fail(std::move(names).error());
  page.users = std::move(*names);
  co_return page;
}

Task<Result<std::vector<Ulid>>> Conversations::add_members(Ulid id, Ulid actor, std::vector<Ulid> users,
                                                           domain::Limits limits) {
  sort_unique(users);
  auto good = check_count(users.size());
  // Who may not see the conversation learns from it neither that it exists nor who else does.
  if (good) {
    auto summary = co_await parts_.store.conversation(id, actor);
    if (!summary) good = base::fail(std::move(summary).error());
  }
  if (good) good = co_await all_exist(users);
  if (!good) co_return base::fail(std::move(good).error());
  auto change = co_await parts_.store.add_members(id, actor, std::move(users), limits.group_members,
                                                  parts_.clock.now_milliseconds());
  if (!change) co_return base::fail(std::move(change).error());
  if (change->changed.empty()) co_return std::vector<Ulid>{};
  co_await link_others(change->changed, change->head);
  co_await announce_members(*change, "member_added", actor);
  co_return std::move(change->changed);
}

Task<Status> Conversations::remove_member(Ulid id, Ulid actor, Ulid user) {
  auto change = co_await parts_.store.remove_member(id, actor, user);
  if (!change) co_return base::fail(std::move(change).error());
  co_await unlink(change->changed, change->head);
  co_await announce_members(*change, "member_removed", actor);
  co_return Status{};
}

Task<Status> Conversations::set_role(Ulid id, Ulid actor, Ulid user, domain::Role role) {
  auto head = co_await parts_.store.set_role(id, actor, user, role);
  if (!head) co_return base::fail(std::move(head).error());
  ports::MessagePath::Announcement announcement{id, *head, "role_changed", {user}, {}, {}};
  if (head->member_count <= domain::kMembersPublishedSingly) {
    auto all = co_await parts_.store.members(id, actor, std::nullopt, domain::kMembersPublishedSingly);
    if (all) {
      for (const auto& member : *all) announcement.audience.push_back(member.user_id);
    }
  }
  base::Json extra{{"user_id", user.text()}, {"role", std::string(domain::name(role))}, {"by_user_id", actor.text()}};
  announcement.frame = protocol::conversation_frame(id, "role_changed", extra);
  bool told = co_await announce(announcement);
  if (told && role == domain::Role::owner && user != actor) {
    // There is one owner: who gives it away is an admin from then on.
    extra["user_id"] = actor.text();
    extra["role"] = std::string(domain::name(domain::Role::admin));
    announcement.subjects = {actor};
    announcement.frame = protocol::conversation_frame(id, "role_changed", extra);
    told = co_await announce(std::move(announcement));
  }
  co_return Status{};
}

Task<Result<Names>> Conversations::names_of(std::vector<Ulid> ids) {
  Names names;
  if (ids.empty()) co_return names;
  auto users = co_await parts_.directory.users(std::move(ids));
  if (!users) co_return base::fail(std::move(users).error());
  for (auto& user : *users) {
    const Ulid id = user.user_id;
    names.emplace(id, std::move(user));
  }
  co_return names;
}

Task<Status> Conversations::all_exist(std::vector<Ulid> users) {
  auto names = co_await names_of(users);
  if (!names) co_return base::fail(std::move(names).error());
  std::string missing;
  std::size_t count = 0;
  for (const auto& id : users) {
    if (names->contains(id)) continue;
    if (++count <= kMostNamedInError) missing += (missing.empty() ? "" : ", ") + id.text();
  }
  if (count == 0) co_return Status{};
  if (count > kMostNamedInError) missing += " and " + std::to_string(count - kMostNamedInError) + " more";
  co_return refuse(domain::Errc::not_found, "there is no such user: " + missing);
}

// The actor's own index must be written before the answer. Others' may be on a shard that is away: the worker's repair
// writes those, and their chats must not keep this one from being made.
Task<Status> Conversations::link(Ulid actor, std::vector<Ulid> users, const domain::Head& head) {
  const std::int64_t now = parts_.clock.now_milliseconds();
  std::vector<Ulid> own{actor};
  auto linked = co_await parts_.directory.link(std::move(own), head.conversation_id, head.members_rev, now);
  if (!linked) co_return base::fail(std::move(linked).error());
  std::erase(users, actor);
  co_await link_others(std::move(users), head);
  co_return Status{};
}

Task<> Conversations::link_others(std::vector<Ulid> users, const domain::Head& head) {
  if (users.empty()) co_return;
  auto linked = co_await parts_.directory.link(std::move(users), head.conversation_id, head.members_rev,
                                               parts_.clock.now_milliseconds());
  if (!linked)
    parts_.log.warn("link_failed",
                    {{"conversation_id", head.conversation_id.text()}, {"problem", linked.error().message}});
}

Task<> Conversations::unlink(std::vector<Ulid> users, const domain::Head& head) {
  if (users.empty()) co_return;
  auto unlinked = co_await parts_.directory.unlink(std::move(users), head.conversation_id, head.members_rev);
  // The listing asks the conversation side, which no longer knows them: a stale index entry shows nothing.
  if (!unlinked)
    parts_.log.warn("unlink_failed",
                    {{"conversation_id", head.conversation_id.text()}, {"problem", unlinked.error().message}});
}

Task<> Conversations::announce_created(const Details& details, Ulid creator, std::vector<Ulid> members) {
  const auto& conversation = details.summary.conversation;
  base::Json extra{{"user_id", creator.text()},
                   {"type", std::string(domain::name(conversation.type))},
                   {"member_count", conversation.head.member_count}};
  if (conversation.type == domain::ConversationType::group) extra["name"] = conversation.name;
  ports::MessagePath::Announcement announcement;
  announcement.conversation_id = conversation.conversation_id;
  announcement.head = conversation.head;
  announcement.change = "created";
  announcement.frame = protocol::conversation_frame(conversation.conversation_id, "created", extra);
  // Nobody listens to the group's channel yet: everyone hears it on their own.
  announcement.subjects = std::move(members);
  if (conversation.head.member_count <= domain::kMembersPublishedSingly) announcement.audience = announcement.subjects;
  co_await announce(std::move(announcement));
}

Task<> Conversations::announce_members(const ports::MemberChange& change, std::string_view what, Ulid actor) {
  const Ulid id = change.head.conversation_id;
  ports::MessagePath::Announcement announcement{id, change.head, std::string(what), {}, change.members, {}};
  base::Json extra{{"by_user_id", actor.text()}, {"member_count", change.head.member_count}};
  if (change.changed.size() <= static_cast<std::size_t>(domain::kMembersPublishedSingly)) {
    for (const auto& user : change.changed) {
      extra["user_id"] = user.text();
      auto one = announcement;
      one.subjects = {user};
      one.frame = protocol::conversation_frame(id, what, extra);
      const bool told = co_await announce(std::move(one));
      if (!told) co_return;  // the others would wait in vain as long
    }
    co_return;
  }
  extra["user_ids"] = base::Json::array();
  for (const auto& user : change.changed) extra["user_ids"].push_back(user.text());
  announcement.subjects = change.changed;
  announcement.frame = protocol::conversation_frame(id, what, extra);
  co_await announce(std::move(announcement));
}

Task<bool> Conversations::announce(ports::MessagePath::Announcement announcement) {
  const Ulid id = announcement.conversation_id;
  auto told = co_await parts_.messages.announce(std::move(announcement));
  if (!told) parts_.log.warn("announce_failed", {{"conversation_id", id.text()}, {"problem", told.error().message}});
  co_return told.has_value();
}

}  // namespace chat::services
