// LocalPlatform with a real PostgreSQL: what only the real one does.
#include "operator/local/local_platform.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "dataplane/io/postgres/connection.hpp"
#include "operator/local/orphans.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/temp_dir.hpp"

namespace chatop::local {
namespace {

using chat::io::postgres::Connection;
using chat::testing::eventually;
using chat::testing::run_task;
using ports::Role;
using namespace std::chrono_literals;

// One data directory for all tests: making one takes longest.
class Platform : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { folder = std::make_unique<chat::testing::TempDir>(); }
  static void TearDownTestSuite() { folder.reset(); }
  Platform() {
    shard_.name = "shard-0";
    shard_.role = Role::shard;
    shard_.version = "1";
    shard_.max_connections = 20;
    make();
  }
  ~Platform() override { EXPECT_TRUE(run_task(io_, platform_->stop("shard-0", 15s))); }
  void make() {
    platform_ = std::make_unique<LocalPlatform>(environment_, "demo", [] {});
    auto prepared = run_task(io_, platform_->prepare_cluster(), 60s);
    ASSERT_TRUE(prepared) << prepared.error().message;
    prepared = run_task(io_, platform_->prepare(shard_), 120s);
    ASSERT_TRUE(prepared) << prepared.error().message;
  }
  void start() {
    auto started = run_task(io_, platform_->start(shard_));
    ASSERT_TRUE(started) << started.error().message;
    ASSERT_TRUE(eventually(
        io_, [this] { return answers(); }, 20s));
  }
  Connection connection(std::chrono::milliseconds statement_time = 5s) {
    const auto access = platform_->shard_access("shard-0").value();
    chat::io::postgres::Target target;
    target.host = access.address.host;
    target.port = access.address.port;
    target.user = access.superuser;
    target.password = access.superuser_password;
    target.database = "postgres";
    target.statement_timeout = statement_time;
    return Connection(target);
  }
  bool answers() { return connection().execute("select 1").has_value(); }
  ports::ProcessView view() { return platform_->observe({shard_}).processes.at(0); }

  static inline std::unique_ptr<chat::testing::TempDir> folder;
  const chat::testing::TempDir& dir_ = *folder;
  boost::asio::io_context io_;
  chat::base::Log log_{"test", chat::base::Level::error};
  chat::base::BlockingPool pool_{"test", 2, 10};
  LocalEnvironment environment_{io_.get_executor(),
                                log_,
                                pool_,
                                dir_.path(),
                                {CHATCLUSTER_BINARY_DIR "/bin", "/", "/"},
                                CHATCLUSTER_BINARY_DIR "/bin/chat-operator"};
  ports::ProcessSpec shard_;
  std::unique_ptr<LocalPlatform> platform_;
};

TEST_F(Platform, AShardAsksForItsPasswordAndKeepsItsSettings) {
  start();
  auto good = connection();
  auto settings = good.execute(
      "select current_setting('fsync'), current_setting('synchronous_commit'), current_setting('max_connections'), "
      "current_setting('listen_addresses'), current_setting('unix_socket_directories'), "
      "current_setting('data_checksums')");
  ASSERT_TRUE(settings) << settings.error().message;
  const std::vector<std::string> wanted{"on", "on", "20", "127.0.0.1", "", "on"};
  for (std::size_t i = 0; i < wanted.size(); ++i)
    EXPECT_EQ((*settings)[0][static_cast<pqxx::row::size_type>(i)].as<std::string>(), wanted[i]);
  auto target = good.target();
  target.password = "wrong";
  EXPECT_FALSE(Connection(target).execute("select 1"));
  EXPECT_EQ(view().running_hash, view().wanted_hash);
  shard_.max_connections = 30;
  EXPECT_NE(view().running_hash, view().wanted_hash);
}

TEST_F(Platform, AKilledShardComesBackAlthoughABackendStillComputes) {
  start();
  std::thread busy([this] { (void)connection(60s).execute("select count(*) from generate_series(1, 2000000000)"); });
  ASSERT_TRUE(eventually(io_, [this] {
    auto rows = connection().execute(
        "select count(*) from pg_stat_activity where query like '%2000000000%' and state = 'active'");
    return rows && (*rows)[0][0].as<int>() >= 2;  // it, and this question
  }));
  ::kill(static_cast<pid_t>(view().pid), SIGKILL);
  ASSERT_TRUE(eventually(io_, [this] { return !view().running; }));
  EXPECT_EQ(view().failures, 1U);
  start();
  busy.join();
}

TEST_F(Platform, APortThatSomebodyElseTookIsReplacedAtTheStart) {
  const auto before = view().address.port;
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;  // connections of the test before may still linger there
  ASSERT_EQ(::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(before);
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(fd, 1), 0);
  start();
  EXPECT_NE(view().address.port, before);
  ::close(fd);
}

TEST_F(Platform, TheNextPlatformAdoptsTheShardAndRemembersWhatWasDecided) {
  start();
  const auto pid = view().pid;
  ports::Memory memory{"{}", {{"gateway-3", 1234}}};
  ASSERT_TRUE(run_task(io_, platform_->remember(memory)));
  make();
  EXPECT_EQ(view().pid, pid);
  EXPECT_TRUE(view().running);
  EXPECT_EQ(view().running_hash, view().wanted_hash);
  EXPECT_EQ(platform_->memory(), memory);
}

TEST_F(Platform, DataOutlivesADeletionThatKeepsIt) {
  start();
  ASSERT_TRUE(connection().execute("create table if not exists kept (x int)"));
  EXPECT_FALSE(run_task(io_, platform_->remove(true)));  // not while it runs
  ASSERT_TRUE(run_task(io_, platform_->stop("shard-0", 15s)));
  ASSERT_TRUE(run_task(io_, platform_->remove(true), 30s));
  make();
  start();
  EXPECT_TRUE(connection().execute("select * from kept"));
}

TEST_F(Platform, ADeletionThatKeepsNothingLeavesNothing) {
  ASSERT_TRUE(run_task(io_, platform_->remove(false)));
  EXPECT_FALSE(std::filesystem::exists(dir_.path() / "clusters" / "demo"));
  make();
}

TEST_F(Platform, HalfAnInitialisationIsMadeAgain) {
  const ClusterLayout layout(dir_.path(), "demo");
  std::filesystem::rename(layout.data("shard-0"), layout.postgres() / "shard-0.new1");
  std::filesystem::remove(layout.postgres() / "shard-0.new1" / "PG_VERSION");
  EXPECT_FALSE(view().prepared);
  ASSERT_TRUE(run_task(io_, platform_->prepare(shard_), 120s));
  EXPECT_TRUE(view().prepared);
  EXPECT_FALSE(std::filesystem::exists(layout.postgres() / "shard-0.new1"));
  start();
}

}  // namespace
}  // namespace chatop::local
