#pragma once
#include <functional>
#include <map>
#include <memory>

#include "dataplane/base/blocking_pool.hpp"
#include "dataplane/base/clock.hpp"
#include "dataplane/base/metrics.hpp"
#include "dataplane/domain/cluster_map.hpp"
#include "dataplane/ports/event_log.hpp"

namespace chat::services {

// Shows how many events wait in each shard's outbox, and how long: with no worker, these grow. Asks every two seconds,
// one shard after the other; a shard that can not be asked keeps its last figures. On the executor's thread, from
// start() to stop().
class OutboxWatch {
 public:
  using Open = std::function<std::unique_ptr<ports::EventLog>(const domain::Shard&)>;
  OutboxWatch(boost::asio::any_io_executor executor, base::Metrics& metrics, Open open);

  void start() { tasks_.spawn("outbox watch", run()); }
  // New shards and addresses are looked at from the next round on.
  void update(const domain::ClusterMap& map);
  [[nodiscard]] base::Task<> stop();

 private:
  struct Watched {
    base::HostPort address;
    std::shared_ptr<ports::EventLog> log;  // shared with the question that is under way when the map changes
  };
  base::Task<> run();
  base::Task<> look(std::string shard, std::shared_ptr<ports::EventLog> log);

  base::Metrics& metrics_;
  Open open_;
  std::map<std::string, Watched> shards_;
  bool stopping_ = false;
  boost::asio::steady_timer timer_;
  base::BlockingPool thread_;
  base::TaskGroup tasks_;
};

}  // namespace chat::services
