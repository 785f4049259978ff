#include "dataplane/io/redis/client.hpp"

#include <gmock/gmock.h>

#include "tests/support/eventually.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/temp_dir.hpp"

namespace chat::io::redis {
namespace {

using chat::testing::eventually;
using chat::testing::RedisServer;
using chat::testing::run_task;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using ::testing::HasSubstr;

class ClientTest : public ::testing::Test {
 protected:
  ~ClientTest() override {
    if (client_) run_task(io_, client_->stop());
  }
  void connect(Options options) {
    client_.emplace(io_.get_executor(), log_, std::move(options));
    client_->start();
    ASSERT_TRUE(eventually(io_, [this] { return client_->connected(); }));
  }
  base::Result<Reply> command(std::vector<std::string> arguments) {
    return run_task(io_, client_->command(std::move(arguments)));
  }

  RedisServer server_{"the password"};
  base::Log log_{"test", base::Level::error};
  boost::asio::io_context io_;
  std::optional<Client> client_;
};

TEST_F(ClientTest, APasswordOfAFileIsReadForEachConnection) {
  const chat::testing::TempDir dir;
  auto options = server_.options();
  options.password = "an older one";
  options.password_file = dir.write("password", "the password\n");
  connect(options);
  ASSERT_TRUE(command({"CONFIG", "SET", "requirepass", "the next one"}));
  static_cast<void>(dir.write("password", "the next one\n"));
  ASSERT_TRUE(command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no"}));
  ASSERT_TRUE(eventually(io_, [this] { return !client_->connected(); }));
  ASSERT_TRUE(eventually(io_, [this] { return client_->connected(); }));
  EXPECT_TRUE(command({"PING"}));
}

TEST_F(ClientTest, RepliesKeepTheirKinds) {
  connect(server_.options());
  const std::string binary("a\r\n\0ä", 6);
  EXPECT_EQ(command({"SET", "k", binary})->string, "OK");
  EXPECT_EQ(command({"GET", "k"})->string, binary);
  EXPECT_EQ(command({"INCR", "n"})->integer, 1);
  EXPECT_EQ(command({"GET", "none"})->kind, Reply::Kind::nil);
  ASSERT_TRUE(command({"RPUSH", "l", "a", "b"}));
  auto list = command({"LRANGE", "l", "0", "-1"});
  ASSERT_EQ(list->array.size(), 2u);
  EXPECT_EQ(list->array[1].string, "b");
  auto wrong = command({"INCR", "k"});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Errc::error_reply);
  EXPECT_THAT(wrong.error().message, HasSubstr("not an integer"));
}

TEST_F(ClientTest, ThousandsInFlightAreAnsweredInOrder) {
  connect(server_.options());
  std::vector<std::int64_t> answers;
  for (int i = 0; i < 20'000; ++i)
    client_->command({"INCR", "n"},
                     [&](const base::Result<Reply>& reply) { answers.push_back(reply ? reply->integer : -1); });
  EXPECT_TRUE(answers.empty());  // never from inside the call
  ASSERT_TRUE(eventually(io_, [&] { return answers.size() == 20'000; }));
  for (std::size_t i = 0; i < answers.size(); ++i) ASSERT_EQ(answers[i], static_cast<std::int64_t>(i) + 1);
}

TEST_F(ClientTest, MoreThanMayBeInFlightFailsAtOnce) {
  auto options = server_.options();
  options.max_in_flight = 2;
  connect(options);
  int ok = 0;
  int full = 0;
  for (int i = 0; i < 5; ++i) {
    client_->command({"PING"}, [&](const base::Result<Reply>& reply) {
      if (reply) ++ok;
      if (!reply && reply.error().code == Errc::full) ++full;
    });
  }
  ASSERT_TRUE(eventually(io_, [&] { return ok + full == 5; }));
  EXPECT_EQ(ok, 2);
}

TEST_F(ClientTest, FailsAtOnceWhileAwayAndReconnectsAfterAKill) {
  connect(server_.options());
  server_.kill9();
  ASSERT_TRUE(eventually(io_, [&] { return !client_->connected(); }));
  auto began = steady_clock::now();
  auto away = command({"PING"});
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, Errc::not_connected);
  EXPECT_LT(steady_clock::now() - began, milliseconds(200));
  server_.start();
  ASSERT_TRUE(eventually(io_, [&] { return client_->connected(); }));
  EXPECT_TRUE(command({"PING"}));
}

TEST_F(ClientTest, CommandsInFlightEndWhenTheServerIsKilled) {
  connect(server_.options());
  std::optional<base::Result<Reply>> ended;
  client_->command({"BLPOP", "none", "0"}, [&](base::Result<Reply> reply) { ended = std::move(reply); });
  io_.run_for(milliseconds(50));
  server_.kill9();
  ASSERT_TRUE(eventually(io_, [&] { return ended.has_value(); }));
  EXPECT_FALSE(*ended);
}

TEST_F(ClientTest, FrozenServerTimesOutAndIsUsedAgainAfterwards) {
  auto options = server_.options();
  options.command_timeout = milliseconds(300);
  connect(options);
  server_.pause();
  auto began = steady_clock::now();
  auto silent = command({"PING"});
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().code, Errc::timeout);
  EXPECT_LT(steady_clock::now() - began, milliseconds(1500));
  EXPECT_FALSE(client_->connected());  // it accepts connections while it is stopped: they do not count
  io_.run_for(milliseconds(1500));
  EXPECT_FALSE(client_->connected());
  server_.resume();
  ASSERT_TRUE(eventually(io_, [&] { return client_->connected(); }));
  EXPECT_TRUE(command({"PING"}));
}

TEST_F(ClientTest, WrongPasswordNeverCountsAsConnected) {
  auto options = server_.options();
  options.password = "wrong";
  client_.emplace(io_.get_executor(), log_, options);
  client_->start();
  io_.run_for(milliseconds(500));
  EXPECT_FALSE(client_->connected());
}

TEST_F(ClientTest, CanBeDestroyedWithCommandsInFlight) {
  connect(server_.options());
  int ended = 0;
  for (int i = 0; i < 3; ++i) client_->command({"BLPOP", "none", "0"}, [&](const base::Result<Reply>&) { ++ended; });
  client_.reset();
  EXPECT_TRUE(eventually(io_, [&] { return ended == 3; }));
}

}  // namespace
}  // namespace chat::io::redis
