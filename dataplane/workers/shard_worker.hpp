#pragma once
#include <memory>
#include <random>
#include <string>

#include "dataplane/workers/membership_repair.hpp"
#include "dataplane/workers/outbox_consumer.hpp"

namespace chat::workers {

struct ShardWorkerOptions {
  // Between looks at an outbox that is empty or another worker's. Also where a turn emptied it: under load the next one
  // then takes many events, instead of a read, a delete and a commit for each.
  std::chrono::milliseconds idle{200};
  std::chrono::milliseconds first_backoff{100};
  std::chrono::milliseconds most_backoff{5000};
  std::chrono::milliseconds between_repairs{60'000};
};

struct ShardWorkerParts {
  boost::asio::any_io_executor executor;
  const base::Clock& clock;
  const base::Log& log;
  base::Metrics& metrics;
  ports::Directory& directory;
  ports::ShardUpkeep& upkeep;
};

// The loops of one shard: its outbox, and (by the worker that reads it) the repair and the partitions of the year
// ahead. Two coroutines that run from run_*() until stop(); on the executor's thread. Everything they use outlives
// them.
class ShardWorker {
 public:
  ShardWorker(ShardWorkerParts parts, std::string shard, std::unique_ptr<ports::EventLog> events,
              ShardWorkerOptions options = {});

  // `self` keeps the worker until its loops have ended, also when the map has dropped the shard meanwhile.
  static base::Task<> run_outbox(std::shared_ptr<ShardWorker> self);
  static base::Task<> run_upkeep(std::shared_ptr<ShardWorker> self);
  void stop();

  // Why the shard could not be reached or its events not be done; empty where all is well.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }
  [[nodiscard]] bool reading() const { return consumer_.claimed(); }

 private:
  [[nodiscard]] std::chrono::milliseconds pause_after(OutboxConsumer::Turn turn);
  base::Task<> upkeep_once();

  ShardWorkerParts parts_;
  std::string shard_;
  ShardWorkerOptions options_;
  OutboxConsumer consumer_;
  MembershipRepair repair_;
  boost::asio::steady_timer outbox_timer_;
  boost::asio::steady_timer upkeep_timer_;
  std::string trouble_;
  unsigned failures_ = 0;
  bool stopping_ = false;
  std::minstd_rand jitter_{std::random_device{}()};
};

}  // namespace chat::workers
