#pragma once
#include <functional>
#include <memory>

#include "dataplane/base/clock.hpp"
#include "dataplane/base/log.hpp"
#include "dataplane/domain/cluster_map.hpp"
#include "dataplane/io/tls/source.hpp"
#include "dataplane/ports/message_path.hpp"

namespace chat::adapters {

// The message path over RPC: one connection to each chat-messages instance of the map. A conversation's calls go to the
// connected instance that rendezvous hashing names for its bucket; a call whose instance goes away, does not answer or
// is busy is tried again, elsewhere where there is another, until its time is over (I2 makes that safe for sends).
//
// On the executor's thread. Errors are domain errors, fit for clients. stop() before it is destroyed: calls under way
// then end with `unavailable` within a second.
class RpcMessagePath final : public ports::MessagePath {
 public:
  // What chat-messages pushes where Redis failed: `bus_event` is a serialised pb::BusEvent for `channels`.
  using OnPush = std::function<void(const std::vector<std::string>& channels, std::string_view bus_event)>;
  using SendDone = std::function<void(base::Result<domain::Ack>)>;

  // `secure`: what connections are made secure with; outlives this. Null: plain.
  RpcMessagePath(boost::asio::any_io_executor executor, const base::Log& log, OnPush on_push = {},
                 const io::tls::Source* secure = nullptr);
  ~RpcMessagePath() override;

  void update(const domain::ClusterMap& map);
  void stop();
  [[nodiscard]] bool reachable() const;  // some instance is connected

  // send() without a coroutine, for the path every message takes. `done` is called once, never from inside.
  void send(const domain::Draft& draft, const Caller& caller, std::chrono::milliseconds timeout, SendDone done);
  // The wall clock of some instance, in milliseconds since 1970.
  [[nodiscard]] base::Task<base::Result<std::int64_t>> time();

  base::Task<base::Result<domain::Ack>> send(domain::Draft draft, Caller caller,
                                             std::chrono::milliseconds timeout) override;
  base::Task<base::Result<ports::Changes>> changes(base::Ulid conversation, base::Ulid viewer, std::int64_t after_rev,
                                                   int limit) override;
  base::Task<base::Result<std::vector<domain::Head>>> sign_on(base::Ulid user) override;
  base::Task<base::Result<std::vector<SyncFrom>>> sync_points(base::Ulid user, std::string device_id,
                                                              std::map<base::Ulid, std::int64_t> named,
                                                              bool others) override;
  base::Task<base::Result<std::vector<domain::Head>>> heads(std::vector<base::Ulid> conversations) override;
  base::Task<base::Result<ports::MembershipAnswer>> membership(base::Ulid conversation,
                                                               std::vector<base::Ulid> users) override;
  base::Task<base::Status> receipt(domain::Receipt receipt) override;
  base::Task<base::Status> announce(Announcement announcement) override;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with calls under way
};

}  // namespace chat::adapters
