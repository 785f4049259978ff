#pragma once
#include "dataplane/ports/directory.hpp"
#include "dataplane/ports/message_path.hpp"
#include "dataplane/services/commit_router.hpp"
#include "dataplane/services/receipts.hpp"
#include "dataplane/services/send_limits.hpp"

namespace chat::services {

// The use cases of chat-messages: what gateways and chat-api ask over ports::MessagePath is answered here. Everything
// on the executor's thread; references outlive it. Ends with stop().
class MessageService {
 public:
  struct Parts {
    boost::asio::any_io_executor executor;
    const base::Clock& clock;
    const base::Log& log;
    base::Metrics& metrics;
    domain::Router& router;
    CommitRouter& commits;
    ports::Store& store;
    ports::Directory& directory;
    FanOut& fan_out;
  };
  using SendDone = std::function<void(base::Result<domain::Ack>)>;

  explicit MessageService(const Parts& parts);

  // Answers once it is known what became of the draft, within 10 s. Callbacks instead of coroutines: this is the path
  // that every message takes. `done` may be called before send() returns.
  void send(domain::Draft draft, bool vip, const std::string& trace_id, SendDone done);
  void receipt(domain::Receipt receipt, Receipts::Done done);
  void announce(const ports::MessagePath::Announcement& announcement);
  [[nodiscard]] base::Task<base::Result<ports::Changes>> changes(base::Ulid conversation, base::Ulid viewer,
                                                                 std::int64_t after_rev, int limit);
  [[nodiscard]] base::Task<base::Result<std::vector<domain::Head>>> sign_on(base::Ulid user);
  [[nodiscard]] base::Task<base::Result<std::vector<ports::MessagePath::SyncFrom>>> sync_points(
      base::Ulid user, std::string device_id, std::map<base::Ulid, std::int64_t> named, bool others);
  [[nodiscard]] base::Task<base::Result<std::vector<domain::Head>>> heads(std::vector<base::Ulid> conversations);
  [[nodiscard]] base::Task<base::Result<ports::MembershipAnswer>> membership(base::Ulid conversation,
                                                                             std::vector<base::Ulid> users);
  // Finishes what was taken: queued drafts, receipts, publishing.
  [[nodiscard]] base::Task<> stop(base::SteadyTime deadline);

 private:
  [[nodiscard]] base::Status check(const domain::Draft& draft, bool vip);
  void settled(base::Result<Committed> result, base::SteadyTime begun, const std::string& trace_id,
               const SendDone& done);
  void publish(const domain::Message& message, const domain::Head& head, const std::vector<base::Ulid>& members);
  base::Task<> publish_found(base::Ulid conversation, base::Ulid sender, std::int64_t rev);
  void count_failure(const base::Error& error);

  Parts parts_;
  SendLimits limits_;
  Receipts receipts_;
  base::TaskGroup tasks_;
  prometheus::Counter& sent_;
  prometheus::Counter& duplicates_;
  prometheus::Histogram& send_seconds_;
};

}  // namespace chat::services
