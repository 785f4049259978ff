#include "operator/daemons/redis_probe.hpp"

#include <gmock/gmock.h>

#include <ctime>

#include "tests/support/certificates.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/run_task.hpp"

namespace chatop::daemons {
namespace {

using chat::testing::RedisServer;
using chat::testing::run_task;
namespace tls = chat::io::tls;

class RedisProbeTest : public ::testing::Test {
 protected:
  ~RedisProbeTest() override { run_task(io_, probe_.stop()); }
  ports::RedisReport ask(chat::base::HostPort where, std::string password, ports::Trust trust = {}) {
    return ask(probe_, {std::move(where), std::move(password), std::move(trust)});
  }
  ports::RedisReport ask(RedisProbe& probe, RedisAccess access) { return run_task(io_, probe.ask(std::move(access))); }
  bool takes(const RedisServer& server, const std::string& password) {
    RedisProbe somebody(io_.get_executor(), log_);
    const bool answers = ask(somebody, {server.host_port(), password}).answers;
    run_task(io_, somebody.stop());
    return answers;
  }
  boost::asio::io_context io_;
  chat::base::Log log_{"test", static_cast<chat::base::Level>(9)};  // refusals are what this is about
  RedisProbe probe_{io_.get_executor(), log_};
};

TEST_F(RedisProbeTest, GoesOnWithAPasswordThatWasChanged) {
  RedisServer server("first");
  EXPECT_TRUE(ask(server.host_port(), "first").answers);
  EXPECT_FALSE(ask(server.host_port(), "second").answers);
  auto options = server.options();
  chat::io::redis::Client client(io_.get_executor(), log_, options);
  client.start();
  ASSERT_TRUE(chat::testing::eventually(io_, [&] { return client.connected(); }));
  std::vector<std::string> change{"CONFIG", "SET", "requirepass", "second"};
  ASSERT_TRUE(run_task(io_, client.command(std::move(change))));
  run_task(io_, client.stop());
  EXPECT_TRUE(chat::testing::eventually(io_, [&] { return ask(server.host_port(), "second").answers; }));
}

TEST_F(RedisProbeTest, TellsTheNewPasswordAndLetsTheEarlierOneCountUntilAllHaveTheNewOne) {
  RedisServer server("first");
  const RedisAccess changed{server.host_port(), "second", {}, "first"};
  EXPECT_TRUE(ask(probe_, changed).answers);
  EXPECT_TRUE(ask(probe_, changed).answers);
  EXPECT_TRUE(takes(server, "first")) << "daemons that have not read the new one yet";
  EXPECT_TRUE(takes(server, "second"));
  // Whoever comes later finds it done, and ends what the earlier one opens; time has passed for this one.
  RedisProbe later(io_.get_executor(), log_, std::chrono::seconds(0));
  EXPECT_TRUE(ask(later, changed).answers);
  EXPECT_FALSE(takes(server, "first"));
  EXPECT_TRUE(takes(server, "second"));
  EXPECT_TRUE(ask(later, changed).answers);
  run_task(io_, later.stop());
}

TEST_F(RedisProbeTest, TellsItAgainWhereRedisBeganAnewWithTheEarlierOne) {
  RedisServer server("first");
  const RedisAccess changed{server.host_port(), "second", {}, "first"};
  EXPECT_TRUE(ask(probe_, changed).answers);
  server.kill9();
  EXPECT_FALSE(ask(probe_, changed).answers);
  server.start();
  EXPECT_TRUE(chat::testing::eventually(io_, [&] { return ask(probe_, changed).answers; }));
  EXPECT_TRUE(takes(server, "second"));
  EXPECT_FALSE(takes(server, "third"));
}

TEST_F(RedisProbeTest, TrustsTheClustersCaAloneAndHasARenewedCertificateRead) {
  const chat::testing::Authority authority;
  const chat::testing::TlsFiles files(authority.issue({"daemon.demo"}), authority.certificate());
  const auto port = chat::testing::free_port();
  RedisServer server("secret",
                     {"--tls-port", std::to_string(port), "--tls-cert-file", files.files().certificate.string(),
                      "--tls-key-file", files.files().key.string(), "--tls-auth-clients", "no"});
  const chat::base::HostPort there{"127.0.0.1", port};
  const std::int64_t just_now = std::time(nullptr);
  const auto long_ago = just_now - 2 * ports::kFilesReachSeconds;
  EXPECT_TRUE(ask(there, "secret", {authority.certificate(), "daemon.demo", long_ago}).answers);
  EXPECT_FALSE(ask(there, "secret", {chat::testing::Authority().certificate(), "daemon.demo", long_ago}).answers);
  EXPECT_FALSE(ask(there, "secret", {authority.certificate(), "daemon.other", long_ago}).answers);
  EXPECT_FALSE(ask(server.host_port(), "secret", {authority.certificate(), "daemon.demo", long_ago}).answers);

  // Another one lies there; Redis shows it when it has been told.
  const chat::testing::Authority next;
  files.put(next.issue({"daemon.demo"}), next.certificate());
  const auto both = authority.certificate() + next.certificate();
  EXPECT_TRUE(ask(there, "secret", {both, "daemon.demo", just_now}).answers);  // it may not have reached Redis yet
  EXPECT_FALSE(ask(there, "secret", {next.certificate(), "daemon.demo", just_now}).answers);
  EXPECT_TRUE(ask(there, "secret", {both, "daemon.demo", long_ago + 1}).answers);
  EXPECT_TRUE(ask(there, "secret", {next.certificate(), "daemon.demo", long_ago + 1}).answers);
}

}  // namespace
}  // namespace chatop::daemons
