// chat-gateway: WebSockets in front of chat-messages. Wiring only.
#include <optional>
#include <thread>

#include "dataplane/adapters/jwt.hpp"
#include "dataplane/adapters/redis_presence.hpp"
#include "dataplane/adapters/redis_rate_limiter.hpp"
#include "dataplane/adapters/redis_subscriptions.hpp"
#include "dataplane/adapters/rpc_message_path.hpp"
#include "dataplane/apps/backends/options.hpp"
#include "dataplane/apps/daemon/daemon.hpp"
#include "dataplane/gateway/gateway.hpp"

namespace chat::apps {
namespace {

constexpr std::chrono::seconds kDriftInterval{10};
constexpr std::chrono::milliseconds kSharp{500};  // an answer that took longer says nothing about a drift of a second

class GatewayService final : public Service {
 public:
  explicit GatewayService(Daemon& daemon)
      : daemon_(daemon), tasks_(daemon.io.get_executor()), drift_timer_(daemon.io), path_(make_path()) {}

  base::Task<base::Status> start() override;
  std::string not_ready() override;
  void add_status(base::Json& status) override {
    if (gateway_) gateway_->add_status(status);
  }
  std::vector<Finding> findings() override;
  void map_changed(const domain::ClusterMap& map) override { path_.update(map); }
  base::Status drain(const base::Json& request) override {
    auto plan = gateway::parse_drain_plan(request);
    if (!plan) return base::fail(plan.error());
    if (gateway_) gateway_->drain(*plan);
    return {};
  }
  base::Task<> stop() override;

 private:
  adapters::RpcMessagePath make_path() {
    auto on_push = [this](const std::vector<std::string>& channels, std::string_view event) {
      if (gateway_) gateway_->hub().on_push(channels, event);
    };
    return {daemon_.io.get_executor(), daemon_.log, on_push, daemon_.security.calls.get()};
  }
  base::Status connect_redis();
  base::Task<> watch_clock();

  Daemon& daemon_;
  base::TaskGroup tasks_;
  boost::asio::steady_timer drift_timer_;
  bool stopping_ = false;
  bool contact_ = false;
  adapters::RpcMessagePath path_;
  std::unique_ptr<adapters::JwtVerifier> tokens_;
  std::optional<io::redis::Client> redis_;
  std::optional<adapters::RedisPresence> presence_;
  std::optional<adapters::RedisRateLimiter> limiter_;
  std::optional<adapters::RedisSubscriptions> subscriptions_;
  std::optional<gateway::Gateway> gateway_;  // last: it uses all the others
};

base::Status GatewayService::connect_redis() {
  auto password = base::read_secret(daemon_.config.redis_password_file);
  if (!password) return base::fail(password.error());
  const auto options = redis_options(daemon_, std::move(*password));
  auto executor = daemon_.io.get_executor();
  redis_.emplace(executor, daemon_.log, options);
  presence_.emplace(*redis_);
  limiter_.emplace(*redis_, daemon_.clock);
  adapters::RedisSubscriptions::Hooks hooks;
  hooks.on_event = [this](std::string_view channel, std::string_view event) {
    if (gateway_) gateway_->hub().on_bus(channel, event);
  };
  hooks.on_ready = [this] {
    if (gateway_) gateway_->hub().bus_ready();
  };
  hooks.on_lost = [this] {
    if (gateway_) gateway_->hub().bus_lost();
  };
  subscriptions_.emplace(executor, daemon_.log, options, hooks);
  return {};
}

base::Task<base::Status> GatewayService::start() {
  const auto& config = daemon_.config;
  adapters::JwtOptions keys;
  keys.keys_dir = config.jwt_keys_dir;
  keys.issuer = adapters::jwt_issuer(config.cluster);
  auto tokens = adapters::JwtVerifier::load(keys);
  if (!tokens) co_return base::fail(tokens.error());
  tokens_ = std::move(*tokens);
  auto connected = connect_redis();
  if (!connected) co_return connected;

  gateway::GatewayOptions options;
  options.name = config.name;
  options.allowed_origins = config.allowed_origins;
  options.turnstile.per_second_busy = gateway::newcomers_beside_others(std::thread::hardware_concurrency());
  const gateway::Gateway::Ports ports{daemon_.io.get_executor(),
                                      daemon_.log,
                                      daemon_.metrics,
                                      daemon_.clock,
                                      daemon_.router,
                                      path_,
                                      *tokens_,
                                      *presence_,
                                      *limiter_,
                                      *subscriptions_};
  gateway_.emplace(ports, std::move(options));
  path_.update(daemon_.router.map());
  redis_->start();
  subscriptions_->start();
  gateway_->start();
  tasks_.spawn("gateway_clock", watch_clock());
  const auto* secure = daemon_.security.clients.get();
  auto port = gateway_->listen(config.listen, false, secure);
  if (!port) co_return base::fail(port.error());
  if (config.shared) {
    port = gateway_->listen(*config.shared, true, secure);
    if (!port) co_return base::fail(port.error());
  }
  co_return base::Status{};
}

// This daemon never sees Postgres: it compares itself with chat-messages, which does.
base::Task<> GatewayService::watch_clock() {
  while (!stopping_) {
    const auto asked_at = daemon_.clock.now_milliseconds();
    const auto began = daemon_.clock.steady();
    auto theirs = co_await path_.time();
    const auto middle = (asked_at + daemon_.clock.now_milliseconds()) / 2;
    const bool sharp = daemon_.clock.steady() - began < kSharp;
    if (theirs && sharp) daemon_.report_clock_drift(*theirs - middle);
    co_await base::sleep_until(drift_timer_, std::chrono::steady_clock::now() + kDriftInterval);
  }
}

// Sockets stay while chat-messages is away; only at the start nobody knows yet whether there is anyone to ask.
std::string GatewayService::not_ready() {
  if (!gateway_) return "starting";
  contact_ = contact_ || path_.reachable();
  return contact_ ? gateway_->not_ready() : "no chat-messages was reached yet";
}

std::vector<Finding> GatewayService::findings() {
  std::vector<Finding> found;
  if (!gateway_) return found;
  if (gateway_->out_of_files())
    found.push_back({"OutOfFiles", daemon_.config.name +
                                       " has no file left for another connection: those that are there stay, new "
                                       "ones are sent to try again; raise the limit of open files (ulimit -n) or "
                                       "add gateways (spec.gateways.replicas.min)"});
  else if (gateway_->has_few_files())
    found.push_back({"FewFiles", daemon_.config.name +
                                     " may not open as many files as spec.gateways.connections.max asks it to "
                                     "hold connections: raise the limit of open files (ulimit -n) of "
                                     "chat-operator, or lower that number"});
  return found;
}

base::Task<> GatewayService::stop() {
  stopping_ = true;
  drift_timer_.cancel();
  if (gateway_) co_await gateway_->finish(std::chrono::seconds(daemon_.config.stop_grace_seconds));
  path_.stop();
  if (gateway_) co_await gateway_->stop();
  if (subscriptions_) co_await subscriptions_->stop();
  if (redis_) co_await redis_->stop();
  co_await tasks_.idle(std::chrono::steady_clock::now() + std::chrono::seconds(5));
}

std::unique_ptr<Service> make_service(Daemon& daemon) { return std::make_unique<GatewayService>(daemon); }

}  // namespace
}  // namespace chat::apps

int main(int argc, char** argv) { return chat::apps::run_daemon(argc, argv, "gateway", chat::apps::make_service); }
