#include "dataplane/apps/daemon/daemon.hpp"

#include <unistd.h>

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>

#include "dataplane/apps/daemon/arguments.hpp"
#include "dataplane/base/open_files.hpp"
#include "dataplane/base/secret_file.hpp"
#include "dataplane/domain/errors.hpp"
#include "dataplane/io/http/admin.hpp"

namespace chat::apps {
namespace {

constexpr std::int64_t kDriftWorthSayingMilliseconds = 1000;

enum class State { starting, serving, draining };

std::string_view name(State state) {
  switch (state) {
    case State::starting:
      return "Starting";
    case State::serving:
      return "Serving";
    case State::draining:
      break;
  }
  return "Draining";
}

base::Result<domain::ClusterMap> read_map(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return base::fail(base::ConfigErrc::unreadable, "cannot read the cluster map " + file.string());
  return domain::parse_cluster_map(std::string(std::istreambuf_iterator<char>(in), {}));
}

// A changed one counts from when its file does.
io::http::Admin::Token admin_token_of(const base::DaemonConfig& config, std::string at_start) {
  return [file = config.admin_token_file, last = std::move(at_start)]() mutable {
    last = base::read_secret_again(file, last);
    return last;
  };
}

// The life of one daemon on its io thread: Starting → Serving → Draining → gone.
class Life {
 public:
  Life(Daemon& daemon, Service& service, std::string admin_token)
      : daemon_(daemon),
        service_(service),
        tasks_(daemon.io.get_executor()),
        signals_(daemon.io, SIGTERM, SIGINT),
        admin_(daemon.io.get_executor(), daemon.log, daemon.metrics,
               admin_token_of(daemon.config, std::move(admin_token)), hooks()),
        map_version_(daemon.metrics.gauge("chat_map_version", "version of the cluster map in use")) {}

  // False where it could not begin; the log says why.
  bool begin() {
    auto port = admin_.listen(daemon_.config.admin, daemon_.security.admin.get());
    if (!port) {
      daemon_.log.error("admin_listen_failed", {{"reason", port.error().message}});
      return false;
    }
    map_version_.Set(static_cast<double>(daemon_.router.map().version));
    wait_for_signal();
    for (auto* source : daemon_.security.sources()) tasks_.spawn("tls files", source->watch());
    tasks_.spawn("start", start());
    return true;
  }

 private:
  io::http::AdminHooks hooks() {
    io::http::AdminHooks hooks;
    hooks.not_ready = [this] { return not_ready(); };
    hooks.status = [this] { return status(); };
    hooks.put_map = [this](std::string_view json) { return put_map(json); };
    hooks.drain = [this](const base::Json& request) { return service_.drain(request); };
    return hooks;
  }

  base::Task<> start() {
    const auto map_at_start = daemon_.router.map().version;
    auto started = co_await service_.start();
    if (!started) {
      daemon_.log.error("start_failed", {{"reason", started.error().message}});
      // The service is half made, with coroutines under way that nothing can stop in order: leave it to the kernel.
      std::_Exit(EXIT_FAILURE);
    }
    state_ = State::serving;
    if (daemon_.router.map().version != map_at_start) service_.map_changed(daemon_.router.map());
    admin_.started();
    daemon_.log.info("serving", {{"name", daemon_.config.name},
                                 {"version", std::string_view(CHATCLUSTER_VERSION)},
                                 {"map_version", daemon_.router.map().version}});
  }

  base::Task<> stop() {
    co_await service_.stop();
    for (auto* source : daemon_.security.sources()) source->stop();
    co_await admin_.stop();
    daemon_.log.info("stopped");
    signals_.cancel();
    daemon_.io.stop();
  }

  void wait_for_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      daemon_.log.info("signal", {{"signal", signal}, {"state", name(state_)}});
      if (state_ == State::draining) std::_Exit(EXIT_FAILURE);  // asked twice: someone is in a hurry
      if (state_ == State::starting) std::_Exit(EXIT_SUCCESS);  // nothing was promised to anyone yet
      state_ = State::draining;
      tasks_.spawn("stop", stop());
      wait_for_signal();
    });
  }

  std::string not_ready() {
    if (state_ == State::starting) return "starting";
    if (state_ == State::draining) return "stopping";
    return service_.not_ready();
  }

  base::Json status() {
    const auto up = std::chrono::duration_cast<std::chrono::seconds>(daemon_.clock.steady() - begun_);
    base::Json status = {{"name", daemon_.config.name},
                         {"role", daemon_.role},
                         {"version", CHATCLUSTER_VERSION},
                         {"state", name(state_)},
                         {"map_version", daemon_.router.map().version},
                         {"uptime_seconds", up.count()},
                         {"pid", getpid()},
                         {"clock_drift_ms", daemon_.clock_drift_milliseconds}};
    if (state_ != State::starting) service_.add_status(status);
    status["findings"] = findings();
    return status;
  }

  base::Json findings() {
    auto found = state_ != State::starting ? service_.findings() : std::vector<Finding>();
    if (std::abs(daemon_.clock_drift_milliseconds) > kDriftWorthSayingMilliseconds)
      found.push_back({"ClockDrift", "the clock of " + daemon_.config.name +
                                         " and PostgreSQL's are more than 1 s apart: messages " +
                                         "keep their order, but tokens and times are off; keep both with NTP"});
    for (auto& trouble : daemon_.security.troubles(daemon_.clock.now_milliseconds() / 1000))
      found.push_back({std::move(trouble.reason), daemon_.config.name + ": " + trouble.message});
    auto list = base::Json::array();
    for (auto& each : found) list.push_back({{"reason", std::move(each.reason)}, {"message", std::move(each.message)}});
    return list;
  }

  base::Status put_map(std::string_view json) {
    auto map = domain::parse_cluster_map(json);
    if (!map) return base::fail(map.error());
    if (map->cluster != daemon_.config.cluster) {
      return base::fail(domain::Errc::bad_request, "cluster map: cluster is " + map->cluster +
                                                       ", but this daemon is of " + daemon_.config.cluster);
    }
    if (!daemon_.router.adopt(std::move(*map))) return {};
    map_version_.Set(static_cast<double>(daemon_.router.map().version));
    daemon_.log.info("map_changed", {{"map_version", daemon_.router.map().version}});
    if (state_ != State::starting) service_.map_changed(daemon_.router.map());
    return {};
  }

  Daemon& daemon_;
  Service& service_;
  State state_ = State::starting;
  base::SteadyTime begun_ = daemon_.clock.steady();
  base::TaskGroup tasks_;
  boost::asio::signal_set signals_;
  io::http::Admin admin_;
  prometheus::Gauge& map_version_;
};

}  // namespace

void Daemon::report_clock_drift(std::int64_t drift_milliseconds) {
  const auto far = [](std::int64_t drift) { return std::abs(drift) > kDriftWorthSayingMilliseconds; };
  if (far(drift_milliseconds) && !far(clock_drift_milliseconds)) {
    log.warn("clock_drift", {{"drift_ms", drift_milliseconds}, {"against", "postgres"}});
  } else if (!far(drift_milliseconds) && far(clock_drift_milliseconds)) {
    log.info("clock_drift_ended", {{"drift_ms", drift_milliseconds}});
  }
  clock_drift_milliseconds = drift_milliseconds;
  metrics.gauge("chat_clock_drift_seconds", "Postgres's clock minus this machine's")
      .Set(static_cast<double>(drift_milliseconds) / 1000.0);
}

base::Status Service::drain(const base::Json&) {
  return base::fail(domain::Errc::not_found, "only a gateway can drain");
}

int run_daemon(int argc, char** argv, std::string_view role,
               const std::function<std::unique_ptr<Service>(Daemon&)>& make_service) {
  const auto arguments = parse_arguments(argc, argv, role);
  if (arguments.exit_status) return *arguments.exit_status;
  std::signal(SIGPIPE, SIG_IGN);
  base::raise_open_files();

  base::Log log(std::string("chat-") + std::string(role));
  auto config = base::load_daemon_config(arguments.config);
  if (config) config = apply(arguments, std::move(*config));
  if (!config) return log.error("bad_config", {{"reason", config.error().message}}), EXIT_FAILURE;
  auto token = base::read_secret(config->admin_token_file);
  if (!token) return log.error("bad_config", {{"reason", token.error().message}}), EXIT_FAILURE;
  auto map = read_map(config->map_file);
  if (!map) return log.error("bad_map", {{"reason", map.error().message}}), EXIT_FAILURE;

  Daemon daemon{.role = std::string(role),
                .config = std::move(*config),
                .log = log,
                .metrics = {},
                .clock = {},
                .io = boost::asio::io_context(1),  // one thread: no locks inside
                .security = {},
                .router = domain::Router(std::move(*map))};
  auto security = Security::load(daemon.io.get_executor(), daemon.log, daemon.config);
  if (!security) return log.error("bad_tls", {{"reason", security.error().message}}), EXIT_FAILURE;
  daemon.security = std::move(*security);
  auto service = make_service(daemon);
  Life life(daemon, *service, std::move(*token));
  if (!life.begin()) return EXIT_FAILURE;
  daemon.io.run();
  return EXIT_SUCCESS;
}

}  // namespace chat::apps
