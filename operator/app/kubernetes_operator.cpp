// chat-operator on Kubernetes: wiring.
#include "operator/app/kubernetes_operator.hpp"

#include <malloc.h>
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
#include "dataplane/base/environment.hpp"
#include "dataplane/io/http/admin.hpp"
#include "operator/app/take_no_map.hpp"
#include "operator/controllers/operator_loop.hpp"
#include "operator/daemons/http_data_plane.hpp"
#include "operator/kubernetes/client/cpprest_http.hpp"
#include "operator/kubernetes/client/kinds.hpp"
#include "operator/kubernetes/control/leader_election.hpp"
#include "operator/kubernetes/platform/kubernetes_platform.hpp"
#include "operator/kubernetes/platform/trim.hpp"
#include "operator/local/layout.hpp"
#include "operator/settings/generated_secrets.hpp"
#include "operator/shards/postgres_shard_admin.hpp"

namespace chatop::app {
namespace {

using namespace std::chrono_literals;
using chat::base::Status;
using chat::base::Task;

constexpr std::size_t kHttpThreads = 4;
constexpr std::size_t kPoolThreads = 8;
constexpr std::size_t kPoolQueue = 4096;
constexpr std::size_t kWritesAtOnce = 16;
constexpr std::size_t kBeginAtOnce = 32;  // ChatClusters
constexpr auto kLastActs = 5s;
constexpr auto kLookAgain = 1s;   // at the Lease, should nothing wake us
constexpr auto kDocuments = 60s;  // what changes of them wakes us
constexpr auto kRest = 5s;
constexpr auto kShare = 500ms;  // so that 1,000 clusters are asked about once in eight minutes each
constexpr auto kGiveBack = 30s;
constexpr int kArenas = 2;  // of malloc: each keeps what it was once given

// The Pod's name (which is its host's) and something random: two processes of one Pod are two candidates.
std::string identity() {
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  return std::string(host) + "_" + chat::base::hex(chat::base::random_bytes(4));
}

// Everything of one run, made in the order it needs each other.
class Operator {
 public:
  Operator(KubernetesFlags flags, kubernetes::Access access, chat::base::HostPort admin,
           std::vector<shards::Migration> migrations);
  int run();

 private:
  Task<> serve();
  Task<> lead();
  Task<> find_image();
  Task<> give_memory_back();
  Task<> on_signal();
  Status start_admin();
  [[nodiscard]] kubernetes::LeaderElection::Options election_options();
  [[nodiscard]] chat::io::http::AdminHooks hooks();
  [[nodiscard]] std::string not_ready() const;
  [[nodiscard]] controllers::Environment controllers_environment();
  void wake() { alarm_.cancel(); }

  KubernetesFlags flags_;
  chat::base::HostPort admin_address_;
  chat::base::Log log_{"chat-operator"};
  chat::base::Metrics metrics_;
  chat::base::SystemClock clock_;
  boost::asio::io_context io_;
  boost::asio::signal_set signals_{io_, SIGTERM, SIGINT};
  boost::asio::steady_timer alarm_{io_};
  boost::asio::steady_timer give_back_{io_};
  chat::base::BlockingPool pool_{"operator", kPoolThreads, kPoolQueue};
  std::string identity_ = identity();
  std::string name_space_;
  kubernetes::CpprestHttp http_;
  kubernetes::LeaderElection election_;
  kubernetes::Client client_;
  kubernetes::EventRecorder events_;
  kubernetes::Caches caches_;
  kubernetes::KubernetesStore store_;
  chat::base::Turns keys_{io_.get_executor(), 1};
  chat::base::Turns beginnings_{io_.get_executor(), kBeginAtOnce};
  daemons::HttpDataPlane data_plane_{io_.get_executor(), log_};
  shards::PostgresShardAdmin shard_admin_;
  kubernetes::KubernetesEnvironment kubernetes_;
  controllers::Environment environment_;
  std::optional<controllers::OperatorLoop> loop_;  // while we lead
  chat::base::TaskGroup tasks_{io_.get_executor()};
  chat::base::TaskGroup election_task_{io_.get_executor()};
  chat::io::http::Admin admin_;
  bool stopping_ = false;
  int exit_status_ = 0;
};

kubernetes::LeaderElection::Options Operator::election_options() {
  return {flags_.lease_namespace, kubernetes::objects::kOperatorLease, identity_, {}, [this](std::int64_t) { wake(); },
          [this] { wake(); }};
}

chat::io::http::AdminHooks Operator::hooks() {
  chat::io::http::AdminHooks hooks;
  hooks.not_ready = [this] { return not_ready(); };
  hooks.status = [this] {
    return nlohmann::json{{"name", identity_},
                          {"role", "operator"},
                          {"version", CHATCLUSTER_VERSION},
                          {"pid", ::getpid()},
                          {"leads", election_.leads()}};
  };
  hooks.put_map = take_no_map;
  return hooks;
}

// One that does not lead is ready to: it has read everything.
std::string Operator::not_ready() const { return store_.synced() ? "" : "the API server is being read"; }

controllers::Environment Operator::controllers_environment() {
  controllers::Environment environment{io_.get_executor(),
                                       log_,
                                       metrics_,
                                       clock_,
                                       store_,
                                       data_plane_,
                                       shard_admin_,
                                       [this](const std::string& key, std::function<void()> changed) {
                                         return std::make_unique<kubernetes::KubernetesPlatform>(kubernetes_, key,
                                                                                                 std::move(changed));
                                       },
                                       CHATCLUSTER_VERSION};
  environment.pace = {kDocuments, kRest, kShare};
  environment.may_act = [this] { return election_.leads(); };
  environment.beginnings = &beginnings_;
  return environment;
}

Operator::Operator(KubernetesFlags flags, kubernetes::Access access, chat::base::HostPort admin,
                   std::vector<shards::Migration> migrations)
    : flags_(std::move(flags)),
      admin_address_(std::move(admin)),
      name_space_(flags_.name_space == "all" ? "" : flags_.name_space),
      http_(io_.get_executor(), std::move(access), clock_),
      election_(http_, clock_, io_.get_executor(), election_options(), log_),
      client_(http_, clock_, io_.get_executor(),
              {.writes_at_once = kWritesAtOnce, .writes_until = [this] { return election_.writes_until(); }}),
      events_(client_, clock_, io_.get_executor(), identity_, log_),
      caches_(client_, io_.get_executor(), name_space_, log_),
      store_({client_, events_, log_, [this] { return caches_.synced(); },
              [this] {
                if (loop_) loop_->wake();
              }},
             io_.get_executor(), name_space_),
      shard_admin_(pool_, std::move(migrations)),
      kubernetes_{io_.get_executor(),
                  log_,
                  clock_,
                  client_,
                  caches_,
                  store_,
                  pool_,
                  keys_,
                  flags_.image,
                  CHATCLUSTER_VERSION,
                  flags_.lease_namespace},
      environment_(controllers_environment()),
      // Nobody is told this token: of the admin side only the probes and figures are for others.
      admin_(
          io_.get_executor(), log_, metrics_, [token = settings::random_secret()] { return token; }, hooks()) {}

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
  co_await find_image();
  caches_.start([this] {
    if (loop_) loop_->wake();
  });
  store_.start();
  tasks_.spawn("events", events_.run());
  tasks_.spawn("lead", lead());
  tasks_.spawn("memory", give_memory_back());
  election_task_.spawn("leader election", election_.run());
}

// Without another word the daemons are of our own image.
Task<> Operator::find_image() {
  const auto pod = identity_.substr(0, identity_.rfind('_'));
  while (kubernetes_.image.empty() && !stopping_) {
    kubernetes::ObjectRef place{kubernetes::kinds::kPod, flags_.lease_namespace, pod};
    auto found = co_await client_.get(std::move(place));
    if (found) kubernetes_.image = kubernetes::image_of(*found);
    if (!kubernetes_.image.empty()) break;
    log_.warn("own_image_not_known", {{"pod", pod}, {"what", found ? "it names none" : found.error().message}});
    (void)co_await chat::base::sleep_until(alarm_, std::chrono::steady_clock::now() + kLookAgain);
  }
}

// Lists are large while they are read, and little of them stays.
Task<> Operator::give_memory_back() {
  while (!stopping_) {
    (void)co_await chat::base::sleep_until(give_back_, std::chrono::steady_clock::now() + kGiveBack);
    ::malloc_trim(0);
  }
}

// While we lead there is a loop; without the Lease there is none, and the caches stay warm.
Task<> Operator::lead() {
  auto& leads = metrics_.gauge("chat_operator_leads", "1 where this operator acts, 0 where it waits for its turn");
  while (!stopping_) {
    if (!election_.leads()) {
      (void)co_await chat::base::sleep_until(alarm_, std::chrono::steady_clock::now() + kLookAgain);
      continue;
    }
    leads.Set(1);
    loop_.emplace(environment_);
    chat::base::TaskGroup running(io_.get_executor());
    running.spawn("controllers", loop_->run());
    while (!stopping_ && election_.leads())
      (void)co_await chat::base::sleep_until(alarm_, std::chrono::steady_clock::now() + kLookAgain);
    leads.Set(0);
    const auto deadline = std::chrono::steady_clock::now() + kLastActs;
    co_await loop_->close(deadline);
    if (!loop_->is_idle() || !co_await running.idle(deadline)) {
      // What still runs could act beside the next leader.
      log_.error("acts_not_ended", {});
      std::fflush(nullptr);
      std::_Exit(1);
    }
    loop_.reset();
  }
}

Task<> Operator::on_signal() {
  boost::system::error_code error;
  (void)co_await signals_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, error));
  if (error) co_return;
  log_.info("stopping", {{"pid", ::getpid()}});
  stopping_ = true;
  wake();
  give_back_.cancel();
  events_.stop();
  const bool ended = co_await tasks_.idle(std::chrono::steady_clock::now() + kLastActs + 1s);
  election_.stop();
  (void)co_await election_task_.idle(std::chrono::steady_clock::now() + kLastActs);
  if (ended) co_await election_.release();
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
                     "of the daemons, where spec.image is empty; without it $CHATCLUSTER_IMAGE, else our own"),
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
  auto access = kubernetes::find_access(flags.kubeconfig, flags.context, chat::base::environment);
  if (!access) return say(access.error().message);
  if (flags.image.empty()) flags.image = chat::base::environment("CHATCLUSTER_IMAGE");
  if (flags.image.empty() && !access->context.empty())
    return say("the image of the daemons is not known: give --image or $CHATCLUSTER_IMAGE, spec.image goes before it");
  if (flags.lease_namespace.empty()) flags.lease_namespace = access->name_space;
  auto migrations = shards::load_migrations(local::Installation::of_this_program().migrations);
  if (!migrations) return say(migrations.error().message);
  ::mallopt(M_ARENA_MAX, kArenas);
  kubernetes::size_http_threads(kHttpThreads);
  return Operator(std::move(flags), std::move(*access), std::move(*admin), std::move(*migrations)).run();
}

}  // namespace chatop::app
