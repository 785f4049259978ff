#include <gmock/gmock.h>

#include <map>
#include <random>
#include <set>

#include "dataplane/io/redis/client.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/run_task.hpp"

namespace chat::io::redis {
namespace {

using chat::testing::eventually;
using chat::testing::RedisServer;
using chat::testing::run_task;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

class SubscriberTest : public ::testing::Test {
 protected:
  SubscriberTest()
      : publisher_(io_.get_executor(), log_, server_.options()),
        subscriber_(
            io_.get_executor(), log_, server_.options(),
            [this](std::string_view channel, std::string_view payload) {
              received_[std::string(channel)].emplace_back(payload);
            },
            [this] { ++ready_; }, [this] { ++lost_; }) {
    publisher_.start();
    subscriber_.start();
    EXPECT_TRUE(eventually(io_, [this] { return publisher_.connected() && subscriber_.connected(); }));
  }
  ~SubscriberTest() override {
    run_task(io_, subscriber_.stop());
    run_task(io_, publisher_.stop());
  }
  std::int64_t publish(const std::string& channel, const std::string& payload) {
    auto reply = run_task(io_, publisher_.command({"PUBLISH", channel, payload}));
    return reply ? reply->integer : -1;
  }
  bool settled() { return run_task(io_, subscriber_.settled()).has_value(); }
  bool gets(const std::string& channel, const std::string& payload) {
    publish(channel, payload);
    return eventually(io_, [&] { return !received_[channel].empty() && received_[channel].back() == payload; });
  }

  RedisServer server_{"the password"};
  base::Log log_{"test", base::Level::error};
  boost::asio::io_context io_;
  std::map<std::string, std::vector<std::string>> received_;
  int ready_ = 0;
  int lost_ = 0;
  Client publisher_;
  Subscriber subscriber_;
};

TEST_F(SubscriberTest, DeliversWhatItsChannelsGet) {
  subscriber_.subscribe("a");
  subscriber_.subscribe("a");  // twice is once
  subscriber_.subscribe("b");
  ASSERT_TRUE(settled());
  const std::string binary("x\r\n\0y", 5);
  EXPECT_EQ(publish("a", binary), 1);
  EXPECT_EQ(publish("c", "nobody"), 0);
  EXPECT_TRUE(gets("b", "1"));
  EXPECT_EQ(received_["a"], std::vector<std::string>{binary});
  subscriber_.unsubscribe("a");
  ASSERT_TRUE(settled());
  EXPECT_EQ(publish("a", "late"), 0);
  EXPECT_EQ(ready_, 1);
  EXPECT_EQ(lost_, 0);
}

TEST_F(SubscriberTest, StaysAliveWithoutAnyChannelAndAfterTheLastOneWent) {
  subscriber_.subscribe("a");
  ASSERT_TRUE(settled());
  subscriber_.unsubscribe("a");
  ASSERT_TRUE(settled());
  io_.run_for(milliseconds(3500));  // longer than silence is borne: PINGs are answered in both modes
  EXPECT_TRUE(subscriber_.connected());
  EXPECT_EQ(lost_, 0);
  subscriber_.subscribe("a");
  ASSERT_TRUE(settled());
  EXPECT_TRUE(gets("a", "again"));
}

TEST_F(SubscriberTest, UnsubscribingAndSubscribingAtOnceLosesNothing) {
  subscriber_.subscribe("a");
  for (int i = 0; i < 100; ++i) {
    subscriber_.unsubscribe("a");
    subscriber_.subscribe("a");
  }
  ASSERT_TRUE(settled());
  EXPECT_TRUE(gets("a", "1"));
  EXPECT_EQ(received_["a"].size(), 1u);
}

TEST_F(SubscriberTest, ChurnOfThousandsOfChannelsEndsWithWhatIsWanted) {
  std::minstd_rand random(7);
  std::set<std::string> wanted;
  for (int i = 0; i < 30'000; ++i) {
    auto channel = "user:" + std::to_string(random() % 3000);
    if (random() % 2 == 0) {
      subscriber_.subscribe(channel);
      wanted.insert(channel);
    } else {
      subscriber_.unsubscribe(channel);
      wanted.erase(channel);
    }
    if (i % 1000 == 0) io_.poll();
  }
  ASSERT_TRUE(settled());
  auto all = run_task(io_, publisher_.command({"PUBSUB", "CHANNELS"}));
  ASSERT_TRUE(all);
  std::set<std::string> subscribed;
  for (const auto& channel : all->array) subscribed.insert(channel.string);
  EXPECT_EQ(subscribed, wanted);
  for (const auto& channel : wanted) publisher_.command({"PUBLISH", channel, "x"}, {});
  EXPECT_TRUE(eventually(io_, [&] { return received_.size() == wanted.size(); }));
}

TEST_F(SubscriberTest, SubscribesEverythingAgainAfterAKill) {
  for (int i = 0; i < 2000; ++i) subscriber_.subscribe("c" + std::to_string(i));
  ASSERT_TRUE(settled());
  server_.kill9();
  ASSERT_TRUE(eventually(io_, [this] { return lost_ == 1; }));
  EXPECT_FALSE(subscriber_.connected());
  EXPECT_FALSE(settled());
  subscriber_.subscribe("meanwhile");
  subscriber_.unsubscribe("c0");
  server_.start();
  ASSERT_TRUE(eventually(io_, [this] { return ready_ == 2 && publisher_.connected(); }));
  // on_ready means that nothing published from now on is missed.
  EXPECT_EQ(publish("c1999", "1"), 1);
  EXPECT_EQ(publish("meanwhile", "1"), 1);
  EXPECT_EQ(publish("c0", "1"), 0);
  EXPECT_TRUE(gets("c1", "2"));
}

TEST_F(SubscriberTest, FrozenServerIsNoticedWithinThreeSeconds) {
  subscriber_.subscribe("a");
  ASSERT_TRUE(settled());
  server_.pause();
  auto began = steady_clock::now();
  ASSERT_TRUE(eventually(io_, [this] { return lost_ == 1; }));
  EXPECT_LT(steady_clock::now() - began, seconds(3));
  server_.resume();
  ASSERT_TRUE(eventually(io_, [this] { return ready_ == 2 && publisher_.connected(); }));
  EXPECT_TRUE(gets("a", "1"));
}

TEST_F(SubscriberTest, SettledFailsWhenTheServerGoesMeanwhile) {
  server_.pause();
  subscriber_.subscribe("a");
  EXPECT_FALSE(settled());
  server_.resume();
}

}  // namespace
}  // namespace chat::io::redis
