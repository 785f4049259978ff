// chat-operator --local DIR: wiring.
#include "operator/app/local_operator.hpp"

#include <unistd.h>
#include <utility>  // before Asio, see dataplane/base/task.hpp

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "dataplane/io/http/admin.hpp"
#include "operator/app/take_no_map.hpp"
#include "operator/controllers/operator_loop.hpp"
#include "operator/daemons/http_data_plane.hpp"
#include "operator/local/directory_store.hpp"
#include "operator/local/directory_watch.hpp"
#include "operator/local/files.hpp"
#include "operator/local/local_platform.hpp"
#include "operator/local/operator_lock.hpp"
#include "operator/settings/generated_secrets.hpp"
#include "operator/shards/postgres_shard_admin.hpp"

namespace chatop::app {
namespace {

using namespace std::chrono_literals;
using chat::base::Status;
using chat::base::Task;

constexpr std::size_t kPoolThreads = 4;
constexpr std::size_t kPoolQueue = 256;
constexpr auto kDownTime = 120s;

// Everything of one run, made in the order it needs each other.
class Operator {
 public:
  Operator(const LocalFlags& flags, std::vector<shards::Migration> migrations);
  int run();

 private:
  Task<> serve();
  Task<> take_down();
  Task<> on_signal();
  Status start_admin();
  [[nodiscard]] std::vector<std::string> cluster_folders() const;

  LocalFlags flags_;
  chat::base::Log log_{"chat-operator"};
  chat::base::Metrics metrics_;
  chat::base::SystemClock clock_;
  boost::asio::io_context io_;
  boost::asio::signal_set signals_{io_, SIGTERM, SIGINT};
  chat::base::BlockingPool pool_{"operator", kPoolThreads, kPoolQueue};
  local::ResourceDirectory directory_;
  local::DirectoryStore store_;
  daemons::HttpDataPlane data_plane_{io_.get_executor(), log_};
  shards::PostgresShardAdmin shard_admin_;
  local::LocalEnvironment local_;
  controllers::Environment environment_;
  controllers::OperatorLoop loop_;
  local::DirectoryWatch watch_;
  std::optional<chat::io::http::Admin> admin_;
  int exit_status_ = 0;
};

Operator::Operator(const LocalFlags& flags, std::vector<shards::Migration> migrations)
    : flags_(flags),
      directory_(flags.directory),
      store_(directory_),
      shard_admin_(pool_, std::move(migrations)),
      local_{io_.get_executor(), log_, pool_, flags.directory, local::Installation::of_this_program(),
             "/proc/self/exe"},
      environment_{io_.get_executor(),
                   log_,
                   metrics_,
                   clock_,
                   store_,
                   data_plane_,
                   shard_admin_,
                   [this](std::string cluster, std::function<void()> changed) {
                     return std::make_unique<local::LocalPlatform>(local_, std::move(cluster), std::move(changed));
                   },
                   CHATCLUSTER_VERSION},
      loop_(environment_),
      watch_(io_.get_executor(), [this] { loop_.wake(); }) {}

std::vector<std::string> Operator::cluster_folders() const {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(flags_.directory / "clusters", error))
    names.push_back(entry.path().filename().string());
  return names;
}

Status Operator::start_admin() {
  const auto token_file = flags_.directory / "operator.token";
  std::error_code error;
  if (!std::filesystem::exists(token_file, error)) {
    if (auto ok = local::write_file(token_file, settings::random_secret() + "\n", 0600); !ok) return ok;
  }
  auto token = chat::base::read_secret(token_file);
  if (!token) return chat::base::fail(token.error());
  chat::io::http::AdminHooks hooks;
  hooks.not_ready = [this] { return loop_.has_decided() ? std::string() : std::string("the clusters are being read"); };
  hooks.status = [] {
    return nlohmann::json{
        {"name", "chat-operator"}, {"role", "operator"}, {"version", CHATCLUSTER_VERSION}, {"pid", ::getpid()}};
  };
  hooks.put_map = take_no_map;
  admin_.emplace(
      io_.get_executor(), log_, metrics_, [token = *token] { return token; }, std::move(hooks));
  auto port = admin_->listen({"127.0.0.1", 0});
  if (!port) return chat::base::fail(port.error());
  admin_->started();
  const nlohmann::json facts = {{"pid", ::getpid()},
                                {"admin", "127.0.0.1:" + std::to_string(*port)},
                                {"version", CHATCLUSTER_VERSION},
                                {"started_at", chat::base::rfc3339(clock_.now_milliseconds())}};
  return local::write_file(flags_.directory / "operator.json", facts.dump(2) + "\n", 0644);
}

Task<> Operator::serve() {
  auto started = start_admin();
  if (started) started = watch_.watch(directory_.folder());
  if (!started) {
    log_.error("not_started", {{"error", started.error().message}});
    exit_status_ = 1;
    io_.stop();
    co_return;
  }
  log_.info("started",
            {{"directory", flags_.directory.string()}, {"version", CHATCLUSTER_VERSION}, {"pid", ::getpid()}});
  co_await loop_.run();
}

Task<> Operator::take_down() {
  const bool gone = co_await loop_.stop_everything(cluster_folders(), std::chrono::steady_clock::now() + kDownTime);
  if (!gone) {
    log_.error("not_everything_ended", {{"waited_seconds", static_cast<std::int64_t>(kDownTime.count())}});
    exit_status_ = 1;
  }
  io_.stop();
}

Task<> Operator::on_signal() {
  constexpr auto kLastActs = 5s;
  boost::system::error_code error;
  (void)co_await signals_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, error));
  if (error) co_return;
  log_.info("stopping", {{"pid", ::getpid()}});
  co_await loop_.close(std::chrono::steady_clock::now() + kLastActs);
  io_.stop();
}

int Operator::run() {
  boost::asio::co_spawn(io_, on_signal(), boost::asio::detached);
  boost::asio::co_spawn(io_, flags_.down ? take_down() : serve(), boost::asio::detached);
  io_.run();
  log_.info("stopped", {{"pid", ::getpid()}});
  // Acts that still wait for something are given up here: whatever runs keeps running, and the next operator reads what
  // there is. Nothing of ours has to be written down first.
  std::fflush(nullptr);
  std::_Exit(exit_status_);
}

}  // namespace

int run_local(const LocalFlags& flags) {
  const auto say = [](const std::string& sentence) {
    std::fprintf(stderr, "chat-operator: %s\n", sentence.c_str());
    return 1;
  };
  const local::ResourceDirectory resources(flags.directory);
  if (auto made = local::make_directory(flags.directory, 0755); !made) return say(made.error().message);
  if (auto made = resources.create_folders(); !made) return say(made.error().message);
  auto lock = local::OperatorLock::take(flags.directory);
  if (!lock) return say(lock.error().message);
  auto migrations = shards::load_migrations(local::Installation::of_this_program().migrations);
  if (!migrations && !flags.down) return say(migrations.error().message);
  std::vector<shards::Migration> files;
  if (migrations) files = std::move(*migrations);
  return Operator(flags, std::move(files)).run();
}

}  // namespace chatop::app
