// How a gateway is emptied without anyone losing anything (I11).
#include <algorithm>

#include "dataplane/domain/errors.hpp"
#include "dataplane/gateway/gateway.hpp"

namespace chat::gateway {
namespace {

constexpr std::chrono::milliseconds kTick{100};
// Where only a few are left from the start, nobody waits out the grace: but they get this to finish what they do.
constexpr std::chrono::milliseconds kFew{2000};
// After the last eviction: sends under way are answered, the close frame is answered, or the socket is cut.
constexpr std::chrono::seconds kLast{20};
constexpr std::chrono::seconds kStopping{15};

}  // namespace

base::Result<DrainPlan> parse_drain_plan(const base::Json& request) {
  DrainPlan plan;
  if (!request.is_object()) return base::fail(domain::Errc::bad_request, "a drain request is a JSON object");
  auto read = [&](const char* key, std::int64_t low, auto set) -> base::Status {
    auto it = request.find(key);
    if (it == request.end()) return {};
    auto value = base::whole_number(*it);
    if (!value || *value < low || *value > 1'000'000) {
      return base::fail(domain::Errc::bad_request,
                        std::string(key) + " must be a whole number from " + std::to_string(low) + " to 1000000");
    }
    set(*value);
    return {};
  };
  auto grace = read("graceSeconds", 0, [&](std::int64_t value) { plan.grace = std::chrono::seconds(value); });
  if (!grace) return base::fail(grace.error());
  auto below = read("closeBelow", 0, [&](std::int64_t value) { plan.close_below = static_cast<std::size_t>(value); });
  if (!below) return base::fail(below.error());
  auto rate = read("evictionsPerSecond", 1,
                   [&](std::int64_t value) { plan.evictions_per_second = static_cast<std::size_t>(value); });
  if (!rate) return base::fail(rate.error());
  return plan;
}

void Gateway::drain(const DrainPlan& plan) {
  const auto until = std::chrono::steady_clock::now() + plan.grace;
  if (state_ != State::serving) {  // told again: it can only end sooner
    drain_until_ = std::min(drain_until_, until);
    plan_.close_below = std::max(plan_.close_below, plan.close_below);
    plan_.evictions_per_second = std::max(plan_.evictions_per_second, plan.evictions_per_second);
    ended_.notify();
    return;
  }
  state_ = State::draining;
  plan_ = plan;
  drain_until_ = until;
  ports_.log.info("drain_begins", {{"connections", connections_.size()}, {"grace_ms", plan.grace.count()}});
  tasks_.spawn("drain", run_drain());
}

base::Task<> Gateway::run_drain() {
  const auto now = std::chrono::steady_clock::now();
  promised_until_ = connections_.size() <= plan_.close_below ? std::min(drain_until_, now + kFew) : now;
  for (const auto& connection : all()) {
    if (connection->session().ready()) announce(connection->session());
  }
  co_await wait_for_clients();
  ports_.log.info("drain_evicts", {{"connections", connections_.size()}});
  co_await evict();
  state_ = State::gone;
  ports_.log.info("drain_ended", {{"connections", connections_.size()}});
  ended_.notify();
}

base::Task<> Gateway::wait_for_clients() {
  for (;;) {
    const auto now = std::chrono::steady_clock::now();
    const bool few = connections_.size() <= plan_.close_below;
    if (connections_.empty() || now >= drain_until_ || (few && now >= promised_until_)) co_return;
    co_await ended_.wait(ports_.executor, few ? std::min(promised_until_, drain_until_) : drain_until_);
  }
}

base::Task<> Gateway::evict() {
  boost::asio::steady_timer timer(ports_.executor);
  auto tick = std::chrono::steady_clock::now();
  double allowed = 1;
  for (const auto& connection : all()) {
    while (allowed < 1) {
      tick += kTick;
      co_await base::sleep_until(timer, tick);
      allowed += static_cast<double>(plan_.evictions_per_second) * std::chrono::duration<double>(kTick).count();
    }
    allowed -= 1;
    connection->session().finish(CloseCode::restart, "restarting");
  }
  const auto last = std::chrono::steady_clock::now() + kLast;
  while (!connections_.empty() && std::chrono::steady_clock::now() < last) {
    co_await ended_.wait(ports_.executor, last);
  }
}

// Everyone gets another time, so that they do not all come to the other gateways at once.
void Gateway::announce(Session& session) {
  const auto now = std::chrono::steady_clock::now();
  const auto until = promised_until_ > now ? promised_until_ : drain_until_;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now);
  const auto most = std::max<std::int64_t>(left.count() * 8 / 10, 1);
  std::uniform_int_distribution<std::int64_t> spread(std::max<std::int64_t>(most / 5, 1), most);
  session.send(make_frame(protocol::maintenance_frame(std::chrono::milliseconds(spread(random_)), elsewhere())));
}

// Some gateway that is not being drained; empty where there is none: the client asks POST /v1/connect then.
std::string Gateway::elsewhere() {
  std::vector<const domain::GatewayEntry*> others;
  for (const auto& gateway : ports_.router.map().gateways) {
    if (gateway.name != options_.name && !gateway.draining) others.push_back(&gateway);
  }
  if (others.empty()) return {};
  std::uniform_int_distribution<std::size_t> any(0, others.size() - 1);
  return others[any(random_)]->url;
}

std::vector<std::shared_ptr<Connection>> Gateway::all() const { return connections_; }

base::Task<> Gateway::finish(std::chrono::milliseconds grace) {
  server_.stop_accepting();
  drain({grace, 0, std::max<std::size_t>(500, connections_.size())});
  while (state_ != State::gone) {
    co_await ended_.wait(ports_.executor, std::chrono::steady_clock::now() + std::chrono::seconds(60));
  }
}

base::Task<> Gateway::stop() {
  stopping_ = true;
  sweep_timer_.cancel();
  co_await turnstile_.stop();
  co_await server_.stop(std::chrono::seconds(1));
  co_await hub_.stop();
  const auto last = std::chrono::steady_clock::now() + kStopping;
  while (!connections_.empty() && std::chrono::steady_clock::now() < last) co_await ended_.wait(ports_.executor, last);
  co_await tasks_.idle(last);
}

}  // namespace chat::gateway
