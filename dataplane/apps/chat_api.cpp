// chat-api: REST and the web client in front of the shards and chat-messages. Wiring only.
#include "dataplane/adapters/bcrypt.hpp"
#include "dataplane/adapters/gateway_loads.hpp"
#include "dataplane/adapters/jwt.hpp"
#include "dataplane/adapters/postgres_directory.hpp"
#include "dataplane/adapters/postgres_store.hpp"
#include "dataplane/adapters/redis_publisher.hpp"
#include "dataplane/adapters/redis_rate_limiter.hpp"
#include "dataplane/adapters/rpc_message_path.hpp"
#include "dataplane/apps/backends/clock_watch.hpp"
#include "dataplane/apps/backends/options.hpp"
#include "dataplane/apps/daemon/daemon.hpp"
#include "dataplane/base/secret_file.hpp"
#include "dataplane/rest/api.hpp"

namespace chat::apps {
namespace {

constexpr std::chrono::seconds kGrace{10};
constexpr std::chrono::seconds kLookAtShards{1};
// At 0.2 s a password, what waits longest waits about 4 s.
constexpr std::size_t kHashingThreads = 2;
constexpr std::size_t kMostWaitingForHashing = 40;

struct Secrets {
  std::string postgres;
  std::string redis;
  std::string admin;
  std::unique_ptr<adapters::JwtSigner> signer;
  std::unique_ptr<adapters::JwtVerifier> verifier;
};

base::Result<Secrets> read_secrets(const base::DaemonConfig& config) {
  Secrets secrets;
  for (auto [file, into] :
       {std::pair(&config.postgres_password_file, &secrets.postgres),
        std::pair(&config.redis_password_file, &secrets.redis), std::pair(&config.admin_token_file, &secrets.admin)}) {
    auto text = base::read_secret(*file);
    if (!text) return base::fail(std::move(text).error());
    *into = std::move(*text);
  }
  adapters::JwtOptions options;
  options.keys_dir = config.jwt_keys_dir;
  options.issuer = adapters::jwt_issuer(config.cluster);
  auto signer = adapters::JwtSigner::load(options);
  if (!signer) return base::fail(std::move(signer).error());
  auto verifier = adapters::JwtVerifier::load(options);
  if (!verifier) return base::fail(std::move(verifier).error());
  secrets.signer = std::move(*signer);
  secrets.verifier = std::move(*verifier);
  return secrets;
}

rest::Api::Options api_options(const Daemon& daemon) {
  return {daemon.config.public_url, daemon.config.allowed_origins, daemon.config.web_dir, CHATCLUSTER_VERSION};
}

// Everything that runs, in the order it is built from; destroyed the other way round.
struct Parts {
  Parts(Daemon& daemon, base::TaskGroup& tasks, Secrets the_secrets, std::function<std::string()> not_ready)
      : secrets(std::move(the_secrets)),
        shards(daemon.router.map(), postgres_options(daemon, secrets.postgres)),
        clock_watch(daemon, shards),
        store(shards),
        directory(shards),
        redis(daemon.io.get_executor(), daemon.log, redis_options(daemon, secrets.redis)),
        publisher(redis),
        limiter(redis, daemon.clock),
        messages(daemon.io.get_executor(), daemon.log, {}, daemon.security.calls.get()),
        gateways(
            daemon.io.get_executor(), tasks, daemon.log,
            [this, &daemon] { return base::read_secret_again(daemon.config.admin_token_file, secrets.admin); },
            daemon.config.admin_tls ? daemon.security.calls.get() : nullptr),
        hashing("password hashing", kHashingThreads, kMostWaitingForHashing),
        passwords(hashing),
        accounts(directory, passwords, daemon.clock),
        sign_in({directory, passwords, *secrets.signer, limiter, publisher, daemon.clock, daemon.log}),
        conversations({store, directory, messages, limiter, daemon.clock, daemon.log}),
        api(daemon.io.get_executor(),
            {{accounts, sign_in, conversations, store, messages, gateways, *secrets.signer, daemon.clock,
              daemon.config.public_url.starts_with("https://"), std::move(not_ready)},
             limiter,
             *secrets.verifier,
             daemon.router,
             daemon.log,
             daemon.metrics},
            api_options(daemon)) {}

  Secrets secrets;
  adapters::PostgresShards shards;
  ClockWatch clock_watch;
  adapters::PostgresStore store;
  adapters::PostgresDirectory directory;
  io::redis::Client redis;
  adapters::RedisPublisher publisher;
  adapters::RedisRateLimiter limiter;
  adapters::RpcMessagePath messages;
  adapters::GatewayLoads gateways;
  base::BlockingPool hashing;
  adapters::BcryptPasswords passwords;
  services::Accounts accounts;
  services::SignIn sign_in;
  services::Conversations conversations;
  rest::Api api;
};

class ChatApi final : public Service {
 public:
  explicit ChatApi(Daemon& daemon) : daemon_(daemon), tasks_(daemon.io.get_executor()), shard_timer_(daemon.io) {}

  base::Task<base::Status> start() override {
    auto secrets = read_secrets(daemon_.config);
    if (!secrets) co_return base::fail(std::move(secrets).error());
    parts_ = std::make_unique<Parts>(daemon_, tasks_, std::move(*secrets), [this] { return not_ready(); });
    parts_->redis.start();
    map_changed(daemon_.router.map());
    parts_->gateways.start();
    tasks_.spawn("api_shards", watch_shards());
    tasks_.spawn("api_clock", parts_->clock_watch.run());
    const auto* secure = daemon_.security.clients.get();
    auto port = parts_->api.listen(daemon_.config.listen, false, secure);
    if (port && daemon_.config.shared) port = parts_->api.listen(*daemon_.config.shared, true, secure);
    if (!port) co_return base::fail(std::move(port).error());
    co_return base::Status{};
  }

  // At first everything must have been seen. After that one shard, or chat-messages, that is away is no reason to take
  // the whole API away: what does not need it goes on.
  std::string not_ready() override {
    if (stopping_) return "stopping";
    if (!shards_problem_.empty()) return shards_problem_;
    if (!parts_->messages.reachable() && !messages_seen_) return "no chat-messages instance has been reached yet";
    messages_seen_ = true;
    return {};
  }

  // Whoever is sent to it before could not connect.
  void add_status(base::Json& status) override { status["reaches_gateways"] = parts_->gateways.has_found_any(); }

  void map_changed(const domain::ClusterMap& map) override {
    parts_->shards.update(map);
    parts_->messages.update(map);
    parts_->gateways.update(map);
  }

  base::Task<> stop() override {
    stopping_ = true;
    if (!parts_) co_return;
    co_await parts_->api.stop(kGrace);
    parts_->gateways.stop();
    shard_timer_.cancel();
    parts_->clock_watch.stop();
    parts_->messages.stop();
    co_await parts_->redis.stop();
    co_await tasks_.idle(daemon_.clock.steady() + std::chrono::seconds(2));
  }

 private:
  base::Task<> watch_shards() {
    while (!stopping_) {
      const auto names = parts_->shards.shard_names();
      std::size_t answered = 0;
      std::string problem = "the cluster map names no shards";
      for (const auto& name : names) {
        auto rows = co_await parts_->shards.on(name, "select 1", {});
        if (rows)
          ++answered;
        else
          problem = rows.error().message;
      }
      const bool enough = shards_seen_ ? answered > 0 : answered == names.size() && answered > 0;
      shards_seen_ = shards_seen_ || enough;
      shards_problem_ = enough ? std::string() : problem;
      if (!stopping_) co_await base::sleep_until(shard_timer_, daemon_.clock.steady() + kLookAtShards);
    }
  }

  Daemon& daemon_;
  base::TaskGroup tasks_;
  boost::asio::steady_timer shard_timer_;
  std::unique_ptr<Parts> parts_;
  std::string shards_problem_ = "the shards have not been reached yet";
  bool shards_seen_ = false;
  bool messages_seen_ = false;
  bool stopping_ = false;
};

}  // namespace
}  // namespace chat::apps

int main(int argc, char** argv) {
  return chat::apps::run_daemon(argc, argv, "api",
                                [](chat::apps::Daemon& daemon) -> std::unique_ptr<chat::apps::Service> {
                                  return std::make_unique<chat::apps::ChatApi>(daemon);
                                });
}
