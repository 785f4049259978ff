#pragma once
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "dataplane/base/json.hpp"
#include "dataplane/gateway/connection.hpp"
#include "dataplane/gateway/hub.hpp"
#include "dataplane/gateway/session.hpp"
#include "dataplane/gateway/signal.hpp"
#include "dataplane/io/http/server.hpp"

namespace chat::gateway {

struct GatewayOptions {
  std::string name;
  std::vector<std::string> allowed_origins;
  std::size_t max_connections = 100'000;   // the ceiling, whatever the map's limits say
  std::chrono::milliseconds sweep{1'000};  // deadlines of all connections are looked at so often
  SessionOptions session;
  ConnectionOptions connection;
  HubOptions hub;
  TurnstileOptions turnstile;
};

// How a gateway is emptied: everyone is told to go elsewhere within `grace`; once at most `close_below` are left, or
// the time is over, the rest is closed with 1012, so many a second.
struct DrainPlan {
  std::chrono::milliseconds grace{120'000};
  std::size_t close_below = 50;
  std::size_t evictions_per_second = 500;
};
// {"graceSeconds", "closeBelow", "evictionsPerSecond"}, all optional.
[[nodiscard]] base::Result<DrainPlan> parse_drain_plan(const base::Json& request);

// The WebSocket front: upgrades, the connections, their deadlines, drain. It keeps no truth.
//
// Lifecycle: start() → listen() → finish() → stop(), both awaited before destruction. One thread, the event loop's.
class Gateway {
 public:
  struct Ports {
    boost::asio::any_io_executor executor;
    const base::Log& log;
    base::Metrics& metrics;
    const base::Clock& clock;
    const domain::Router& router;
    ports::MessagePath& path;
    const ports::TokenVerifier& tokens;
    ports::Presence& presence;
    ports::RateLimiter& limiter;
    ports::Subscriptions& subscriptions;
  };
  Gateway(Ports ports, GatewayOptions options);
  ~Gateway();

  void start();
  // `secure` as in io::http::Server.
  [[nodiscard]] base::Result<std::uint16_t> listen(const base::HostPort& where, bool reuse_port,
                                                   const io::tls::Source* secure = nullptr);
  [[nodiscard]] Hub& hub() { return hub_; }
  [[nodiscard]] std::string not_ready() const;  // empty: it accepts
  void add_status(base::Json& status) const;
  [[nodiscard]] bool out_of_files() const;   // someone was turned away for it a moment ago
  [[nodiscard]] bool has_few_files() const;  // fewer than the connections it is to hold
  // Begins to drain, or speeds up a drain that is under way. Upgrades get 503 from now on.
  void drain(const DrainPlan& plan);
  // Accepts no more and drains within `grace`, unless that was done. What is under way is answered first.
  [[nodiscard]] base::Task<> finish(std::chrono::milliseconds grace);
  // Ends what is left; quick once the message path was stopped, since nothing then waits for it.
  [[nodiscard]] base::Task<> stop();

 private:
  enum class State { serving, draining, gone };

  base::Task<io::http::Response> handle(io::http::Request request, io::http::Peer peer);
  base::Task<> upgrade(io::tls::Stream stream, io::http::Request request, io::http::Peer peer);
  struct Admission {
    std::optional<ports::Identity> identity;
    std::string limit_key;
    std::string subprotocol;
  };
  base::Task<tl::expected<Admission, io::http::Response>> admit(const io::http::Request& request, io::http::Peer peer);
  void ended(Connection& connection);
  base::Task<> sweep();
  void count_shortages();

  // drain.cpp
  base::Task<> run_drain();
  base::Task<> wait_for_clients();
  base::Task<> evict();
  void announce(Session& session);
  [[nodiscard]] std::string elsewhere();
  [[nodiscard]] std::vector<std::shared_ptr<Connection>> all() const;

  Ports ports_;
  GatewayOptions options_;
  GatewayMetrics metrics_;
  base::TaskGroup tasks_;
  Hub hub_;
  Turnstile turnstile_;
  SessionContext context_;
  Connection::Shared shared_;
  io::http::Server server_;
  std::vector<std::shared_ptr<Connection>> connections_;
  State state_ = State::serving;
  DrainPlan plan_;
  base::SteadyTime drain_until_{};
  std::chrono::steady_clock::time_point promised_until_;  // few are left, and were told that they have until then
  Signal ended_;                                          // a connection did, or the plan changed
  bool stopping_ = false;
  std::uint64_t shortages_ = 0;  // of files, as counted last
  std::optional<std::chrono::steady_clock::time_point> short_at_;
  boost::asio::steady_timer sweep_timer_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace chat::gateway
