#include "operator/plan/surroundings.hpp"

#include <gmock/gmock.h>

#include "tests/operator/plan/world.hpp"

namespace chatop::plan {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr std::int64_t kMi = 1024 * 1024;

// What Degraded says of a cluster that serves, after `change` to what is seen.
template <class Change>
api::Condition degraded(Change change) {
  World world;
  EXPECT_TRUE(world.settle());
  EXPECT_EQ(world.condition("Degraded").status, api::ConditionStatus::False) << world.condition("Degraded").message;
  change(world.seen);
  world.decide_once();
  EXPECT_EQ(world.condition("Available").status, api::ConditionStatus::True) << world.condition("Available").message;
  return world.condition("Degraded");
}

TEST(Surroundings, AFullDiskIsNamedWithWhatIsOnItAndAnAlmostFullOneInTime) {
  auto full = degraded([](Observed& seen) {
    seen.platform.disks = {{"/data", {"shard-0", "shard-1"}, 31 * kMi, 10'000 * kMi},
                           {"/logs", {"logs"}, 9'000 * kMi, 10'000 * kMi}};
  });
  EXPECT_EQ(full.reason, "DiskFull");
  EXPECT_THAT(full.message, AllOf(HasSubstr("/data (shard-0, shard-1)"), HasSubstr("not acknowledged"),
                                  HasSubstr("make room"), Not(HasSubstr("/logs"))));
  auto logs = degraded([](Observed& seen) { seen.platform.disks = {{"/logs", {"logs"}, 0, 64 * kMi}}; });
  EXPECT_THAT(logs.message, HasSubstr("lost or waits"));
  auto almost = degraded([](Observed& seen) {
    seen.platform.disks = {{"/data", {"shard-0"}, 400 * kMi, 10'000 * kMi}};
  });
  EXPECT_EQ(almost.reason, "DiskAlmostFull");
  auto large = degraded([](Observed& seen) {  // little of a very large one is much
    seen.platform.disks = {{"/data", {"shard-0"}, 3'000 * kMi, 1'000'000 * kMi}};
  });
  EXPECT_EQ(large.status, api::ConditionStatus::False);
}

TEST(Surroundings, UsedUpConnectionsNameWhoHasThem) {
  auto condition = degraded([](Observed& seen) {
    auto& report = *seen.shards["shard-1"].report;
    report.connections = report.most_connections = 97;
    report.most_by = "psql";
    seen.shards["shard-0"].report->most_connections = 97;
    seen.shards["shard-0"].report->connections = 96;
  });
  EXPECT_EQ(condition.reason, "ConnectionsUsedUp");
  EXPECT_THAT(condition.message, AllOf(HasSubstr("shard-1"), HasSubstr("\"psql\""),
                                       HasSubstr("spec.shards.maxConnections"), Not(HasSubstr("shard-0"))));
}

TEST(Surroundings, AFullOrSlowRedisIsNoReasonToBeUnavailable) {
  EXPECT_EQ(degraded([](Observed& seen) { seen.redis.takes_writes = false; }).reason, "RedisFull");
  EXPECT_EQ(degraded([](Observed& seen) { seen.redis.slow = true; }).reason, "RedisSlow");
  EXPECT_EQ(degraded([](Observed& seen) { seen.redis.evicted_at_ms = seen.now_ms - 1000; }).reason, "RedisEvicts");
  EXPECT_EQ(degraded([](Observed& seen) { seen.redis.evicted_at_ms = seen.now_ms - 60'000; }).status,
            api::ConditionStatus::False);
}

TEST(Surroundings, AStepOfTheClockIsToldForAsLongAsTokensFromBeforeMayLive) {
  auto forward = degraded([](Observed& seen) {
    seen.clock_step_ms = 3'599'999;
    seen.clock_step_at_ms = seen.now_ms - 1000;
  });
  EXPECT_EQ(forward.reason, "ClockStepped");
  EXPECT_THAT(forward.message, HasSubstr("3600 s forward"));
  auto back = degraded([](Observed& seen) {
    seen.clock_step_ms = -5000;
    seen.clock_step_at_ms = seen.now_ms - 1000;
  });
  EXPECT_THAT(back.message, HasSubstr("5 s back"));
  EXPECT_EQ(degraded([](Observed& seen) {
              seen.clock_step_ms = -5000;
              seen.clock_step_at_ms = seen.now_ms - 900'000;
            }).status,
            api::ConditionStatus::False);
}

TEST(Surroundings, AnAddressThatMovedIsToldWithWhoTookIt) {
  auto condition = degraded([](Observed& seen) {
    seen.platform.taken_ports = {{"api", 8080, 20433, "nginx (pid 17)"}};
  });
  EXPECT_EQ(condition.reason, "PortTaken");
  EXPECT_THAT(condition.message, AllOf(HasSubstr("8080"), HasSubstr("nginx (pid 17)"), HasSubstr("127.0.0.1:20433")));
}

TEST(Surroundings, WhatSeveralDaemonsSayAlikeIsSaidOnceAndWhatAnOldReportSaysNotAtAll) {
  auto condition = degraded([](Observed& seen) {
    for (const char* name : {"gateway-0", "gateway-1"}) seen.daemons[name].report->findings = {{"ShardSlow", "slow."}};
  });
  EXPECT_EQ(condition.reason, "ShardSlow");
  EXPECT_EQ(condition.message, "slow.");
  World world;
  ASSERT_TRUE(world.settle());
  world.seen.daemons["gateway-0"].report->findings = {{"OutOfFiles", "full"}};
  world.seen.daemons["gateway-0"].misses = 1;
  world.seen.now_ms += 6000;
  world.decide_once();
  EXPECT_NE(world.condition("Degraded").reason, "OutOfFiles");
}

TEST(Surroundings, ACrashLoopIsCalledByWhatItsLastWordsName) {
  EXPECT_EQ(crash_reason({"FATAL:  could not write to file \"pg_wal/xlogtemp.9\": No space left on device"}),
            "DiskFull");
  EXPECT_EQ(crash_reason({"could not open file: Permission denied", "shut down"}), "NoPermission");
  EXPECT_EQ(crash_reason({"what(): oops"}), "CrashLoop");
  EXPECT_EQ(telling_line({"LOG:  starting", "FATAL:  no", "LOG:  database system is shut down"}), "FATAL:  no");
  EXPECT_EQ(telling_line({"a", "b"}), "b");
}

TEST(Plan, AShardThatRefusesTheDaemonsPasswordGetsItAgain) {
  World world;
  ASSERT_TRUE(world.settle());
  world.seen.shards["shard-1"].report->login_problem = "password authentication failed for user \"chat\"";
  world.frozen = true;
  auto& decision = world.decide_once();
  ASSERT_EQ(decision.actions.size(), 1U);
  EXPECT_EQ(describe(decision.actions[0]), "give shard-1 the daemons' password again");
  EXPECT_EQ(world.condition("Degraded").reason, "LoginRefused");
}

TEST(Plan, AShardThatCanNotBeAskedSaysWhyAndIsNotCalledDead) {
  World world;
  ASSERT_TRUE(world.settle());
  world.seen.shards["shard-1"].report.reset();
  world.seen.shards["shard-1"].problem = "127.0.0.1:1/chat: password authentication failed for user \"postgres\"";
  EXPECT_TRUE(world.decide_once().actions.empty());
  EXPECT_THAT(world.condition("Available").message,
              AllOf(HasSubstr("does not answer the operator"), HasSubstr("chat may go on"), HasSubstr("alter role")));
}

TEST(Plan, NobodyReadyComesWithTheReasonThatTheyGive) {
  World world;
  ASSERT_TRUE(world.settle());
  world.seen.daemons["messages-0"].report->ready = false;
  world.seen.daemons["messages-0"].report->not_ready = "shard-1: No space left on device";
  world.decide_once();
  EXPECT_EQ(world.condition("Available").message,
            "none of the messages is ready (messages-0: shard-1: No space left on device)");
}

TEST(Plan, AStepOfTheWallClockMovesNoDeadline) {
  World world;
  ASSERT_TRUE(world.settle());
  world.kill("worker-0");
  world.find("worker-0")->failures = 3;
  world.seen.wall_ms -= 3'600'000;
  world.decide_once();
  EXPECT_EQ(world.last.wake_at_ms, world.seen.now_ms + 1000);
  world.cluster.spec.gateways.replicas.min = 1;
  world.connections("gateway-1", 3);
  world.frozen = true;
  ASSERT_TRUE(world.settle());
  world.seen.wall_ms += 7'200'000;
  ASSERT_TRUE(world.settle());
  EXPECT_FALSE(world.did("stop gateway-1"));
}

TEST(Plan, ADrainThatAnEarlierBootRememberedStartsAnew) {
  World world;
  ASSERT_TRUE(world.settle());
  world.connections("gateway-1", 3);
  world.seen.memory.drains["gateway-1"] = world.seen.now_ms + 1'000'000'000;
  world.cluster.spec.gateways.replicas.min = 1;
  world.frozen = true;
  ASSERT_TRUE(world.settle());
  EXPECT_EQ(world.seen.memory.drains.at("gateway-1"), world.seen.now_ms);
  EXPECT_TRUE(world.did("drain gateway-1"));
}

}  // namespace
}  // namespace chatop::plan
