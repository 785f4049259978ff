#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "dataplane/apps/daemon/security.hpp"
#include "dataplane/base/clock.hpp"
#include "dataplane/base/config.hpp"
#include "dataplane/base/json.hpp"
#include "dataplane/base/log.hpp"
#include "dataplane/base/metrics.hpp"
#include "dataplane/base/task.hpp"
#include "dataplane/domain/cluster_map.hpp"

namespace chat::apps {

// What every daemon has, whatever it does. Made before its service and outlives it. `io` runs on one thread.
struct Daemon {
  std::string role;
  base::DaemonConfig config;
  base::Log log;
  base::Metrics metrics;
  base::SystemClock clock;
  boost::asio::io_context io;
  Security security;
  domain::Router router;  // read on the io thread; code on other threads keeps copies of the map
  // The difference to Postgres's clock, set by the service that can see one; above 1 s it is logged, shown in /status
  // and in chat_clock_drift_seconds.
  void report_clock_drift(std::int64_t drift_milliseconds);
  std::int64_t clock_drift_milliseconds = 0;
};

// Something wrong around a daemon that a person should know: the operator shows it as a condition. A reason in
// CamelCase, and a sentence that says what to do, without figures that change by themselves.
struct Finding {
  std::string reason;
  std::string message;
};

// The part of a daemon that differs. All calls come on the io thread.
class Service {
 public:
  virtual ~Service() = default;
  // Connects, listens and serves; an error ends the process with its message.
  virtual base::Task<base::Status> start() = 0;
  [[nodiscard]] virtual std::string not_ready() = 0;  // empty: ready
  virtual void add_status(base::Json& status) = 0;    // fields of GET /status beside the common ones
  [[nodiscard]] virtual std::vector<Finding> findings() { return {}; }
  virtual void map_changed(const domain::ClusterMap& map) = 0;
  virtual base::Status drain(const base::Json& request);  // default: not_found
  // SIGTERM and SIGINT: finish what is under way, in bounded time, then return; the process ends with status 0.
  virtual base::Task<> stop() = 0;
};

// main() of a daemon; its flags are in arguments.hpp. Exit status 0 after a clean SIGTERM, 1 when it could not
// start (the log says why), 2 for bad usage.
int run_daemon(int argc, char** argv, std::string_view role,
               const std::function<std::unique_ptr<Service>(Daemon&)>& make_service);

}  // namespace chat::apps
