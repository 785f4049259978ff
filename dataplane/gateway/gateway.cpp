#include "dataplane/gateway/gateway.hpp"

#include <algorithm>

#include "dataplane/base/open_files.hpp"
#include "dataplane/domain/errors.hpp"
#include "dataplane/gateway/upgrade.hpp"
#include "dataplane/io/http/problem.hpp"
#include "dataplane/services/address.hpp"

namespace chat::gateway {
namespace {

using io::http::field;
using io::http::problem;
using io::http::status;

constexpr std::chrono::seconds kElsewhere{1};  // another gateway can be asked at once
constexpr std::chrono::seconds kCrowdPasses{5};
constexpr std::size_t kUnread = 16;  // of a crowd, read in one turn of the loop

io::http::ServerLimits server_limits(const GatewayOptions& options) {
  io::http::ServerLimits limits;
  limits.body_bytes = 64 * 1024;
  // Of those that are not upgraded yet: the upgraded ones are counted here.
  limits.connections = options.max_connections + 1000;
  limits.leaves_files = true;
  limits.unread = kUnread;
  return limits;
}

std::string forwarded_for(const io::http::Request& request) {
  std::string lines;
  auto [line, end] = request.equal_range("X-Forwarded-For");
  for (; line != end; ++line) {
    if (!lines.empty()) lines += ',';
    lines.append(line->value().data(), line->value().size());
  }
  return lines;
}

io::http::Response try_later(status code, std::string_view error_code, std::string_view detail,
                             std::chrono::milliseconds wait) {
  auto response = problem(code, error_code, detail);
  const auto seconds = std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(wait).count());
  response.set(field::retry_after, std::to_string(seconds));
  return response;
}

io::http::Response draining() {
  return try_later(status::service_unavailable, "unavailable",
                   "this gateway is being drained: ask POST /v1/connect for another one", kElsewhere);
}

io::http::Response crowded() {
  return try_later(status::service_unavailable, "unavailable",
                   "more people connect to this gateway at once than it lets in: try again", kCrowdPasses);
}

}  // namespace

Gateway::Gateway(Ports ports, GatewayOptions options)
    : ports_(ports),
      options_(std::move(options)),
      metrics_(ports.metrics),
      tasks_(ports.executor),
      hub_({ports.executor, ports.log, ports.clock, ports.path, ports.subscriptions, metrics_}, options_.hub),
      turnstile_(ports.executor, options_.turnstile,
                 [this] { return metrics_.sends.Value() + metrics_.messages_delivered.Value(); }),
      context_{ports.executor,
               ports.log,
               ports.clock,
               ports.router,
               ports.path,
               ports.tokens,
               ports.presence,
               ports.limiter,
               hub_,
               metrics_,
               tasks_,
               turnstile_,
               options_.name,
               options_.session,
               [this](Session& session) {
                 if (state_ != State::serving) announce(session);
               }},
      shared_{context_, options_.connection, [this](Connection& connection) { ended(connection); }},
      server_(ports.executor, ports.log, server_limits(options_)),
      sweep_timer_(ports.executor) {}

Gateway::~Gateway() = default;

void Gateway::start() {
  hub_.start();
  tasks_.spawn("gateway_sweep", sweep());
  server_.serve([this](io::http::Request request, io::http::Peer peer) { return handle(std::move(request), peer); },
                [this](io::tls::Stream stream, io::http::Request request, io::http::Peer peer) {
                  return upgrade(std::move(stream), std::move(request), peer);
                },
                [this] { return turnstile_.room(); });
}

base::Result<std::uint16_t> Gateway::listen(const base::HostPort& where, bool reuse_port,
                                            const io::tls::Source* secure) {
  return server_.listen(where, reuse_port, secure);
}

std::string Gateway::not_ready() const { return state_ == State::serving ? "" : "draining"; }

void Gateway::add_status(base::Json& json) const {
  constexpr std::array<const char*, 3> kStates = {"Serving", "Draining", "Gone"};
  json["connections"] = connections_.size();
  json["users"] = hub_.users();
  json["conversations"] = hub_.conversations();
  json["draining"] = state_ != State::serving;
  json["state"] = kStates.at(static_cast<std::size_t>(state_));
}

// ---------------------------------------------------------------- upgrades

base::Task<io::http::Response> Gateway::handle(io::http::Request request, io::http::Peer) {
  auto target = io::http::parse_target({request.target().data(), request.target().size()});
  const std::string path = target ? target->path : "";
  if (path == "/livez") co_return io::http::reply(request, status::ok, "ok\n", "text/plain");
  if (path == "/readyz") {
    const auto reason = not_ready();
    if (reason.empty()) co_return io::http::reply(request, status::ok, "ok\n", "text/plain");
    co_return io::http::reply(request, status::service_unavailable, reason + "\n", "text/plain");
  }
  if (path == kSocketPath) {
    auto response = problem(status::upgrade_required, "bad_request", "this is a WebSocket: ask for an upgrade");
    response.set(field::upgrade, "websocket");
    co_return response;
  }
  co_return problem(status::not_found, "not_found", "the WebSocket is at /v1/ws");
}

base::Task<tl::expected<Gateway::Admission, io::http::Response>> Gateway::admit(const io::http::Request& request,
                                                                                io::http::Peer peer) {
  auto asked = check_upgrade(request, options_.allowed_origins);
  if (!asked) co_return tl::unexpected(std::move(asked.error()));
  if (state_ != State::serving) co_return tl::unexpected(draining());
  const auto allowed = static_cast<std::size_t>(ports_.router.map().limits.connections_per_gateway);
  if (connections_.size() >= std::min(options_.max_connections, allowed)) {
    co_return tl::unexpected(try_later(status::service_unavailable, "unavailable",
                                       "this gateway is full: ask POST /v1/connect for another one",
                                       std::chrono::seconds(5)));
  }
  Admission admission;
  admission.subprotocol = asked->subprotocol;
  std::string why = "the Authorization header has no bearer token";
  if (asked->token) {
    auto identity = ports_.tokens.verify(*asked->token, ports_.clock.now_milliseconds());
    if (identity) {
      admission.identity = std::move(*identity);
      co_return admission;
    }
    why = identity.error().message;
  }
  // Who brings no good token is counted. Who brings none at all may still say one in the first frame: then it is not.
  const auto& limits = ports_.router.map().limits;
  const auto address = services::client_address(peer.address, forwarded_for(request), limits.trusted_proxies);
  admission.limit_key = "connects:" + services::limit_key(address);
  const auto most = limits.connects_per_minute_per_address;
  auto decision = co_await ports_.limiter.take(admission.limit_key, static_cast<double>(most), most);
  if (!decision.allowed) {
    co_return tl::unexpected(try_later(status::too_many_requests, "rate_limited",
                                       "too many connections without a valid token from this address",
                                       decision.retry_after));
  }
  if (!asked->has_credentials) co_return admission;
  auto refusal = problem(status::unauthorized, "unauthorized", why);
  refusal.set(field::www_authenticate, "Bearer");
  co_return tl::unexpected(std::move(refusal));
}

base::Task<> Gateway::upgrade(io::tls::Stream stream, io::http::Request request, io::http::Peer peer) {
  auto turn = co_await turnstile_.enter();
  if (has_left(stream.socket())) co_return;
  if (!turn) {
    metrics_.refused("503");
    co_await refuse(std::move(stream), crowded());
    co_return;
  }
  auto admission = co_await admit(request, peer);
  if (admission && state_ != State::serving) admission = tl::unexpected(draining());  // since it was asked
  if (!admission) {
    metrics_.refused(std::to_string(admission.error().result_int()));
    co_await refuse(std::move(stream), std::move(admission.error()));
    co_return;
  }
  auto connection =
      Connection::make(std::move(stream), shared_, std::move(admission->identity), std::move(admission->limit_key));
  connection->place = connections_.size();
  connections_.push_back(connection);
  metrics_.connections.Set(static_cast<double>(connections_.size()));
  const bool accepted = co_await connection->accept(std::move(request), std::move(admission->subprotocol));
  if (accepted) {
    connection->start(std::move(turn));
  } else {
    ended(*connection);
  }
}

void Gateway::ended(Connection& connection) {
  const auto place = connection.place;
  connections_.back()->place = place;
  std::swap(connections_[place], connections_.back());
  connections_.pop_back();
  metrics_.connections.Set(static_cast<double>(connections_.size()));
  ended_.notify();
}

void Gateway::count_shortages() {
  const auto& shortage = server_.file_shortage();
  if (shortage.times == shortages_) return;
  if (!out_of_files())
    ports_.log.warn("out_of_files", {{"connections", connections_.size()}, {"limit", base::open_files_limit()}});
  metrics_.out_of_files.Increment(static_cast<double>(shortage.times - shortages_));
  shortages_ = shortage.times;
  short_at_ = shortage.last;
}

bool Gateway::out_of_files() const {
  constexpr std::chrono::seconds kWorthSaying{15};
  return short_at_ && std::chrono::steady_clock::now() - *short_at_ < kWorthSaying;
}

bool Gateway::has_few_files() const {
  return static_cast<std::int64_t>(base::files_for_connections()) < ports_.router.map().limits.connections_per_gateway;
}

// One timer for the deadlines of all connections.
base::Task<> Gateway::sweep() {
  while (!stopping_) {
    co_await base::sleep_until(sweep_timer_, std::chrono::steady_clock::now() + options_.sweep);
    const auto now = ports_.clock.steady();
    std::size_t bytes = 0;
    for (const auto& connection : connections_) {  // a sweep ends none at once: their reads do
      connection->sweep(now);
      bytes += connection->queued_bytes();
    }
    metrics_.send_queue_bytes.Set(static_cast<double>(bytes));
    metrics_.waiting.Set(static_cast<double>(turnstile_.waiting()));
    count_shortages();
  }
}

}  // namespace chat::gateway
