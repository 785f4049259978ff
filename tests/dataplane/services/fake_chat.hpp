#pragma once
#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "dataplane/domain/errors.hpp"
#include "dataplane/domain/token_bucket.hpp"
#include "dataplane/ports/directory.hpp"
#include "dataplane/ports/gateways.hpp"
#include "dataplane/ports/message_path.hpp"
#include "dataplane/ports/passwords.hpp"
#include "dataplane/ports/presence.hpp"
#include "dataplane/ports/store.hpp"

// The ports of chat-api in memory, with the rules that their headers state. One thread.
namespace chat::testing {

using base::fail;
using base::Result;
using base::Status;
using base::Task;
using base::Ulid;
using domain::Errc;

inline std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

class FakeDirectory final : public ports::Directory {
 public:
  Task<Status> register_user(ports::User user, std::string hash) override {
    if (down) co_return away();
    if (!names.emplace(lower(user.username), user.user_id).second) co_return fail(Errc::conflict, "taken");
    hashes[user.user_id] = std::move(hash);
    people.emplace(user.user_id, std::move(user));
    co_return Status{};
  }
  Task<Result<ports::Credentials>> credentials(std::string username) override {
    if (down) co_return away();
    auto name = names.find(lower(username));
    if (name == names.end()) co_return fail(Errc::not_found, "no such user");
    co_return ports::Credentials{name->second, people.at(name->second).username, hashes.at(name->second)};
  }
  Task<Result<std::vector<ports::User>>> users(std::vector<Ulid> ids) override {
    if (down) co_return away();
    std::vector<ports::User> found;
    for (const auto& id : ids) {
      if (people.contains(id)) found.push_back(people.at(id));
    }
    co_return found;
  }
  Task<Result<std::optional<ports::User>>> user_by_name(std::string username) override {
    if (down) co_return away();
    auto name = names.find(lower(username));
    if (name == names.end()) co_return std::optional<ports::User>();
    co_return std::optional<ports::User>(people.at(name->second));
  }
  Task<Result<std::vector<ports::User>>> search_users(std::string prefix, int limit) override {
    std::vector<ports::User> found;
    for (const auto& [name, id] : names) {
      if (name.starts_with(lower(prefix)) && found.size() < static_cast<std::size_t>(limit))
        found.push_back(people.at(id));
    }
    co_return found;
  }
  Task<Result<ports::User>> rename_user(Ulid user, std::string display_name) override {
    if (!people.contains(user)) co_return fail(Errc::not_found, "no such user");
    people.at(user).display_name = std::move(display_name);
    co_return people.at(user);
  }
  Task<Status> create_session(ports::Session session) override {
    sessions[session.session_id] = std::move(session);
    co_return Status{};
  }
  Task<Result<ports::Session>> session(Ulid user, Ulid id) override {
    if (down) co_return away();
    auto found = sessions.find(id);
    if (found == sessions.end() || found->second.user_id != user) co_return fail(Errc::not_found, "no such session");
    co_return found->second;
  }
  Task<Result<bool>> rotate_session(ports::Session before, std::string new_hash, std::int64_t now,
                                    std::int64_t expires_at) override {
    auto known = sessions.find(before.session_id);
    if (known == sessions.end()) co_return false;
    auto& session = known->second;
    if (session.revoked || session.refresh_hash != before.refresh_hash) co_return false;
    session.previous_hash = session.refresh_hash;
    session.refresh_hash = std::move(new_hash);
    session.rotated_at = now;
    session.expires_at = expires_at;
    co_return true;
  }
  Task<Status> revoke_session(Ulid, Ulid id) override {
    sessions.at(id).revoked = true;
    co_return Status{};
  }
  Task<Result<std::vector<Ulid>>> conversations_of(Ulid user, int limit) override {
    if (down) co_return away();
    std::vector<Ulid> ids;
    for (const auto& id : index[user]) {
      if (ids.size() < static_cast<std::size_t>(limit)) ids.push_back(id);
    }
    co_return ids;
  }
  Task<Status> link(std::vector<Ulid> ids, Ulid conversation, std::int64_t members_rev, std::int64_t) override {
    co_return set_linked(ids, conversation, true, members_rev);
  }
  Task<Status> unlink(std::vector<Ulid> ids, Ulid conversation, std::int64_t members_rev) override {
    co_return set_linked(ids, conversation, false, members_rev);
  }

  static tl::unexpected<base::Error> away() {
    return fail(std::make_error_code(std::errc::connection_refused), "shard-0 at 10.1.2.3 is away");
  }

  bool down = false;
  std::set<Ulid> unreachable;  // whose index can not be written
  std::map<std::string, Ulid> names;
  std::map<Ulid, ports::User> people;
  std::map<Ulid, std::string> hashes;
  std::map<Ulid, ports::Session> sessions;
  std::map<Ulid, std::set<Ulid>> index;
  std::map<std::pair<Ulid, Ulid>, std::int64_t> link_revs;  // of user and conversation

 private:
  Status set_linked(const std::vector<Ulid>& ids, Ulid conversation, bool linked, std::int64_t members_rev) {
    for (const auto& id : ids) {
      if (unreachable.contains(id)) return away();
      auto& known = link_revs[{id, conversation}];
      if (members_rev < known) continue;
      known = members_rev;
      if (linked)
        index[id].insert(conversation);
      else
        index[id].erase(conversation);
    }
    return {};
  }
};

struct FakeConversation {
  domain::Conversation row;
  std::map<Ulid, domain::Member> members;
  std::vector<domain::Message> messages;
};

class FakeStore : public ports::Store {
 public:
  Task<Result<bool>> create_one_on_one(Ulid id, Ulid creator, Ulid other, std::int64_t now) override {
    if (conversations.contains(id)) co_return false;
    make(id, domain::ConversationType::one_on_one, "", creator, {other}, now);
    co_return true;
  }
  Task<Status> create_group(Ulid id, std::string name, Ulid owner, std::vector<Ulid> users, std::int64_t now) override {
    make(id, domain::ConversationType::group, std::move(name), owner, users, now);
    co_return Status{};
  }
  Task<Result<domain::Summary>> conversation(Ulid id, Ulid viewer) override {
    auto* found = mine(id, viewer);
    if (found == nullptr) co_return unknown();
    co_return summary(*found, viewer, false);
  }
  Task<Result<domain::Head>> rename(Ulid id, Ulid actor, std::string name) override {
    auto allowed = may(id, actor, domain::Role::admin);
    if (!allowed) co_return fail(allowed.error());
    (*allowed)->row.name = std::move(name);
    co_return (*allowed)->row.head;
  }
  Task<Result<ports::MemberChange>> remove_conversation(Ulid id, Ulid actor) override {
    auto allowed = may(id, actor, domain::Role::owner);
    if (!allowed) co_return fail(allowed.error());
    ports::MemberChange change{(*allowed)->row.head, ids_of(**allowed), {}};
    conversations.erase(id);
    co_return change;
  }
  Task<Result<std::vector<domain::Member>>> members(Ulid id, Ulid viewer, std::optional<Ulid> after,
                                                    int limit) override {
    auto* found = mine(id, viewer);
    if (found == nullptr) co_return unknown();
    std::vector<domain::Member> page;
    for (const auto& [user, member] : found->members) {
      if ((!after || user > *after) && page.size() < static_cast<std::size_t>(limit)) page.push_back(member);
    }
    co_return page;
  }
  Task<Result<ports::MemberChange>> add_members(Ulid id, Ulid actor, std::vector<Ulid> users, std::int64_t most,
                                                std::int64_t now) override {
    auto allowed = may(id, actor, domain::Role::admin);
    if (!allowed) co_return fail(allowed.error());
    auto& conversation = **allowed;
    ports::MemberChange change;
    for (const auto& user : users) {
      if (!conversation.members.contains(user)) change.changed.push_back(user);
    }
    if (most > 0 && conversation.members.size() + change.changed.size() > static_cast<std::size_t>(most))
      co_return fail(Errc::too_large, "too many members");
    for (const auto& user : change.changed) conversation.members[user] = {user, domain::Role::member, now, 0, 0};
    if (!change.changed.empty()) counted(conversation);
    change.head = conversation.row.head;
    change.members = ids_of(conversation);
    co_return change;
  }
  Task<Result<ports::MemberChange>> remove_member(Ulid id, Ulid actor, Ulid user) override {
    auto allowed = may(id, actor, actor == user ? domain::Role::member : domain::Role::admin);
    if (!allowed) co_return fail(allowed.error());
    auto& conversation = **allowed;
    auto gone = conversation.members.find(user);
    if (gone == conversation.members.end()) co_return fail(Errc::not_found, "not a member");
    if (actor != user && conversation.members.at(actor).role >= gone->second.role)
      co_return fail(Errc::forbidden, "not yours to remove");
    const bool owner = gone->second.role == domain::Role::owner;
    conversation.members.erase(gone);
    counted(conversation);
    if (owner) hand_on(conversation);
    ports::MemberChange change{conversation.row.head, {user}, ids_of(conversation)};
    if (conversation.members.empty()) conversations.erase(id);
    co_return change;
  }
  Task<Result<domain::Head>> set_role(Ulid id, Ulid actor, Ulid user, domain::Role role) override {
    auto allowed = may(id, actor, domain::Role::owner);
    if (!allowed) co_return fail(allowed.error());
    auto& all = (*allowed)->members;
    if (!all.contains(user)) co_return fail(Errc::not_found, "not a member");
    if (actor == user && role != domain::Role::owner) co_return fail(Errc::conflict, "a group needs an owner");
    if (role == domain::Role::owner) all.at(actor).role = domain::Role::admin;
    all.at(user).role = role;
    co_return (*allowed)->row.head;
  }
  Task<Result<std::vector<domain::Summary>>> summaries(Ulid user, std::vector<Ulid> ids, bool last) override {
    ++summary_calls;
    std::vector<domain::Summary> found;
    for (const auto& id : ids) {
      if (auto* conversation = mine(id, user)) found.push_back(summary(*conversation, user, last));
    }
    co_return found;
  }
  Task<Result<ports::Page>> history(Ulid id, Ulid viewer, ports::HistoryQuery query) override {
    auto* found = mine(id, viewer);
    if (found == nullptr) co_return unknown();
    ports::Page page;
    for (const auto& message : found->messages) {
      if (query.after ? message.seq > *query.after : !query.before || message.seq < *query.before)
        page.items.push_back(message);
    }
    const auto limit = static_cast<std::size_t>(query.limit);
    page.has_more = page.items.size() > limit;
    if (page.has_more && query.after)
      page.items.resize(limit);
    else if (page.has_more)
      page.items.erase(page.items.begin(), page.items.end() - query.limit);
    co_return page;
  }
  Task<Result<ports::Changes>> changes(Ulid, Ulid, std::int64_t, int) override { co_return unknown(); }
  Task<Result<std::vector<domain::Head>>> heads(std::vector<Ulid>) override { co_return std::vector<domain::Head>{}; }
  Task<Result<std::vector<domain::Head>>> heads_of(Ulid, std::vector<Ulid>) override {
    co_return std::vector<domain::Head>{};
  }
  Task<Result<ports::MembershipAnswer>> membership(Ulid, std::vector<Ulid>) override { co_return unknown(); }
  Task<Result<std::vector<ports::DeviceCursor>>> cursors(Ulid, std::string, std::vector<Ulid>) override {
    co_return std::vector<ports::DeviceCursor>{};
  }
  Task<std::vector<Result<ReceiptAnswer>>> record(std::vector<domain::Receipt>) override {
    co_return std::vector<Result<ReceiptAnswer>>{};
  }

  FakeConversation* mine(Ulid id, Ulid viewer) {
    auto found = conversations.find(id);
    return found == conversations.end() || !found->second.members.contains(viewer) ? nullptr : &found->second;
  }
  static tl::unexpected<base::Error> unknown() { return fail(Errc::not_found, "no such conversation among yours"); }

  std::map<Ulid, FakeConversation> conversations;
  int summary_calls = 0;

 private:
  void make(Ulid id, domain::ConversationType type, std::string name, Ulid creator, const std::vector<Ulid>& others,
            std::int64_t now) {
    auto& made = conversations[id];
    made.row = {id, type, std::move(name), creator, now, {id, 0, 0, 0, 0}};
    const bool group = type == domain::ConversationType::group;
    made.members[creator] = {creator, group ? domain::Role::owner : domain::Role::member, now, 0, 0};
    for (const auto& user : others) made.members[user] = {user, domain::Role::member, now, 0, 0};
    counted(made);
  }
  // To who has been admin longest, else member.
  static void hand_on(FakeConversation& conversation) {
    domain::Member* heir = nullptr;
    for (auto& [user, member] : conversation.members) {
      if (heir == nullptr || std::tie(member.role, member.joined_at) < std::tie(heir->role, heir->joined_at))
        heir = &member;
    }
    if (heir != nullptr) heir->role = domain::Role::owner;
  }
  static void counted(FakeConversation& conversation) {
    ++conversation.row.head.members_rev;
    conversation.row.head.member_count = static_cast<std::int32_t>(conversation.members.size());
  }
  static std::vector<Ulid> ids_of(const FakeConversation& conversation) {
    std::vector<Ulid> ids;
    for (const auto& [user, member] : conversation.members) ids.push_back(user);
    return ids;
  }
  Result<FakeConversation*> may(Ulid id, Ulid actor, domain::Role least) {
    auto* found = mine(id, actor);
    if (found == nullptr) return unknown();
    if (found->row.type == domain::ConversationType::one_on_one)
      return fail(Errc::bad_request, "a one-on-one conversation can not be changed");
    if (found->members.at(actor).role > least) return fail(Errc::forbidden, "your role does not allow this");
    return found;
  }
  static domain::Summary summary(const FakeConversation& conversation, Ulid viewer, bool last) {
    domain::Summary summary;
    summary.conversation = conversation.row;
    const auto& me = conversation.members.at(viewer);
    summary.my_role = me.role;
    summary.last_read_seq = me.read_seq;
    summary.last_activity_at = conversation.row.created_at;
    for (const auto& [user, member] : conversation.members) {
      if (conversation.row.type == domain::ConversationType::one_on_one && user != viewer) summary.other_user_id = user;
    }
    for (const auto& message : conversation.messages) {
      if (message.seq > me.read_seq && message.sender_id != viewer) ++summary.unread;
      summary.last_activity_at = message.created_at;
      if (last) summary.last_message = message;
    }
    return summary;
  }
};

// Sends go straight into the store; announcements are kept.
class FakeMessagePath final : public ports::MessagePath {
 public:
  FakeMessagePath(FakeStore& store, const base::Clock& clock) : store_(store), clock_(clock) {}

  Task<Result<domain::Ack>> send(domain::Draft draft, Caller caller, std::chrono::milliseconds) override {
    last_caller = caller;
    if (down) co_return fail(Errc::unavailable, "chat-messages is away", std::chrono::seconds(2));
    auto* conversation = store_.mine(draft.conversation_id, draft.sender_id);
    if (conversation == nullptr) co_return FakeStore::unknown();
    for (const auto& message : conversation->messages) {
      if (message.sender_id == draft.sender_id && message.client_msg_id == draft.client_msg_id)
        co_return ack(message, true);
    }
    auto& head = conversation->row.head;
    const auto now = clock_.now_milliseconds();
    ++head.seq;
    ++head.rev;
    domain::Message message;
    message.conversation_id = draft.conversation_id;
    message.message_id = base::new_ulid(now);
    message.seq = head.seq;
    message.rev = head.rev;
    message.sender_id = draft.sender_id;
    message.client_msg_id = draft.client_msg_id;
    message.content = draft.content;
    message.created_at = now;
    conversation->messages.push_back(message);
    co_return ack(message, false);
  }
  Task<Result<ports::Changes>> changes(Ulid, Ulid, std::int64_t, int) override { co_return FakeStore::unknown(); }
  Task<Result<std::vector<domain::Head>>> sign_on(Ulid) override { co_return std::vector<domain::Head>{}; }
  Task<Result<std::vector<SyncFrom>>> sync_points(Ulid, std::string, std::map<Ulid, std::int64_t>, bool) override {
    co_return std::vector<SyncFrom>{};
  }
  Task<Result<std::vector<domain::Head>>> heads(std::vector<Ulid>) override { co_return std::vector<domain::Head>{}; }
  Task<Result<ports::MembershipAnswer>> membership(Ulid, std::vector<Ulid>) override { co_return FakeStore::unknown(); }
  Task<Status> receipt(domain::Receipt) override { co_return Status{}; }
  Task<Status> announce(Announcement announcement) override {
    if (down) co_return fail(Errc::unavailable, "chat-messages is away");
    announced.push_back(std::move(announcement));
    co_return Status{};
  }

  bool down = false;
  Caller last_caller;
  std::vector<Announcement> announced;

 private:
  static domain::Ack ack(const domain::Message& message, bool duplicate) {
    return {message.client_msg_id, message.conversation_id, message.message_id, message.seq,
            message.rev,           message.created_at,      duplicate};
  }
  FakeStore& store_;
  const base::Clock& clock_;
};

class FakeRateLimiter final : public ports::RateLimiter {
 public:
  explicit FakeRateLimiter(const base::Clock& clock) : clock_(clock) {}
  Task<Decision> take(std::string key, double per_minute, std::int64_t burst) override {
    if (per_minute <= 0) co_return Decision{};
    const auto decision = buckets[key].take(per_minute, burst, clock_.steady());
    co_return Decision{decision.allowed, decision.retry_after};
  }
  Task<> give_back(std::string key, double, std::int64_t burst) override {
    buckets[key].give_back(burst);
    co_return;
  }
  std::map<std::string, domain::TokenBucket> buckets;

 private:
  const base::Clock& clock_;
};

// Fast, and counts the work: a real hash is bcrypt's test.
class FakePasswords final : public ports::Passwords {
 public:
  Task<Result<std::string>> hash(std::string password) override {
    if (busy) co_return fail(std::make_error_code(std::errc::resource_unavailable_try_again), "busy");
    co_return "hashed:" + password;
  }
  Task<Result<bool>> matches(std::string password, std::optional<std::string> hash) override {
    ++compared;
    if (busy) co_return fail(std::make_error_code(std::errc::resource_unavailable_try_again), "busy");
    co_return hash&&* hash == "hashed:" + password;
  }
  bool busy = false;
  int compared = 0;
};

class FakeGateways final : public ports::Gateways {
 public:
  Result<ports::GatewayChoice> choose(base::SteadyTime) override {
    if (none) return fail(Errc::unavailable, "no gateway", std::chrono::seconds(1));
    return ports::GatewayChoice{"gateway-0", "ws://127.0.0.1:7001/v1/ws"};
  }
  bool none = false;
};

}  // namespace chat::testing
