#include <gtest/gtest.h>

#include "dataplane/adapters/redis_presence.hpp"
#include "dataplane/adapters/redis_publisher.hpp"
#include "dataplane/adapters/redis_rate_limiter.hpp"
#include "dataplane/adapters/redis_subscriptions.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/run_task.hpp"

namespace chat::adapters {
namespace {

using base::Ulid;
using testing::eventually;
using testing::run_task;
using namespace std::chrono_literals;

Ulid user() {
  Ulid value;
  value.bytes[15] = 1;
  return value;
}

class RedisAdaptersTest : public ::testing::Test {
 protected:
  RedisAdaptersTest() : redis_("secret"), client_(io_.get_executor(), log_, redis_.options()) {
    client_.start();
    EXPECT_TRUE(eventually(io_, [this] { return client_.connected(); }));
  }
  ~RedisAdaptersTest() override { run_task(io_, client_.stop()); }

  bool published(const std::vector<std::string>& channels, std::string_view payload) {
    RedisPublisher publisher(client_);
    std::optional<bool> outcome;
    publisher.publish(channels, payload, [&](bool done) { outcome = done; });
    EXPECT_TRUE(eventually(io_, [&] { return outcome.has_value(); }));
    return outcome.value_or(false);
  }
  io::redis::Reply reply(std::vector<std::string> command) {
    auto got = run_task(io_, client_.command(std::move(command)));
    EXPECT_TRUE(got);
    return got ? *got : io::redis::Reply{};
  }
  void kill_redis() {
    redis_.kill9();
    ASSERT_TRUE(eventually(io_, [this] { return !client_.connected(); }));
  }
  void start_redis() {
    redis_.start();
    ASSERT_TRUE(eventually(io_, [this] { return client_.connected(); }));
  }

  boost::asio::io_context io_;
  base::Log log_{"test", base::Level::error};
  testing::RedisServer redis_;
  io::redis::Client client_;
};

TEST_F(RedisAdaptersTest, WhatIsPublishedArrivesOnEveryChannelByteForByte) {
  std::vector<std::pair<std::string, std::string>> heard;
  RedisSubscriptions subscriptions(
      io_.get_executor(), log_, redis_.options(),
      {[&](std::string_view channel, std::string_view event) { heard.emplace_back(channel, event); }, {}, {}});
  subscriptions.start();
  subscriptions.subscribe("user:a");
  subscriptions.subscribe("conv:b");
  ASSERT_TRUE(eventually(io_, [&] { return subscriptions.connected(); }));
  ASSERT_TRUE(run_task(io_, subscriptions.settled()));
  const std::string payload("bytes \0\r\n\xff", 10);
  EXPECT_TRUE(published({"user:a", "conv:b", "user:nobody"}, payload));
  ASSERT_TRUE(eventually(io_, [&] { return heard.size() == 2; }));
  EXPECT_EQ(heard[0], (std::pair<std::string, std::string>("user:a", payload)));
  EXPECT_EQ(heard[1].first, "conv:b");
  subscriptions.unsubscribe("user:a");
  ASSERT_TRUE(run_task(io_, subscriptions.settled()));
  EXPECT_TRUE(published({"user:a", "conv:b"}, "x"));
  ASSERT_TRUE(eventually(io_, [&] { return heard.size() == 3; }));
  EXPECT_EQ(heard[2].first, "conv:b");
  run_task(io_, subscriptions.stop());
}

TEST_F(RedisAdaptersTest, APublishWithoutRedisSaysSoAtOnceAndWorksWhenItIsBack) {
  kill_redis();
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_FALSE(published({"user:a"}, "x"));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 500ms);
  start_redis();
  EXPECT_TRUE(published({"user:a"}, "x"));
  EXPECT_TRUE(published({}, "x"));
}

TEST_F(RedisAdaptersTest, APublishThatRedisDoesNotAnswerIsKnownToHaveFailed) {
  redis_.pause();
  EXPECT_FALSE(published({"user:a", "user:b"}, "x"));
  redis_.resume();
}

TEST_F(RedisAdaptersTest, SubscriptionsTellWhenTheyWereLostAndAreBack) {
  int ready = 0, lost = 0;
  RedisSubscriptions subscriptions(io_.get_executor(), log_, redis_.options(),
                                   {[](auto, auto) {}, [&] { ++ready; }, [&] { ++lost; }});
  subscriptions.subscribe("user:a");
  subscriptions.start();
  ASSERT_TRUE(eventually(io_, [&] { return ready == 1; }));
  kill_redis();
  ASSERT_TRUE(eventually(io_, [&] { return lost == 1; }));
  EXPECT_FALSE(run_task(io_, subscriptions.settled()));
  start_redis();
  ASSERT_TRUE(eventually(io_, [&] { return ready == 2; }));
  run_task(io_, subscriptions.stop());
}

TEST_F(RedisAdaptersTest, PresenceCountsConnectionsOnAllGateways) {
  RedisPresence presence(client_);
  EXPECT_EQ(*run_task(io_, presence.connected(user(), "c1", "gateway-0")), 1);
  EXPECT_EQ(*run_task(io_, presence.connected(user(), "c2", "gateway-1")), 2);
  EXPECT_EQ(*run_task(io_, presence.connected(user(), "c2", "gateway-1")), 2);
  const auto key = "user:" + user().text();
  EXPECT_EQ(reply({"GET", key + ":presence"}).string, "online");
  const auto left = reply({"TTL", key + ":presence"}).integer;
  EXPECT_TRUE(left > 50 && left <= 60) << left;
  EXPECT_EQ(reply({"HGET", key + ":conn", "c1"}).string.substr(0, 10), "gateway-0|");
  EXPECT_GT(reply({"TTL", key + ":conn"}).integer, 60);
  presence.disconnected(user(), "c1");
  EXPECT_EQ(reply({"HLEN", key + ":conn"}).integer, 1);
  EXPECT_EQ(reply({"EXISTS", key + ":presence"}).integer, 1);
  presence.disconnected(user(), "c2");
  EXPECT_EQ(reply({"EXISTS", key + ":conn", key + ":presence"}).integer, 0);
}

TEST_F(RedisAdaptersTest, PresenceForgetsTheConnectionsOfADeadGateway) {
  RedisPresence presence(client_);
  const auto key = "user:" + user().text() + ":conn";
  reply({"HSET", key, "dead", "gateway-9|1000", "broken", "nonsense"});
  EXPECT_EQ(*run_task(io_, presence.connected(user(), "c1", "gateway-0")), 1);
  EXPECT_EQ(reply({"HLEN", key}).integer, 1);
}

TEST_F(RedisAdaptersTest, RefreshingPresenceProlongsItAndKeepsTheStatusTheUserSet) {
  RedisPresence presence(client_);
  ASSERT_TRUE(run_task(io_, presence.connected(user(), "c1", "gateway-0")));
  const auto key = "user:" + user().text() + ":presence";
  reply({"SET", key, "away", "EX", "5"});
  presence.refresh(user(), "c1", "gateway-0");
  EXPECT_EQ(reply({"GET", key}).string, "away");
  EXPECT_GT(reply({"TTL", key}).integer, 50);
}

TEST_F(RedisAdaptersTest, PresenceFailsWithoutRedisInsteadOfWaiting) {
  RedisPresence presence(client_);
  kill_redis();
  EXPECT_FALSE(run_task(io_, presence.connected(user(), "c1", "gateway-0"), 2s));
  presence.refresh(user(), "c1", "gateway-0");
  presence.disconnected(user(), "c1");
}

TEST_F(RedisAdaptersTest, ALimitIsSharedByProcessesAndRefills) {
  testing::FakeClock clock;
  RedisRateLimiter one(client_, clock), other(client_, clock);
  EXPECT_TRUE(run_task(io_, one.take("k", 600, 2)).allowed);
  EXPECT_TRUE(run_task(io_, other.take("k", 600, 2)).allowed);
  auto decision = run_task(io_, one.take("k", 600, 2));
  EXPECT_FALSE(decision.allowed);
  EXPECT_TRUE(decision.retry_after > 0ms && decision.retry_after <= 100ms) << decision.retry_after.count();
  EXPECT_TRUE(run_task(io_, other.take("another", 600, 2)).allowed);
  // One token in a tenth of a second, by Redis's clock.
  EXPECT_TRUE(eventually(
      io_, [&] { return run_task(io_, one.take("k", 600, 2)).allowed; }, 2s));
}

TEST_F(RedisAdaptersTest, ALimitOf0IsNoLimitAndAFractionIsOne) {
  testing::FakeClock clock;
  RedisRateLimiter limiter(client_, clock);
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(run_task(io_, limiter.take("k", 0, 1)).allowed);
  EXPECT_TRUE(run_task(io_, limiter.take("hourly", 50.0 / 60, 1)).allowed);
  auto decision = run_task(io_, limiter.take("hourly", 50.0 / 60, 1));
  EXPECT_FALSE(decision.allowed);
  EXPECT_TRUE(decision.retry_after > 60s && decision.retry_after <= 73s) << decision.retry_after.count();
  EXPECT_GT(reply({"PTTL", "limit:hourly"}).integer, 60'000);
}

TEST_F(RedisAdaptersTest, WhatIsGivenBackCanBeTakenAgainWithRedisAndWithoutButNeverMoreThanTheBurst) {
  testing::FakeClock clock;
  RedisRateLimiter limiter(client_, clock);
  const auto take = [&] { return run_task(io_, limiter.take("slow", 0.1, 2)).allowed; };
  const auto give_back = [&] { run_task(io_, limiter.give_back("slow", 0.1, 2)); };
  for (const bool with_redis : {true, false}) {
    if (!with_redis) kill_redis();
    give_back();  // of a bucket that is full, or not there
    EXPECT_TRUE(take());
    EXPECT_TRUE(take());
    EXPECT_FALSE(take());
    give_back();
    EXPECT_TRUE(take());
    EXPECT_FALSE(take());
    for (int i = 0; i < 5; ++i) give_back();
    EXPECT_TRUE(take());
    EXPECT_TRUE(take());
    EXPECT_FALSE(take());
  }
}

TEST_F(RedisAdaptersTest, WithoutRedisALimitIsThisProcesssOwn) {
  testing::FakeClock clock;
  RedisRateLimiter limiter(client_, clock);
  kill_redis();
  EXPECT_TRUE(run_task(io_, limiter.take("k", 60, 2)).allowed);
  EXPECT_TRUE(run_task(io_, limiter.take("k", 60, 2)).allowed);
  auto decision = run_task(io_, limiter.take("k", 60, 2));
  EXPECT_FALSE(decision.allowed);
  EXPECT_GT(decision.retry_after.count(), 0);
  clock.advance(decision.retry_after);
  EXPECT_TRUE(run_task(io_, limiter.take("k", 60, 2)).allowed);
}

}  // namespace
}  // namespace chat::adapters
