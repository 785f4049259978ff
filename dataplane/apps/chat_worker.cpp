#include "dataplane/adapters/postgres_directory.hpp"
#include "dataplane/adapters/postgres_event_log.hpp"
#include "dataplane/adapters/postgres_upkeep.hpp"
#include "dataplane/apps/backends/clock_watch.hpp"
#include "dataplane/apps/backends/options.hpp"
#include "dataplane/apps/daemon/daemon.hpp"
#include "dataplane/services/outbox_watch.hpp"
#include "dataplane/workers/shard_workers.hpp"

namespace chat::apps {
namespace {

constexpr std::chrono::seconds kGrace{9};
constexpr std::size_t kConnectionsPerShard = 2;

// Everything that runs, in the order it is built from; destroyed the other way round.
struct Parts {
  Parts(Daemon& daemon, const std::string& password)
      : postgres(options(daemon, password)),
        shards(daemon.router.map(), postgres),
        clock_watch(daemon, shards),
        directory(shards),
        upkeep(shards),
        lag(daemon.io.get_executor(), daemon.metrics, [this](const domain::Shard& shard) { return open(shard); }),
        workers({daemon.io.get_executor(), daemon.clock, daemon.log, daemon.metrics, directory, upkeep},
                [this](const domain::Shard& shard) { return open(shard); }) {}

  static adapters::PostgresOptions options(const Daemon& daemon, const std::string& password) {
    auto options = postgres_options(daemon, password);
    options.connections = kConnectionsPerShard;
    return options;
  }
  std::unique_ptr<ports::EventLog> open(const domain::Shard& shard) {
    return std::make_unique<adapters::PostgresEventLog>(adapters::shard_target(postgres, shard));
  }
  void update(const domain::ClusterMap& map) {
    lag.update(map);
    workers.update(map);
  }

  adapters::PostgresOptions postgres;
  adapters::PostgresShards shards;
  ClockWatch clock_watch;
  adapters::PostgresDirectory directory;
  adapters::PostgresUpkeep upkeep;
  services::OutboxWatch lag;
  workers::ShardWorkers workers;
};

class ChatWorker final : public Service {
 public:
  explicit ChatWorker(Daemon& daemon) : daemon_(daemon), tasks_(daemon.io.get_executor()) {}

  base::Task<base::Status> start() override {
    auto password = base::read_secret(daemon_.config.postgres_password_file);
    if (!password) co_return base::fail(password.error());
    parts_ = std::make_unique<Parts>(daemon_, *password);
    parts_->update(daemon_.router.map());
    parts_->lag.start();
    tasks_.spawn("clock drift", parts_->clock_watch.run());
    co_return base::Status{};
  }

  // Standing by for another worker is fine: it takes over when that one is gone.
  std::string not_ready() override { return parts_->workers.trouble(); }

  void add_status(base::Json& status) override {
    status["outboxes"] = parts_->workers.states();
    status["not_ready"] = not_ready();
  }

  void map_changed(const domain::ClusterMap& map) override {
    parts_->shards.update(map);
    parts_->update(map);
  }

  base::Task<> stop() override {
    const auto deadline = daemon_.clock.steady() + kGrace;
    parts_->clock_watch.stop();
    (void)co_await parts_->workers.stop(deadline);
    co_await parts_->lag.stop();
    (void)co_await tasks_.idle(deadline);
  }

 private:
  Daemon& daemon_;
  std::unique_ptr<Parts> parts_;  // from start() on
  base::TaskGroup tasks_;
};

}  // namespace
}  // namespace chat::apps

int main(int argc, char** argv) {
  return chat::apps::run_daemon(argc, argv, "worker", [](chat::apps::Daemon& daemon) {
    return std::make_unique<chat::apps::ChatWorker>(daemon);
  });
}
