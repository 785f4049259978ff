#include <gmock/gmock.h>

#include "tests/operator/plan/world.hpp"

namespace chatop::plan {
namespace {

using testing::HasSubstr;

World serving() {
  World world;
  EXPECT_TRUE(world.settle());
  world.done.clear();
  return world;
}

TEST(Scaling, MoreGatewaysAreStartedAndNothingElseIsTouched) {
  World world = serving();
  std::map<std::string, std::int64_t> pids;
  for (const auto& process : world.seen.platform.processes) pids[process.name] = process.pid;
  world.cluster.spec.gateways.replicas.min = 4;
  ASSERT_TRUE(world.settle());
  EXPECT_EQ(world.last.status.gateways.ready, 4);
  for (const auto& [name, pid] : pids) EXPECT_EQ(world.pid(name), pid) << name;
  ASSERT_EQ(world.last.status.scaling.size(), 1U);
  EXPECT_EQ(world.last.status.scaling[0].from, 2);
  EXPECT_EQ(world.last.status.scaling[0].to, 4);
  EXPECT_LT(world.at("publish the cluster map"), world.at("start gateway-2"));  // a map that knows it comes first
}

TEST(Scaling, AGatewayWithPeopleOnItIsDrainedBeforeItGoes) {
  World world = serving();
  world.cluster.spec.gateways.replicas.min = 1;
  world.connections("gateway-1", 12);
  world.frozen = true;
  ASSERT_TRUE(world.settle());
  EXPECT_TRUE(world.runs("gateway-1"));
  EXPECT_EQ(world.last.status.gateways.members[1].state, api::GatewayState::Draining);
  EXPECT_TRUE(world.map().gateways[1].draining);
  EXPECT_LT(world.at("publish the cluster map"), world.at("drain gateway-1"));
  EXPECT_LT(world.at("push the cluster map to api-0"), world.at("drain gateway-1"));
  EXPECT_FALSE(world.did("stop gateway-1"));
  world.connections("gateway-1", 0);
  ASSERT_TRUE(world.settle());
  EXPECT_TRUE(world.did("stop gateway-1"));
  EXPECT_FALSE(world.runs("gateway-1"));
  EXPECT_EQ(world.map().gateways.size(), 1U);
  EXPECT_TRUE(world.seen.memory.drains.empty());
}

TEST(Scaling, OnlyTheUsersDeadlineEndsADrainEarly) {
  World world = serving();
  world.cluster.spec.gateways.replicas.min = 1;
  world.cluster.spec.gateways.drain.grace_period_seconds = 60;
  world.connections("gateway-1", 12);
  world.frozen = true;
  ASSERT_TRUE(world.settle());
  const auto since = world.seen.memory.drains.at("gateway-1");
  world.seen.now_ms = since + 60'000;
  ASSERT_TRUE(world.settle());
  EXPECT_FALSE(world.did("stop gateway-1"));  // it is closing the rest by itself
  world.seen.now_ms = since + 71'000;
  ASSERT_TRUE(world.settle());
  EXPECT_TRUE(world.did("stop gateway-1"));
}

TEST(Scaling, AGatewayThatDoesNotAnswerIsNotTakenForEmpty) {
  World world = serving();
  world.cluster.spec.gateways.replicas.min = 1;
  world.seen.daemons["gateway-1"].report.reset();
  world.seen.daemons["gateway-1"].misses = 2;
  world.frozen = true;
  ASSERT_TRUE(world.settle());
  EXPECT_FALSE(world.did("stop gateway-1"));
}

TEST(Scaling, TheNextOperatorGoesOnWithADrainAndItsDeadline) {
  World world = serving();
  world.cluster.spec.gateways.replicas.min = 1;
  world.connections("gateway-1", 3);
  world.frozen = true;
  ASSERT_TRUE(world.settle());
  const auto drains = world.seen.memory.drains;
  World next = world;  // another operator, which knows what was remembered and what it reads
  next.done.clear();
  next.seen.now_ms += 20'000;
  ASSERT_TRUE(next.settle());
  EXPECT_EQ(next.seen.memory.drains, drains);
  EXPECT_FALSE(next.did("drain gateway-1"));
  next.connections("gateway-1", 0);
  ASSERT_TRUE(next.settle());
  EXPECT_FALSE(next.runs("gateway-1"));
}

TEST(Scaling, ADrainBegunIsFinishedAndThenTheGatewayIsStartedWhenItIsWantedAgain) {
  World world = serving();
  world.cluster.spec.gateways.replicas.min = 1;
  world.connections("gateway-1", 3);
  world.frozen = true;
  ASSERT_TRUE(world.settle());
  world.cluster.spec.gateways.replicas.min = 2;
  const auto pid = world.pid("gateway-1");
  ASSERT_TRUE(world.settle());
  EXPECT_EQ(world.pid("gateway-1"), pid);
  world.connections("gateway-1", 0);
  ASSERT_TRUE(world.settle());
  EXPECT_TRUE(world.runs("gateway-1"));
  EXPECT_NE(world.pid("gateway-1"), pid);
  EXPECT_FALSE(world.map().gateways[1].draining);
  EXPECT_TRUE(world.seen.memory.drains.empty());
}

TEST(Scaling, FourToTwoEndsTheHighestOrdinals) {
  World world = serving();
  world.cluster.spec.gateways.replicas.min = 4;
  ASSERT_TRUE(world.settle());
  world.cluster.spec.gateways.replicas.min = 2;
  world.done.clear();
  ASSERT_TRUE(world.settle());
  EXPECT_TRUE(world.did("stop gateway-3"));
  EXPECT_TRUE(world.did("stop gateway-2"));
  EXPECT_FALSE(world.did("stop gateway-1"));
  EXPECT_EQ(world.last.status.gateways.members.size(), 2U);
}

TEST(Scaling, MessagesLeavesTheMapBeforeItIsEnded) {
  World world = serving();
  world.cluster.spec.messages.replicas.min = 2;
  ASSERT_TRUE(world.settle());
  world.done.clear();
  world.cluster.spec.messages.replicas.min = 1;
  ASSERT_TRUE(world.settle());
  EXPECT_LT(world.at("publish the cluster map"), world.at("stop messages-1"));
  EXPECT_LT(world.at("push the cluster map to gateway-0"), world.at("stop messages-1"));
  EXPECT_EQ(world.map().messages.size(), 1U);
}

TEST(Scaling, FewerShardsInTheSpecNeverEndOne) {
  World world = serving();
  world.cluster.spec.shards.initial = 1;  // refused by the API; harmless here
  ASSERT_TRUE(world.settle());
  EXPECT_TRUE(world.done.empty());
  EXPECT_TRUE(world.runs("shard-1"));
}

TEST(RollOut, OneAtATimeAndGatewaysAreDrainedFirst) {
  World world = serving();
  world.cluster.spec.gateways.replicas.min = 3;
  ASSERT_TRUE(world.settle());
  world.done.clear();
  const auto shard_pid = world.pid("shard-0");
  world.cluster.spec.auth.allowed_origins = {"https://chat.example.org"};
  int away = 0;
  for (int round = 0; round < 80; ++round) {
    int now_away = 0;
    world.look();
    for (const char* name : {"gateway-0", "gateway-1", "gateway-2"}) {
      if (!world.runs(name) || world.seen.memory.drains.contains(name)) ++now_away;
    }
    away = std::max(away, now_away);
    if (world.settle(1)) break;
  }
  EXPECT_EQ(away, 1);
  for (const char* name : {"gateway-0", "gateway-1", "gateway-2"}) {
    EXPECT_LT(world.at(std::string("drain ") + name), world.at(std::string("stop ") + name));
    EXPECT_LT(world.at(std::string("stop ") + name), world.at(std::string("start ") + name));
  }
  EXPECT_TRUE(world.did("stop api-0"));
  EXPECT_FALSE(world.did("stop messages-0"));
  EXPECT_EQ(world.pid("shard-0"), shard_pid);
  EXPECT_EQ(world.condition("UpdateInProgress").status, api::ConditionStatus::False);
}

TEST(RollOut, WaitsWhileAnotherOfTheRoleIsAway) {
  World world = serving();
  world.frozen = true;
  world.cluster.spec.gateways.replicas.min = 2;
  ASSERT_TRUE(world.settle());
  world.seen.daemons["gateway-0"].report->ready = false;
  world.find("gateway-0")->running_hash = world.find("gateway-0")->wanted_hash;
  world.find("gateway-1")->running_hash = "old";
  world.done.clear();
  ASSERT_TRUE(world.settle());
  EXPECT_FALSE(world.did("drain gateway-1"));
  EXPECT_EQ(world.condition("UpdateInProgress").status, api::ConditionStatus::True);
  EXPECT_THAT(world.condition("UpdateInProgress").message, HasSubstr("gateway-1"));
}

TEST(RollOut, DaemonsWaitForTheMigrationsOfTheirVersion) {
  World world = serving();
  world.frozen = true;
  world.cluster.spec.auth.allowed_origins = {"https://chat.example.org"};
  world.seen.shards["shard-1"].report->migrated = false;
  world.seen.shards["shard-1"].report->migration_problem = "migration 2 was changed";
  ASSERT_TRUE(world.settle());
  EXPECT_TRUE(world.done.empty());
  world.seen.shards["shard-1"].report->migration_problem.clear();
  ASSERT_TRUE(world.settle());
  EXPECT_LT(world.at("migrate shard-1"), world.at("stop api-0"));
  EXPECT_TRUE(world.did("stop api-0"));
}

TEST(RollOut, ShardsAreRestartedOneAfterTheOther) {
  World world = serving();
  world.cluster.spec.shards.max_connections = 600;
  ASSERT_TRUE(world.settle());
  const auto first = std::min(world.at("stop shard-0"), world.at("stop shard-1"));
  const auto second = std::max(world.at("stop shard-0"), world.at("stop shard-1"));
  ASSERT_LT(second, world.done.size());
  const auto again = std::min(world.at("start shard-0"), world.at("start shard-1"));
  EXPECT_LT(first, again);
  EXPECT_LT(again, second);
  EXPECT_EQ(world.condition("Available").status, api::ConditionStatus::True);
}

}  // namespace
}  // namespace chatop::plan
