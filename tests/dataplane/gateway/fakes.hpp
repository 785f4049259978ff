#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "dataplane/base/clock.hpp"
#include "dataplane/domain/errors.hpp"
#include "dataplane/gateway/hub.hpp"
#include "dataplane/gateway/signal.hpp"
#include "dataplane/ports/bus.hpp"
#include "dataplane/ports/message_path.hpp"
#include "dataplane/ports/presence.hpp"
#include "dataplane/ports/tokens.hpp"
#include "dataplane/protocol/convert.hpp"
#include "dataplane/protocol/frames.hpp"

namespace chat::testing {

using base::Ulid;

inline Ulid id_of(std::uint8_t n) {
  Ulid id;
  id.bytes[0] = 1;
  id.bytes[15] = n;
  return id;
}

// The bus: what is subscribed hears what is published, one turn of the loop later. It can lose and reorder.
class FakeBus final : public ports::Subscriptions {
 public:
  using Hear = std::function<void(std::string_view channel, std::string_view event)>;
  explicit FakeBus(boost::asio::io_context& io) : io_(io) {}
  void subscribe(const std::string& channel) override { channels.insert(channel); }
  void unsubscribe(const std::string& channel) override { channels.erase(channel); }
  base::Task<base::Status> settled() override {
    if (!up) co_return base::fail(domain::Errc::unavailable, "the bus is away");
    co_return base::Status{};
  }
  void publish(const std::vector<std::string>& to, const std::string& event) {
    if (lose > 0) {
      --lose;
      return;
    }
    if (hold) {
      held.emplace_back(to, event);
      return;
    }
    for (const auto& channel : to) {
      if (!up || !channels.contains(channel)) continue;
      boost::asio::post(io_, [this, channel, event] { hear(channel, event); });
    }
  }
  // What was held, in the given order.
  void release(const std::vector<std::size_t>& order) {
    hold = false;
    auto events = std::exchange(held, {});
    for (auto index : order) publish(events.at(index).first, events.at(index).second);
  }

  Hear hear;
  std::multiset<std::string> channels;
  int lose = 0;  // that many publishes from now on
  bool hold = false;
  bool up = true;
  std::vector<std::pair<std::vector<std::string>, std::string>> held;

 private:
  boost::asio::io_context& io_;
};

// chat-messages and its store in one, in memory. It checks what the real one checks: membership, duplicates, order.
class FakeMessages final : public ports::MessagePath {
 public:
  struct Conversation {
    Ulid id;
    std::set<Ulid> members;
    std::int64_t members_rev = 1;
    std::vector<domain::Message> changes;  // index + 1 is the rev
    std::int64_t seq = 0;
  };

  FakeMessages(FakeBus& bus, const base::Clock& clock) : bus_(bus), clock_(clock) {}

  // ------------------------------------------------ what a test does
  Conversation& create(Ulid id, std::set<Ulid> members, bool announced = true) {
    auto& conversation = conversations[id];
    conversation.id = id;
    conversation.members = std::move(members);
    if (announced) announce_change(conversation, "created", {});
    return conversation;
  }
  void add(Ulid id, Ulid user) {
    auto& conversation = conversations.at(id);
    conversation.members.insert(user);
    ++conversation.members_rev;
    announce_change(conversation, "member_added", {user});
  }
  void remove(Ulid id, Ulid user, bool announced = true) {
    auto& conversation = conversations.at(id);
    conversation.members.erase(user);
    ++conversation.members_rev;
    if (announced) announce_change(conversation, "member_removed", {user});
  }
  std::int64_t say(Ulid id, Ulid sender, const std::string& content) {
    auto& conversation = conversations.at(id);
    domain::Message message;
    message.conversation_id = id;
    message.message_id = base::new_ulid(clock_.now_milliseconds());
    message.seq = ++conversation.seq;
    message.rev = static_cast<std::int64_t>(conversation.changes.size()) + 1;
    message.sender_id = sender;
    message.client_msg_id = "c" + std::to_string(message.rev);
    message.content = content;
    message.created_at = clock_.now_milliseconds();
    conversation.changes.push_back(message);
    publish(conversation, pb::BusEvent::MESSAGE, protocol::message_frame(message), {}, "");
    return message.rev;
  }
  void edit(Ulid id, std::int64_t seq, const std::string& content) {
    auto& conversation = conversations.at(id);
    domain::Message edited = *std::find_if(conversation.changes.begin(), conversation.changes.end(),
                                           [&](const auto& message) { return message.seq == seq; });
    edited.content = content;
    edited.edited_at = clock_.now_milliseconds();
    edited.rev = static_cast<std::int64_t>(conversation.changes.size()) + 1;
    conversation.changes.push_back(edited);
    publish(conversation, pb::BusEvent::MESSAGE, protocol::message_updated_frame(edited), {}, "");
  }
  void sign_out(Ulid user, Ulid session) {
    pb::BusEvent event;
    event.set_kind(pb::BusEvent::SIGNED_OUT);
    event.set_session_id(protocol::id_bytes(session));
    event.add_subjects(protocol::id_bytes(user));
    bus_.publish({ports::user_channel(user.text())}, event.SerializeAsString());
  }
  [[nodiscard]] domain::Head head(const Conversation& conversation) const {
    return {conversation.id, conversation.seq, static_cast<std::int64_t>(conversation.changes.size()),
            conversation.members_rev, static_cast<std::int32_t>(conversation.members.size())};
  }
  [[nodiscard]] std::vector<std::string> channels(const Conversation& conversation,
                                                  const std::vector<Ulid>& subjects) const {
    std::vector<std::string> to;
    const bool large = conversation.members.size() > domain::kMembersPublishedSingly;
    if (large) to.push_back(ports::conversation_channel(conversation.id.text()));
    for (const auto& user : conversation.members) {
      if (!large) to.push_back(ports::user_channel(user.text()));
    }
    for (const auto& user : subjects) {
      if (large || !conversation.members.contains(user)) to.push_back(ports::user_channel(user.text()));
    }
    return to;
  }
  std::string event(const Conversation& conversation, pb::BusEvent::Kind kind, std::string frame,
                    const std::vector<Ulid>& subjects, const std::string& change) const {
    pb::BusEvent event;
    event.set_kind(kind);
    protocol::to_pb(head(conversation), *event.mutable_head());
    event.set_frame(std::move(frame));
    event.set_change(change);
    for (const auto& user : subjects) event.add_subjects(protocol::id_bytes(user));
    return event.SerializeAsString();
  }

  // ------------------------------------------------ the port
  base::Task<base::Result<domain::Ack>> send(domain::Draft draft, Caller, std::chrono::milliseconds) override {
    if (away) co_return gone();
    auto it = conversations.find(draft.conversation_id);
    if (it == conversations.end() || !it->second.members.contains(draft.sender_id)) co_return not_mine();
    if (refuse_sends) co_return base::fail(domain::Errc::rate_limited, "slower", std::chrono::seconds(1));
    const auto rev = say(draft.conversation_id, draft.sender_id, draft.content);
    const auto& message = it->second.changes.back();
    co_return domain::Ack{
        draft.client_msg_id, draft.conversation_id, message.message_id, message.seq, rev, message.created_at, false};
  }
  base::Task<base::Result<ports::Changes>> changes(Ulid id, Ulid viewer, std::int64_t after, int limit) override {
    ++changes_calls;
    if (on_changes) on_changes();
    if (away) co_return gone();
    auto it = conversations.find(id);
    if (it == conversations.end() || !it->second.members.contains(viewer)) co_return not_mine();
    ports::Changes page;
    page.head = head(it->second);
    for (const auto& change : it->second.changes) {
      if (change.rev > after && static_cast<int>(page.items.size()) < limit)
        page.items.push_back(present(it->second, change));
    }
    co_return page;
  }
  base::Task<base::Result<std::vector<domain::Head>>> sign_on(Ulid user) override {
    if (away) co_return gone();
    std::vector<domain::Head> heads;
    for (const auto& [id, conversation] : conversations) {
      if (conversation.members.contains(user) && !index_empty) heads.push_back(head(conversation));
    }
    co_return heads;
  }
  base::Task<base::Result<std::vector<SyncFrom>>> sync_points(Ulid user, std::string,
                                                              std::map<Ulid, std::int64_t> named,
                                                              bool others) override {
    if (away) co_return gone();
    std::vector<SyncFrom> points;
    for (const auto& [id, conversation] : conversations) {
      if (!conversation.members.contains(user)) continue;
      auto name = named.find(id);
      if (name == named.end() && !others) continue;
      points.push_back({id, name == named.end() ? 0 : name->second, head(conversation)});
    }
    co_return points;
  }
  base::Task<base::Result<std::vector<domain::Head>>> heads(std::vector<Ulid> ids) override {
    ++heads_calls;
    if (away) co_return gone();
    std::vector<domain::Head> heads;
    for (const auto& id : ids) {
      if (auto it = conversations.find(id); it != conversations.end()) heads.push_back(head(it->second));
    }
    co_return heads;
  }
  base::Task<base::Result<ports::MembershipAnswer>> membership(Ulid id, std::vector<Ulid> users) override {
    ++membership_calls;
    if (away || membership_calls <= first_memberships_fail) co_return gone();
    auto it = conversations.find(id);
    if (it == conversations.end()) co_return not_mine();
    ports::MembershipAnswer answer;
    answer.head = head(it->second);
    for (const auto& user : users) {
      if (it->second.members.contains(user)) answer.members.push_back(user);
    }
    while (hold_memberships)  // read, but still on its way
      co_await memberships_released.wait(co_await boost::asio::this_coro::executor, base::SteadyTime::max());
    co_return answer;
  }
  base::Task<base::Status> receipt(domain::Receipt receipt) override {
    if (away) co_return gone();
    auto it = conversations.find(receipt.conversation_id);
    if (it == conversations.end() || !it->second.members.contains(receipt.user_id)) co_return not_mine();
    publish(it->second, pb::BusEvent::RECEIPT, protocol::receipt_frame(receipt), {}, "");
    co_return base::Status{};
  }
  base::Task<base::Status> announce(Announcement) override { co_return base::Status{}; }

  std::map<Ulid, Conversation> conversations;
  bool away = false;
  bool refuse_sends = false;
  int changes_calls = 0;
  int heads_calls = 0;
  int membership_calls = 0;
  int first_memberships_fail = 0;
  bool index_empty = false;  // sign-on finds nobody's conversations
  bool hold_memberships = false;
  gateway::Signal memberships_released;
  std::function<void()> on_changes;

 private:
  static tl::unexpected<base::Error> gone() {
    return base::fail(domain::Errc::unavailable, "chat-messages is away", std::chrono::seconds(1));
  }
  static tl::unexpected<base::Error> not_mine() {
    return base::fail(domain::Errc::not_found, "no such conversation of yours");
  }
  // As the contract says: an earlier rev of a message that was changed since carries the present content.
  static domain::Message present(const Conversation& conversation, const domain::Message& change) {
    domain::Message last = change;
    for (const auto& other : conversation.changes) {
      if (other.seq == change.seq) last = other;
    }
    last.rev = change.rev;
    return last;
  }
  void publish(const Conversation& conversation, pb::BusEvent::Kind kind, std::string frame,
               const std::vector<Ulid>& subjects, const std::string& change) {
    bus_.publish(channels(conversation, subjects), event(conversation, kind, std::move(frame), subjects, change));
  }
  void announce_change(const Conversation& conversation, const std::string& change, const std::vector<Ulid>& subjects) {
    publish(conversation, pb::BusEvent::CONVERSATION, protocol::conversation_frame(conversation.id, change, {}),
            subjects, change);
  }

  FakeBus& bus_;
  const base::Clock& clock_;
};

class FakePresence final : public ports::Presence {
 public:
  base::Task<base::Result<std::int64_t>> connected(Ulid user, std::string connection, std::string) override {
    if (away) co_return base::fail(domain::Errc::unavailable, "Redis is away");
    connections[user].insert(connection);
    co_return static_cast<std::int64_t>(connections[user].size());
  }
  void disconnected(Ulid user, std::string connection) override { connections[user].erase(connection); }
  void refresh(Ulid, std::string, std::string) override { ++refreshes; }

  std::map<Ulid, std::set<std::string>> connections;
  int refreshes = 0;
  bool away = false;
};

class FakeLimiter final : public ports::RateLimiter {
 public:
  base::Task<Decision> take(std::string key, double per_minute, std::int64_t burst) override {
    if (per_minute > 0 && taken[key] >= burst) co_return Decision{false, std::chrono::seconds(7)};
    ++taken[key];
    co_return Decision{};
  }
  base::Task<> give_back(std::string key, double, std::int64_t) override {
    --taken[key];
    co_return;
  }
  std::map<std::string, std::int64_t> taken;
};

// Tokens are names of identities.
class FakeTokens final : public ports::TokenVerifier {
 public:
  base::Result<ports::Identity> verify(std::string_view token, std::int64_t) const override {
    auto it = identities.find(token);
    if (it == identities.end()) return base::fail(domain::Errc::unauthorized, "the token is not valid");
    return it->second;
  }
  std::map<std::string, ports::Identity, std::less<>> identities;
};

}  // namespace chat::testing
