#include "dataplane/adapters/postgres_directory.hpp"
#include "dataplane/adapters/postgres_event_log.hpp"
#include "dataplane/adapters/postgres_shard_writer.hpp"
#include "dataplane/adapters/postgres_store.hpp"
#include "dataplane/adapters/redis_publisher.hpp"
#include "dataplane/apps/backends/clock_watch.hpp"
#include "dataplane/apps/backends/options.hpp"
#include "dataplane/apps/daemon/daemon.hpp"
#include "dataplane/messages/rpc_driver.hpp"
#include "dataplane/services/outbox_watch.hpp"

namespace chat::apps {
namespace {

constexpr std::chrono::seconds kGrace{9};

struct Secrets {
  std::string postgres;
  std::string redis;
};

// Everything that runs, in the order it is built from; destroyed the other way round.
struct Parts {
  Parts(Daemon& daemon, const Secrets& secrets)
      : postgres(postgres_options(daemon, secrets.postgres)),
        shards(daemon.router.map(), postgres),
        clock_watch(daemon, shards),
        store(shards),
        directory(shards),
        redis(daemon.io.get_executor(), daemon.log, redis_options(daemon, secrets.redis)),
        publisher(redis),
        fan_out(publisher, daemon.metrics, [this](const std::string& push) { server.push_to_all(push); }),
        commits(daemon.io.get_executor(), daemon.clock, daemon.log, daemon.metrics, daemon.router,
                [this](const domain::Shard& shard) {
                  return std::make_unique<adapters::PostgresShardWriter>(adapters::shard_target(postgres, shard));
                }),
        service({daemon.io.get_executor(), daemon.clock, daemon.log, daemon.metrics, daemon.router, commits, store,
                 directory, fan_out}),
        driver(daemon.io.get_executor(), daemon.clock, daemon.log, daemon.metrics, service),
        server(daemon.io.get_executor(), daemon.log,
               [this](const io::rpc::Peer& peer, std::uint64_t call, std::string_view payload) {
                 driver.handle(peer, call, payload);
               }),
        outbox(daemon.io.get_executor(), daemon.metrics, [this](const domain::Shard& shard) {
          return std::make_unique<adapters::PostgresEventLog>(adapters::shard_target(postgres, shard));
        }) {}

  adapters::PostgresOptions postgres;
  adapters::PostgresShards shards;
  ClockWatch clock_watch;
  adapters::PostgresStore store;
  adapters::PostgresDirectory directory;
  io::redis::Client redis;
  adapters::RedisPublisher publisher;
  services::FanOut fan_out;
  services::CommitRouter commits;
  services::MessageService service;
  messages::RpcDriver driver;
  io::rpc::Server server;
  services::OutboxWatch outbox;
};

class ChatMessages final : public Service {
 public:
  explicit ChatMessages(Daemon& daemon) : daemon_(daemon), tasks_(daemon.io.get_executor()) {}

  base::Task<base::Status> start() override {
    auto postgres = base::read_secret(daemon_.config.postgres_password_file);
    if (!postgres) co_return base::fail(postgres.error());
    auto redis = base::read_secret(daemon_.config.redis_password_file);
    if (!redis) co_return base::fail(redis.error());
    const Secrets secrets{*postgres, *redis};
    parts_ = std::make_unique<Parts>(daemon_, secrets);
    auto port = parts_->server.listen(daemon_.config.listen, daemon_.security.callers.get());
    if (!port) co_return base::fail(port.error());
    parts_->redis.start();
    parts_->outbox.update(daemon_.router.map());
    parts_->outbox.start();
    tasks_.spawn("clock drift", parts_->clock_watch.run());
    co_return base::Status{};
  }

  std::string not_ready() override { return parts_->commits.not_writable(); }

  void add_status(base::Json& status) override {
    status["callers"] = parts_->server.peers();
    status["redis"] = parts_->redis.connected();
    status["not_ready"] = not_ready();
  }

  std::vector<Finding> findings() override {
    std::vector<Finding> found;
    for (const auto& [shard, finding] : parts_->commits.findings()) {
      if (!finding.trouble.empty())
        found.push_back({"ShardNotWritable", shard + " can not be written to (" + finding.trouble +
                                                 "): its conversations wait, nothing acknowledged is lost"});
      if (finding.slow)
        found.push_back({"ShardSlow", shard + " needs more than 250 ms for a commit: its conversations are slow, the " +
                                          "others are not; see what its disk or its machine is busy with"});
    }
    return found;
  }

  void map_changed(const domain::ClusterMap& map) override {
    parts_->shards.update(map);
    parts_->commits.map_changed();
    parts_->outbox.update(map);
  }

  // Calls that come now are left unread, and their callers ask another instance; what was taken is finished and
  // answered.
  base::Task<> stop() override {
    const auto deadline = daemon_.clock.steady() + kGrace;
    parts_->clock_watch.stop();
    tasks_.spawn("server stop", parts_->server.stop(kGrace));
    co_await parts_->service.stop(deadline);
    (void)co_await parts_->driver.idle(deadline);
    co_await parts_->outbox.stop();
    (void)co_await tasks_.idle(deadline);
    co_await parts_->redis.stop();
  }

 private:
  Daemon& daemon_;
  std::unique_ptr<Parts> parts_;  // from start() on
  base::TaskGroup tasks_;
};

}  // namespace
}  // namespace chat::apps

int main(int argc, char** argv) {
  return chat::apps::run_daemon(argc, argv, "messages", [](chat::apps::Daemon& daemon) {
    return std::make_unique<chat::apps::ChatMessages>(daemon);
  });
}
