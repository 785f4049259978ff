#include "operator/local/supervisor.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "operator/local/files.hpp"
#include "operator/local/identity.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/temp_dir.hpp"

namespace chatop::local {
namespace {

using chat::testing::eventually;
using namespace std::chrono_literals;

const char* const kLauncher = CHATCLUSTER_BINARY_DIR "/bin/chat-operator";

// A supervisor with its own folders; the processes it leaves behind are ended at the end of the test.
class Supervision : public ::testing::Test {
 protected:
  Supervision() {
    for (const auto& folder : {layout_.run(), layout_.logs()}) EXPECT_TRUE(make_directory(folder, 0755));
    supervisor_ = make();
  }
  ~Supervision() override {
    for (const auto& facts : supervisor_->all()) {
      if (facts.running) ::kill(static_cast<pid_t>(facts.pid), SIGKILL);
    }
    EXPECT_TRUE(eventually(io_, [this] { return nothing_runs(); }));
  }
  std::unique_ptr<Supervisor> make() {
    return std::make_unique<Supervisor>(io_.get_executor(), log_, layout_, kLauncher, [this] { ++changes_; });
  }
  bool nothing_runs() {
    for (const auto& facts : supervisor_->all()) {
      if (facts.running) return false;
    }
    return true;
  }
  static Launch shell(const std::string& name, const std::string& script) {
    Launch launch;
    launch.name = name;
    launch.config_hash = "hash";
    launch.command = {"/bin/sh", "-c", script};
    return launch;
  }
  std::optional<Identity> identity(const std::string& name) {
    auto text = read_file(layout_.identity(name));
    return text ? parse_identity(*text) : std::nullopt;
  }
  bool wait_identity(const std::string& name) {
    return eventually(io_, [&] {
      auto found = identity(name);
      return found && supervisor_->find(name) != nullptr && found->pid == supervisor_->find(name)->pid;
    });
  }
  bool wait_end(const std::string& name) {
    return eventually(io_, [&] { return !supervisor_->find(name)->running; });
  }

  chat::testing::TempDir dir_;
  boost::asio::io_context io_;
  chat::base::Log log_{"test", chat::base::Level::error};
  ClusterLayout layout_{dir_.path(), "demo"};
  int changes_ = 0;
  std::unique_ptr<Supervisor> supervisor_;
};

TEST_F(Supervision, WhatIsStartedKnowsItselfAndWritesToItsLog) {
  ASSERT_TRUE(supervisor_->start(shell("api-0", "echo hello; exec sleep 1000")));
  ASSERT_TRUE(wait_identity("api-0"));
  const auto written = identity("api-0");
  EXPECT_EQ(written->start_time, start_time_of(written->pid));
  EXPECT_EQ(written->boot_id, boot_id());
  EXPECT_EQ(written->config_hash, "hash");
  EXPECT_EQ(lock_holder(layout_.identity("api-0")), written->pid);
  EXPECT_EQ(::getsid(static_cast<pid_t>(written->pid)), written->pid);
  EXPECT_TRUE(eventually([this] { return last_lines(layout_.log("api-0"), 1) == std::vector<std::string>{"hello"}; }));
}

TEST_F(Supervision, AnEndIsNoticedAtOnceAndSaysHow) {
  ASSERT_TRUE(supervisor_->start(shell("api-0", "exit 7")));
  ASSERT_TRUE(wait_end("api-0"));
  EXPECT_EQ(supervisor_->find("api-0")->how_it_ended, "exited with status 7");
  EXPECT_EQ(supervisor_->find("api-0")->failures, 1U);
  EXPECT_EQ(changes_, 1);
  ASSERT_TRUE(supervisor_->start(shell("api-0", "exec sleep 1000")));
  EXPECT_EQ(supervisor_->find("api-0")->restarts, 1);
  ::kill(static_cast<pid_t>(supervisor_->find("api-0")->pid), SIGKILL);
  ASSERT_TRUE(wait_end("api-0"));
  EXPECT_EQ(supervisor_->find("api-0")->how_it_ended, "was killed by signal 9");
  EXPECT_EQ(supervisor_->find("api-0")->failures, 2U);
}

TEST_F(Supervision, TheNextOperatorAdoptsTheSameProcessAndSeesItEnd) {
  ASSERT_TRUE(supervisor_->start(shell("gateway-0", "exec sleep 1000")));
  ASSERT_TRUE(wait_identity("gateway-0"));
  const auto pid = supervisor_->find("gateway-0")->pid;
  supervisor_ = make();
  supervisor_->adopt_all();
  ASSERT_NE(supervisor_->find("gateway-0"), nullptr);
  EXPECT_TRUE(supervisor_->find("gateway-0")->running);
  EXPECT_EQ(supervisor_->find("gateway-0")->pid, pid);
  EXPECT_EQ(supervisor_->find("gateway-0")->config_hash, "hash");
  ::kill(static_cast<pid_t>(pid), SIGKILL);
  EXPECT_TRUE(wait_end("gateway-0"));
}

TEST_F(Supervision, AnIdentityWhosePidBelongsToAnotherAdoptsNothing) {
  Identity stale;
  stale.name = "gateway-0";
  stale.pid = ::getpid();  // alive, and not it
  stale.start_time = *start_time_of(::getpid());
  stale.boot_id = boot_id();
  stale.config_hash = "hash";
  stale.restarts = 3;
  ASSERT_TRUE(write_file(layout_.identity("gateway-0"), to_json(stale), 0644));
  supervisor_->adopt_all();
  ASSERT_NE(supervisor_->find("gateway-0"), nullptr);
  EXPECT_FALSE(supervisor_->find("gateway-0")->running);
  ASSERT_TRUE(supervisor_->start(shell("gateway-0", "exec sleep 1000")));
  ASSERT_TRUE(wait_identity("gateway-0"));
  EXPECT_EQ(identity("gateway-0")->restarts, 4);
}

TEST(IdentityProof, NeedsLockStartTimeAndBootToAgree) {
  Identity identity;
  identity.pid = 100;
  identity.start_time = 7;
  identity.boot_id = "boot";
  EXPECT_TRUE(proves({100, 7, "boot"}, identity));
  EXPECT_FALSE(proves({0, 7, "boot"}, identity));
  EXPECT_FALSE(proves({101, 7, "boot"}, identity));
  EXPECT_FALSE(proves({100, 8, "boot"}, identity));
  EXPECT_FALSE(proves({100, std::nullopt, "boot"}, identity));
  EXPECT_FALSE(proves({100, 7, "another"}, identity));
  identity.boot_id.clear();
  EXPECT_FALSE(proves({100, 7, ""}, identity));
}

TEST_F(Supervision, TwoOfOneNameCanNotLive) {
  ASSERT_TRUE(supervisor_->start(shell("worker-0", "exec sleep 1000")));
  ASSERT_TRUE(wait_identity("worker-0"));
  Launch second = shell("worker-0", "exec sleep 1000");
  second.identity = layout_.identity("worker-0");
  second.log = layout_.log("worker-0");
  const pid_t pid = spawn(kLauncher, second);
  ASSERT_GT(pid, 0);
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(WEXITSTATUS(status), kAlreadyRunning);
  EXPECT_EQ(identity("worker-0")->pid, supervisor_->find("worker-0")->pid);
}

TEST_F(Supervision, StartingWhatAnEarlierOperatorStartedAdoptsIt) {
  ASSERT_TRUE(supervisor_->start(shell("worker-0", "exec sleep 1000")));
  ASSERT_TRUE(wait_identity("worker-0"));
  const auto pid = supervisor_->find("worker-0")->pid;
  supervisor_ = make();  // knows of nothing
  ASSERT_TRUE(supervisor_->start(shell("worker-0", "exec sleep 1000")));
  EXPECT_EQ(supervisor_->find("worker-0")->pid, pid);
}

TEST_F(Supervision, StopWaitsForAProcessThatEndsByItself) {
  ASSERT_TRUE(
      supervisor_->start(shell("api-0", "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done")));
  ASSERT_TRUE(eventually(io_, [this] { return !last_lines(layout_.log("api-0"), 1).empty(); }));
  auto stopped = chat::testing::run_task(io_, supervisor_->stop("api-0", {{SIGTERM, 10s}}));
  ASSERT_TRUE(stopped) << stopped.error().message;
  EXPECT_EQ(last_lines(layout_.log("api-0"), 1).front(), "bye");
  EXPECT_EQ(supervisor_->find("api-0")->failures, 0U);
  EXPECT_FALSE(std::filesystem::exists(layout_.identity("api-0")));
}

TEST_F(Supervision, StopKillsWhoDoesNotListen) {
  ASSERT_TRUE(supervisor_->start(shell("api-0", "trap '' TERM; echo up; while :; do sleep 0.05; done")));
  ASSERT_TRUE(eventually(io_, [this] { return !last_lines(layout_.log("api-0"), 1).empty(); }));
  auto stopped = chat::testing::run_task(io_, supervisor_->stop("api-0", {{SIGTERM, 200ms}}));
  ASSERT_TRUE(stopped) << stopped.error().message;
  EXPECT_FALSE(supervisor_->find("api-0")->running);
}

TEST_F(Supervision, AKilledHangCountsAsAnEndOfItsOwn) {
  ASSERT_TRUE(supervisor_->start(shell("api-0", "exec sleep 1000")));
  ASSERT_TRUE(wait_identity("api-0"));
  ASSERT_TRUE(chat::testing::run_task(io_, supervisor_->stop("api-0", {})));
  EXPECT_EQ(supervisor_->find("api-0")->failures, 1U);
  EXPECT_GT(supervisor_->find("api-0")->ended_ms, 0);
}

TEST_F(Supervision, AChildHasNothingOfTheOperatorsOpen) {
  const int fd = ::open("/dev/null", O_RDONLY);  // without close-on-exec
  ASSERT_TRUE(supervisor_->start(shell("api-0", "ls -l /proc/self/fd; exec sleep 1000")));
  ASSERT_TRUE(wait_identity("api-0"));
  std::string listing;
  ASSERT_TRUE(eventually(io_, [&] {
    listing.clear();
    for (const auto& line : last_lines(layout_.log("api-0"), 20)) listing += line + "\n";
    return listing.find(" 3 ->") != std::string::npos;
  }));
  EXPECT_NE(listing.find("api-0.json"), std::string::npos) << listing;  // its lock
  EXPECT_EQ(listing.find("socket:"), std::string::npos) << listing;
  EXPECT_NE(listing.find("0 -> /dev/null"), std::string::npos) << listing;
  ::close(fd);
}

TEST_F(Supervision, AProgramThatIsNotThereSaysSoInItsLog) {
  Launch launch = shell("api-0", "");
  launch.command = {"/nowhere/chat-api"};
  ASSERT_TRUE(supervisor_->start(launch));
  ASSERT_TRUE(wait_end("api-0"));
  EXPECT_EQ(supervisor_->find("api-0")->how_it_ended, "exited with status 126");
  EXPECT_NE(last_lines(layout_.log("api-0"), 1).front().find("/nowhere/chat-api"), std::string::npos);
}

}  // namespace
}  // namespace chatop::local
