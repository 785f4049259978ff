#include "dataplane/gateway/hub.hpp"

#include <algorithm>
#include <unordered_set>

namespace chat::gateway {
namespace {

// Groups above kMembersPublishedSingly are published to their own channel. We listen to it a good while earlier, so
// that nothing is missed when a group grows past that size.
constexpr std::int32_t kChannelFromMembers = domain::kMembersPublishedSingly / 2;

}  // namespace

Hub::Hub(Ports ports, HubOptions options)
    : ports_(ports), options_(options), watch_timer_(ports.executor), tasks_(ports.executor) {}

Hub::~Hub() = default;

void Hub::start() { tasks_.spawn("hub_watch", watch()); }

base::Task<> Hub::stop() {
  stopping_ = true;
  watch_timer_.cancel();
  co_await tasks_.idle(std::chrono::steady_clock::now() + std::chrono::seconds(15));
}

// ---------------------------------------------------------------- who is here

base::Task<> Hub::attach(Ulid id, Client& client) {
  auto& slot = users_[id];
  if (!slot) {
    slot = std::make_unique<User>();
    slot->id = id;
    ports_.subscriptions.subscribe(ports::user_channel(id.text()));
    ports_.metrics.users.Set(static_cast<double>(users_.size()));
  }
  slot->arriving.push_back(&client);

  // First the subscription, then the heads: what is committed after the heads were read is then published to us.
  co_await settled();
  const auto asked_at = ports_.clock.now_milliseconds();
  auto heads = co_await ask_sign_on(id, options_.sign_on);
  User* user = find_user(id);
  if (user == nullptr || std::erase(user->arriving, &client) == 0) co_return;  // detached meanwhile
  if (heads) {
    const bool subscribed = take_over(*user, *heads);
    user->signed_on = true;
    user->known_at = asked_at - kClockSkewMilliseconds;
    if (subscribed) {
      user->arriving.push_back(&client);
      co_await settled();
      user = find_user(id);
      if (user == nullptr || std::erase(user->arriving, &client) == 0) co_return;
    }
  } else if (!user->signed_on) {
    if (user->clients.empty()) user->known_at = asked_at - kClockSkewMilliseconds;
    unsigned_.push_back(id);
    watch_timer_.cancel();
  }
  user->clients.push_back(&client);
  client.attached();
}

void Hub::detach(const Ulid& id, Client& client) {
  User* user = find_user(id);
  if (user == nullptr) return;
  std::erase(user->clients, &client);
  std::erase(user->arriving, &client);
  if (!user->clients.empty() || !user->arriving.empty()) return;
  auto conversations = std::move(user->conversations);
  user->conversations.clear();
  for (auto* conversation : conversations) {
    std::erase(conversation->members, user);
    // Somebody else may just be asked about: work() then drops it where that leads to nothing.
    if (conversation->members.empty() && !conversation->working) drop(*conversation);
  }
  ports_.subscriptions.unsubscribe(ports::user_channel(id.text()));
  users_.erase(id);
  ports_.metrics.users.Set(static_cast<double>(users_.size()));
}

// True where a channel was subscribed to: whoever needs it in force waits for that.
bool Hub::take_over(User& user, const std::vector<domain::Head>& heads) {
  // Nobody was told `ready` yet: what is there now is past, and they start at the heads.
  const bool first = user.clients.empty();
  bool subscribed = false;
  std::unordered_set<Ulid> named;
  for (const auto& head : heads) {
    named.insert(head.conversation_id);
    auto* known = find(head.conversation_id);
    const bool member = known != nullptr && is_member(*known, user);
    if (first && !member) {
      auto& conversation = known != nullptr ? *known : add(head.conversation_id);
      if (!conversation.stream.started()) conversation.stream.start(head.rev, head.seq);
      if (known == nullptr) conversation.members_rev = head.members_rev;
      // Read at another moment than the others' membership: it has to be read again for all.
      if (conversation.members_rev > head.members_rev) conversation.reread = true;
      add_member(conversation, user);
      subscribed = follow_channel(conversation, head.member_count) || subscribed;
      compare(conversation, head);
      if (!membership_known(conversation)) work_on(conversation);
    } else if (member) {
      compare(*known, head);
    } else {
      auto& conversation = known != nullptr ? *known : add(head.conversation_id);
      candidate(conversation, user, Candidate{});
      work_on(conversation);
    }
  }
  for (auto* conversation : user.conversations) {
    if (named.contains(conversation->id)) continue;
    conversation->reread = true;
    work_on(*conversation);
  }
  return subscribed;
}

void Hub::noticed(const Ulid& id, const std::vector<domain::Head>& heads) {
  User* user = find_user(id);
  if (user == nullptr || user->clients.empty()) return;
  for (const auto& head : heads) {
    auto* known = find(head.conversation_id);
    if (known != nullptr && is_member(*known, *user)) {
      compare(*known, head);
      continue;
    }
    auto& conversation = known != nullptr ? *known : add(head.conversation_id);
    candidate(conversation, *user, Candidate{});
    work_on(conversation);
  }
}

std::optional<std::int64_t> Hub::delivered(const Ulid& user, const Ulid& id) const {
  auto known = users_.find(user);
  auto it = conversations_.find(id);
  if (known == users_.end() || it == conversations_.end() || !it->second->stream.started()) return std::nullopt;
  if (!is_member(*it->second, *known->second)) return std::nullopt;
  return it->second->stream.delivered();
}

std::size_t Hub::connections_of(const Ulid& id) const {
  auto it = users_.find(id);
  return it == users_.end() ? 0 : it->second->clients.size() + it->second->arriving.size();
}

// ---------------------------------------------------------------- states

Hub::User* Hub::find_user(const Ulid& id) {
  auto it = users_.find(id);
  return it == users_.end() ? nullptr : it->second.get();
}

Hub::Conversation* Hub::find(const Ulid& id) {
  auto it = conversations_.find(id);
  return it == conversations_.end() ? nullptr : it->second.get();
}

Hub::Conversation* Hub::find(const Ulid& id, std::uint64_t generation) {
  auto* conversation = find(id);
  return conversation != nullptr && conversation->generation == generation ? conversation : nullptr;
}

Hub::Conversation& Hub::add(const Ulid& id) {
  auto& slot = conversations_[id];
  slot = std::make_unique<Conversation>();
  slot->id = id;
  slot->generation = ++generations_;
  ports_.metrics.conversations.Set(static_cast<double>(conversations_.size()));
  return *slot;
}

void Hub::drop(Conversation& conversation) {
  for (auto* user : conversation.members) std::erase(user->conversations, &conversation);
  if (conversation.channel) ports_.subscriptions.unsubscribe(ports::conversation_channel(conversation.id.text()));
  conversations_.erase(Ulid(conversation.id));
  ports_.metrics.conversations.Set(static_cast<double>(conversations_.size()));
}

bool Hub::is_member(const Conversation& conversation, const User& user) {
  // The shorter list: a group may have thousands of members here, a user thousands of conversations.
  if (conversation.members.size() <= user.conversations.size()) {
    return std::find(conversation.members.begin(), conversation.members.end(), &user) != conversation.members.end();
  }
  return std::find(user.conversations.begin(), user.conversations.end(), &conversation) != user.conversations.end();
}

void Hub::add_member(Conversation& conversation, User& user) {
  if (is_member(conversation, user)) return;
  conversation.members.push_back(&user);
  user.conversations.push_back(&conversation);
}

void Hub::remove_member(Conversation& conversation, User& user) {
  std::erase(conversation.members, &user);
  std::erase(user.conversations, &conversation);
  if (!conversation.stream.started()) return;
  domain::Head& given = user.left[conversation.id];
  given.rev = conversation.stream.delivered();
  given.seq = conversation.stream.seq();
}

bool Hub::follow_channel(Conversation& conversation, std::int32_t member_count) {
  if (conversation.channel || member_count <= kChannelFromMembers) return false;
  conversation.channel = true;
  ports_.subscriptions.subscribe(ports::conversation_channel(conversation.id.text()));
  return true;
}

void Hub::candidate(Conversation& conversation, const User& user, Candidate candidate) {
  // A clock that was set back since then has not reached that moment yet: whatever comes now is newer.
  candidate.known_at = std::min(user.known_at, ports_.clock.now_milliseconds() - kClockSkewMilliseconds);
  if (!conversation.pending) conversation.pending = std::make_unique<Pending>();
  auto [it, added] = conversation.pending->candidates.try_emplace(user.id, candidate);
  if (added) return;
  auto& known = it->second;
  if (candidate.since && (!known.since || candidate.since->rev < known.since->rev)) known.since = candidate.since;
  known.at_most = std::min(known.at_most, candidate.at_most);
  known.known_at = std::min(known.known_at, candidate.known_at);
}

bool Hub::membership_known(const Conversation& conversation) {
  return conversation.stream.started() && !conversation.reread &&
         conversation.wanted_members_rev <= conversation.members_rev &&
         (!conversation.pending || conversation.pending->candidates.empty());
}

// True where the store is further than what was delivered.
bool Hub::compare(Conversation& conversation, const domain::Head& head) {
  conversation.wanted_members_rev = std::max(conversation.wanted_members_rev, head.members_rev);
  conversation.stream.saw(head.rev);
  const bool behind = conversation.stream.started() && conversation.stream.behind();
  if (behind || !membership_known(conversation)) work_on(conversation);
  return behind;
}

}  // namespace chat::gateway
