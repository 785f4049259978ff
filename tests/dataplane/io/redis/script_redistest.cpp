#include "dataplane/io/redis/script.hpp"

#include <gtest/gtest.h>

#include "tests/support/eventually.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/run_task.hpp"

namespace chat::io::redis {
namespace {

using chat::testing::eventually;
using chat::testing::RedisServer;
using chat::testing::run_task;

class ScriptTest : public ::testing::Test {
 protected:
  void SetUp() override {
    client_.start();
    ASSERT_TRUE(eventually(io_, [this] { return client_.connected(); }));
  }
  ~ScriptTest() override { run_task(io_, client_.stop()); }
  base::Result<Reply> append(const std::string& what) {
    return run_task(io_, append_.run(client_, {"written"}, {what}));
  }
  base::Result<Reply> command(std::vector<std::string> arguments) {
    return run_task(io_, client_.command(std::move(arguments)));
  }
  // How often the server was given a script's text.
  std::int64_t texts() {
    const auto info = command({"INFO", "commandstats"}).value().string;
    const auto at = info.find("cmdstat_eval:calls=");
    return at == std::string::npos ? 0 : std::stoll(info.substr(at + std::string("cmdstat_eval:calls=").size()));
  }

  RedisServer server_;
  base::Log log_{"test", base::Level::error};
  boost::asio::io_context io_;
  Client client_{io_.get_executor(), log_, server_.options()};
  const Script append_{"return redis.call('APPEND', KEYS[1], ARGV[1])"};
};

TEST_F(ScriptTest, ItsTextIsSentOnce) {
  EXPECT_EQ(append("a")->integer, 1);
  EXPECT_EQ(append("b")->integer, 2);
  EXPECT_EQ(append("c")->integer, 3);
  EXPECT_EQ(texts(), 1);
}

TEST_F(ScriptTest, AServerThatForgotItIsGivenItAgain) {
  ASSERT_TRUE(append("a"));
  ASSERT_TRUE(command({"SCRIPT", "FLUSH"}));
  EXPECT_EQ(append("b")->integer, 2);
  server_.kill9();
  ASSERT_TRUE(eventually(io_, [this] { return !client_.connected(); }));
  server_.start();
  ASSERT_TRUE(eventually(io_, [this] { return client_.connected(); }));
  EXPECT_EQ(append("c")->integer, 1);
}

TEST_F(ScriptTest, ThoseThatWereBegunRunInThatOrderAlsoWhereTheServerDoesNotKnowThem) {
  std::string wanted;
  for (char letter = 'a'; letter <= 'z'; ++letter) {
    wanted += letter;
    append_.begin(client_, {"written"}, {std::string(1, letter)});
  }
  ASSERT_TRUE(eventually(io_, [&] { return command({"GET", "written"})->string.size() == wanted.size(); }));
  EXPECT_EQ(command({"GET", "written"})->string, wanted);
}

TEST_F(ScriptTest, ItsOwnErrorsAreTold) {
  ASSERT_TRUE(command({"RPUSH", "written", "a list"}));
  const auto refused = append("a");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::error_reply);
  EXPECT_EQ(texts(), 1);
}

}  // namespace
}  // namespace chat::io::redis
