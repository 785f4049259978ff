// chat-operator on Kubernetes: wiring.
#include "operator/app/kubernetes_operator.hpp"

#include <unistd.h>
#include <utility>  // before Asio, see dataplane/base/task.hpp

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "dataplane/base/digest.hpp"
#include "dataplane/io/http/admin.hpp"
#include "operator/kubernetes/client/cpprest_http.hpp"
#include "operator/kubernetes/control/leader_election.hpp"

namespace chatop::app {
namespace {

using namespace std::chrono_literals;
using chat::base::Status;
using chat::base::Task;

constexpr std::size_t kHttpThreads = 4;
constexpr auto kLastActs = 5s;
constexpr const char* kLease = "chat-operator";

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// The Pod's name (which is its host's) and something random: two processes of one Pod are two candidates.
std::string identity() {
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  return std::string(host) + "_" + chat::base::hex(chat::base::random_bytes(4));
}

// Everything of one run, made in the order it needs each other.
class Operator {
 public:
  Operator(KubernetesFlags flags, kubernetes::Access access, chat::base::HostPort admin);
  int run();

 private:
  Task<> serve();
  Task<> on_signal();
  Status start_admin();

  KubernetesFlags flags_;
  chat::base::HostPort admin_address_;
  chat::base::Log log_{"chat-operator"};
  chat::base::Metrics metrics_;
  chat::base::SystemClock clock_;
  boost::asio::io_context io_;
  boost::asio::signal_set signals_{io_, SIGTERM, SIGINT};
  std::string identity_ = identity();
  kubernetes::CpprestHttp http_;
  kubernetes::LeaderElection election_;
  chat::base::TaskGroup election_task_{io_.get_executor()};
  chat::io::http::Admin admin_;
  int exit_status_ = 0;
};

chat::io::http::AdminHooks hooks_of(const std::string& identity) {
  chat::io::http::AdminHooks hooks;
  hooks.not_ready = [] { return std::string(); };
  hooks.status = [identity] {
    return nlohmann::json{
        {"name", identity}, {"role", "operator"}, {"version", CHATCLUSTER_VERSION}, {"pid", ::getpid()}};
  };
  hooks.put_map = [](std::string_view) -> Status {
    return chat::base::fail(std::make_error_code(std::errc::not_supported),
                            "the operator writes the map, it takes none");
  };
  return hooks;
}

Operator::Operator(KubernetesFlags flags, kubernetes::Access access, chat::base::HostPort admin)
    : flags_(std::move(flags)),
      admin_address_(std::move(admin)),
      http_(io_.get_executor(), std::move(access), clock_),
      election_(http_, clock_, io_.get_executor(), {flags_.lease_namespace, kLease, identity_, {}, {}, {}}, log_),
      // Nobody is told this token: of the admin side only the probes and figures are for others.
      admin_(io_.get_executor(), log_, metrics_, chat::base::hex(chat::base::random_bytes(32)), hooks_of(identity_)) {}

Status Operator::start_admin() {
  auto port = admin_.listen(admin_address_);
  if (!port) return chat::base::fail(port.error());
  admin_.started();
  return {};
}

Task<> Operator::serve() {
  if (auto started = start_admin(); !started) {
    log_.error("not_started", {{"error", started.error().message}});
    exit_status_ = 1;
    io_.stop();
    co_return;
  }
  log_.info("started", {{"identity", identity_}, {"version", CHATCLUSTER_VERSION}, {"namespace", flags_.name_space}});
  election_task_.spawn("leader election", election_.run());
}

Task<> Operator::on_signal() {
  boost::system::error_code error;
  (void)co_await signals_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, error));
  if (error) co_return;
  log_.info("stopping", {{"pid", ::getpid()}});
  election_.stop();
  (void)co_await election_task_.idle(std::chrono::steady_clock::now() + kLastActs);
  co_await election_.release();
  io_.stop();
}

int Operator::run() {
  boost::asio::co_spawn(io_, on_signal(), boost::asio::detached);
  boost::asio::co_spawn(io_, serve(), boost::asio::detached);
  io_.run();
  log_.info("stopped", {{"pid", ::getpid()}});
  // As in local mode: whatever runs keeps running, and nothing of ours has to be written down first.
  std::fflush(nullptr);
  std::_Exit(exit_status_);
}

}  // namespace

std::vector<CLI::Option*> add_flags(CLI::App& app, KubernetesFlags& flags) {
  return {
      app.add_option("--kubeconfig", flags.kubeconfig, "how to reach the API server; without it as kubectl chooses"),
      app.add_option("--context", flags.context, "of the kubeconfig; without it the current one"),
      app.add_option("--namespace", flags.name_space, "whose ChatClusters are served: a namespace, or all"),
      app.add_option("--image", flags.image,
                     "of the daemons, where spec.image is empty; without it $CHATCLUSTER_IMAGE"),
      app.add_option("--lease-namespace", flags.lease_namespace,
                     "of the Lease that decides which operator acts; without it the operator's own"),
      app.add_option("--admin", flags.admin, "where /livez, /readyz and /metrics are answered")};
}

int run_on_kubernetes(KubernetesFlags flags) {
  const auto say = [](const std::string& sentence) {
    std::fprintf(stderr, "chat-operator: %s\n", sentence.c_str());
    return 2;
  };
  auto admin = chat::base::parse_host_port(flags.admin);
  if (!admin) return say("--admin: " + admin.error().message);
  auto access = kubernetes::find_access(flags.kubeconfig, flags.context, from_environment);
  if (!access) return say(access.error().message);
  if (flags.image.empty()) flags.image = from_environment("CHATCLUSTER_IMAGE");
  if (flags.lease_namespace.empty()) flags.lease_namespace = access->name_space;
  kubernetes::size_http_threads(kHttpThreads);
  return Operator(std::move(flags), std::move(*access), std::move(*admin)).run();
}

}  // namespace chatop::app
