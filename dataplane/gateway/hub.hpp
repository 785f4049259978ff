#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dataplane/base/clock.hpp"
#include "dataplane/base/log.hpp"
#include "dataplane/base/task.hpp"
#include "dataplane/domain/conversation.hpp"
#include "dataplane/domain/conversation_stream.hpp"
#include "dataplane/gateway/client.hpp"
#include "dataplane/gateway/metrics.hpp"
#include "dataplane/ports/bus.hpp"
#include "dataplane/ports/message_path.hpp"
#include "dataplane/protocol/message_path.pb.h"

namespace chat::gateway {

// Clocks may differ by a second before anyone complains.
inline constexpr std::int64_t kClockSkewMilliseconds = 1000;

struct HubOptions {
  std::chrono::milliseconds reorder{50};          // how long a gap in rev may close by itself
  std::chrono::milliseconds compare{15'000};      // heads are compared with the store…
  std::chrono::milliseconds compare_lost{1'000};  // …and so often while the bus is away
  std::chrono::milliseconds settle{1'000};        // the most a sign-on waits for its subscriptions
  std::chrono::milliseconds sign_on{2'000};       // the most it waits for chat-messages before it goes on without
  std::size_t users_checked = 50;                 // each time heads are compared, so many users' conversations are too
};

// The fan-out inside one gateway: who is connected, which conversations concern them, how far each was delivered. It
// keeps no truth: events that come twice are dropped, those that come late are ordered, those that are lost are read
// from the store (I4), and a change of membership is read again before anything else is delivered (I6).
//
// Lifecycle: start() → events and clients → stop(), awaited before destruction. One thread, the event loop's.
// hub.cpp: who is here. hub_events.cpp: what comes in. hub_work.cpp: what has to be asked. hub_watch.cpp: what was
// lost.
class Hub {
 public:
  struct Ports {
    boost::asio::any_io_executor executor;
    const base::Log& log;
    const base::Clock& clock;
    ports::MessagePath& path;
    ports::Subscriptions& subscriptions;
    GatewayMetrics& metrics;
  };
  Hub(Ports ports, HubOptions options);
  ~Hub();
  void start();
  [[nodiscard]] base::Task<> stop();

  // Signs a connection on: afterwards client.attached() was called, and nothing that is sent later is lost to it. Where
  // chat-messages does not answer, that is made up for when it does. `client` stays valid until detach(); a detach in
  // between makes this end without attached().
  [[nodiscard]] base::Task<> attach(Ulid user, Client& client);
  void detach(const Ulid& user, Client& client);

  // What came on one of our subscriptions, and over a direct stream of chat-messages.
  void on_bus(std::string_view channel, std::string_view event);
  void on_push(const std::vector<std::string>& channels, std::string_view event);
  void bus_ready();
  void bus_lost();

  // Up to which rev a user has been given a conversation; nullopt where they are not known as a member of it here.
  [[nodiscard]] std::optional<std::int64_t> delivered(const Ulid& user, const Ulid& conversation) const;
  // A user's conversations as the store knows them just now: those that are missing here are taken up.
  void noticed(const Ulid& user, const std::vector<domain::Head>& heads);

  [[nodiscard]] std::size_t connections_of(const Ulid& user) const;
  [[nodiscard]] std::size_t users() const { return users_.size(); }
  [[nodiscard]] std::size_t conversations() const { return conversations_.size(); }

 private:
  struct Conversation;
  struct User {
    Ulid id;
    std::vector<Client*> clients;
    std::vector<Client*> arriving;  // inside attach()
    std::vector<Conversation*> conversations;
    // Those they were taken out of while connected, and how far they had been given them: should they turn out to be
    // members again, nothing up to there is theirs to catch up. Few, and gone with their last connection.
    std::unordered_map<Ulid, domain::Head> left;
    bool signed_on = false;     // conversations are complete as of known_at
    std::int64_t known_at = 0;  // wall clock, milliseconds
  };
  // Someone of ours who may be a member: asked about with the next reading of the membership.
  struct Candidate {
    std::optional<domain::Head> since;  // what they are owed comes after this; unset: to be found out
    std::int64_t at_most = INT64_MAX;   // they are owed everything after this at the latest
    std::int64_t known_at = 0;          // and whatever was created since then
  };
  // A frame that waits for the membership to be read again.
  struct Waiting {
    Frame frame;
    std::optional<Ulid> to;  // the user whose channel it came on; unset: every member here but the subjects
    std::vector<Ulid> subjects;
  };
  struct Pending {
    std::map<Ulid, Candidate> candidates;
    std::vector<Waiting> waiting;
  };
  struct Conversation {
    Ulid id;
    std::uint64_t generation = 0;  // tells a state from its predecessor that was dropped
    domain::ConversationStream stream;
    std::vector<User*> members;           // of ours
    std::int64_t members_rev = -1;        // of the membership that `members` was read from
    std::int64_t wanted_members_rev = 0;  // the newest that is known of
    std::unique_ptr<Pending> pending;     // none, almost always
    bool reread = false;                  // membership must be read whatever the revs say
    bool working = false;                 // work() runs for it
    bool channel = false;                 // subscribed to conv:{id}
  };
  User* find_user(const Ulid& id);
  Conversation* find(const Ulid& id);
  Conversation* find(const Ulid& id, std::uint64_t generation);
  Conversation& add(const Ulid& id);
  void drop(Conversation& conversation);
  static bool is_member(const Conversation& conversation, const User& user);
  void add_member(Conversation& conversation, User& user);
  void remove_member(Conversation& conversation, User& user);
  bool follow_channel(Conversation& conversation, std::int32_t member_count);
  void candidate(Conversation& conversation, const User& user, Candidate candidate);
  static bool membership_known(const Conversation& conversation);

  void handle(const ports::Channel& channel, const pb::BusEvent& event);
  void on_message(const Ulid& id, User* via, const pb::BusEvent& event, const domain::Head& head);
  void on_receipt(const Ulid& id, User* via, const pb::BusEvent& event, const domain::Head& head);
  void on_conversation(const Ulid& id, User* via, const pb::BusEvent& event, const domain::Head& head);
  void on_signed_out(User& user, const pb::BusEvent& event);

  void deliver(Conversation& conversation, const domain::Change& change);
  void pump(Conversation& conversation);
  void flush(Conversation& conversation);
  static void send_waiting(Conversation& conversation, const Waiting& waiting);
  void work_on(Conversation& conversation);

  base::Task<> work(Ulid id, std::uint64_t generation);
  base::Task<bool> read_membership(Ulid id, std::uint64_t generation);
  base::Task<bool> fill(Ulid id, std::uint64_t generation);
  base::Task<std::optional<domain::Head>> owed_since(Ulid id, Ulid user, Candidate candidate, domain::Head head);
  base::Task<> join(Ulid id, std::uint64_t generation, Ulid user, Candidate candidate, domain::Head head);
  base::Task<> pause(std::chrono::milliseconds time);

  base::Task<bool> settled();
  base::Task<std::optional<std::vector<domain::Head>>> ask_sign_on(Ulid user, std::chrono::milliseconds most);
  bool take_over(User& user, const std::vector<domain::Head>& heads);
  bool compare(Conversation& conversation, const domain::Head& head);

  base::Task<> watch();
  base::Task<> compare_heads();
  base::Task<> check_users();
  std::vector<Ulid> users_to_check();

  Ports ports_;
  HubOptions options_;
  std::unordered_map<Ulid, std::unique_ptr<User>> users_;
  std::unordered_map<Ulid, std::unique_ptr<Conversation>> conversations_;
  std::uint64_t generations_ = 0;
  pb::BusEvent event_;           // reused, so that its strings keep their memory
  std::vector<Ulid> unsigned_;   // users whose sign-on failed: checked first
  std::size_t due_ = 0;          // how many users are to be checked soon, because the bus was away
  std::size_t next_bucket_ = 0;  // of users_: where checking goes on
  bool bus_up_ = false;
  bool stopping_ = false;
  bool watch_now_ = false;
  boost::asio::steady_timer watch_timer_;
  base::TaskGroup tasks_;
};

}  // namespace chat::gateway
