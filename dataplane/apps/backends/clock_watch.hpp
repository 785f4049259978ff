#pragma once
#include <boost/asio/steady_timer.hpp>

#include "dataplane/adapters/postgres_shards.hpp"
#include "dataplane/apps/daemon/daemon.hpp"

namespace chat::apps {

// Compares this machine's clock with the shards' every 10 s and reports the difference to the daemon. Lifecycle:
// run() as a task of its owner's group, which outlives this, until stop(). On the io thread.
class ClockWatch {
 public:
  ClockWatch(Daemon& daemon, adapters::PostgresShards& shards) : daemon_(daemon), shards_(shards), timer_(daemon.io) {}
  [[nodiscard]] base::Task<> run();
  void stop();

 private:
  Daemon& daemon_;
  adapters::PostgresShards& shards_;
  boost::asio::steady_timer timer_;
  bool stopping_ = false;
};

}  // namespace chat::apps
