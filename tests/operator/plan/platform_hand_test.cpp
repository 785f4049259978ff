// What a platform that does some of the work by itself, as Kubernetes does, is left to do.
#include <gtest/gtest.h>

#include "tests/operator/plan/world.hpp"

namespace chatop::plan {
namespace {

using api::ConditionStatus;

bool asks(const Decision& decision, const std::string& act) {
  return std::any_of(decision.actions.begin(), decision.actions.end(),
                     [&act](const auto& each) { return describe(each) == act; });
}

class PlatformHand : public ::testing::Test {
 protected:
  void SetUp() override {
    world_.cluster.spec.messages.replicas.min = 1;
    ASSERT_TRUE(world_.settle());
  }
  ports::ProcessView& process(const std::string& name) { return *world_.find(name); }
  // A Pod too many, as while a Deployment replaces one.
  ports::ProcessView& surplus_messages() {
    ports::ProcessView extra = process("messages-0");
    extra.name = "messages-1";
    extra.ordinal = 1;
    extra.pid = 77;
    extra.address = {"10.0.0.9", 7000};
    extra.in_hand = true;
    world_.seen.platform.processes.push_back(extra);
    return process("messages-1");
  }
  World world_;
};

TEST_F(PlatformHand, WhatItStartsByItselfIsNotAskedForAgain) {
  world_.kill("gateway-0");
  process("gateway-0").in_hand = true;
  EXPECT_FALSE(asks(world_.decide_once(), "start gateway-0"));
  EXPECT_EQ(world_.condition("Progressing").message, "gateway-0 is being started");
  process("gateway-0").in_hand = false;
  EXPECT_TRUE(asks(world_.decide_once(), "start gateway-0"));
}

// To start one Pod of a Deployment with a new template is to roll all of them out.
TEST_F(PlatformHand, WhatComesBackByItselfWaitsForTheSchemaOfEveryShard) {
  world_.kill("messages-0");
  process("messages-0").comes_back = true;
  world_.seen.shards["shard-1"].report->migrated = false;
  auto& decision = world_.decide_once();
  EXPECT_TRUE(asks(decision, "migrate shard-1"));
  EXPECT_FALSE(asks(decision, "start messages-0"));
  world_.seen.shards["shard-1"].report.reset();  // not known is not current
  EXPECT_FALSE(asks(world_.decide_once(), "start messages-0"));
  world_.seen.shards["shard-1"].report = world_.seen.shards["shard-0"].report;
  EXPECT_TRUE(asks(world_.decide_once(), "start messages-0"));
}

// Nobody else would start it, and chat goes on without that shard.
TEST_F(PlatformHand, WhatDoesNotComeBackIsStartedThoughAShardIsAway) {
  world_.kill("messages-0");
  world_.seen.shards["shard-1"].report.reset();
  EXPECT_TRUE(asks(world_.decide_once(), "start messages-0"));
}

TEST_F(PlatformHand, AShardThatIsReplacedAsPlannedIsAwayAndNothingIsWrong) {
  world_.seen.now_ms += 120'000;
  world_.decide_once();
  process("shard-0").stopping = true;
  world_.seen.shards.erase("shard-0");
  world_.seen.daemons["messages-0"].report->ready = false;  // without it
  world_.decide_once();
  EXPECT_EQ(world_.condition("Available").status, ConditionStatus::False);
  EXPECT_EQ(world_.condition("Available").reason, "ShardUnavailable");
  EXPECT_EQ(world_.condition("Degraded").status, ConditionStatus::False);
  // Its next life begins, and does not answer yet.
  process("shard-0").stopping = process("shard-0").running = false;
  process("shard-0").in_hand = true;
  world_.decide_once();
  EXPECT_EQ(world_.condition("Degraded").status, ConditionStatus::False);
  process("shard-0").running = true;
  process("shard-0").started_ms = world_.seen.now_ms;
  world_.decide_once();
  EXPECT_EQ(world_.condition("Degraded").status, ConditionStatus::False);
  // Another one that is away at the same time is not planned.
  auto answers = world_.seen.shards["shard-1"];
  world_.seen.shards.erase("shard-1");
  world_.decide_once();
  EXPECT_EQ(world_.condition("Degraded").reason, "ShardUnavailable");
  EXPECT_EQ(world_.condition("Degraded").message.substr(0, 7), "shard-1");
  world_.seen.shards["shard-1"] = answers;
  world_.decide_once();
  EXPECT_EQ(world_.condition("Degraded").status, ConditionStatus::False);
  // What does not come is missed.
  world_.seen.wall_ms += 120'000;
  world_.decide_once();
  EXPECT_EQ(world_.condition("Degraded").reason, "ShardUnavailable");
}

TEST_F(PlatformHand, AShardThatEndedByItselfIsWrongAtOnce) {
  world_.seen.now_ms += 120'000;
  world_.kill("shard-0");
  process("shard-0").in_hand = true;
  world_.decide_once();
  EXPECT_EQ(world_.condition("Degraded").status, ConditionStatus::True);
}

TEST_F(PlatformHand, WhatItReplacesByItselfIsNotStopped) {
  process("messages-0").running_hash = "older";
  EXPECT_TRUE(asks(world_.decide_once(), "stop messages-0"));
  process("messages-0").in_hand = true;
  EXPECT_FALSE(asks(world_.decide_once(), "stop messages-0"));
  EXPECT_EQ(world_.condition("UpdateInProgress").status, ConditionStatus::True);
}

TEST_F(PlatformHand, OneTooManyIsPublishedWhileItsPlatformReplacesAnother) {
  surplus_messages();
  EXPECT_FALSE(asks(world_.decide_once(), "stop messages-1"));
  ASSERT_TRUE(world_.settle());
  ASSERT_EQ(world_.map().messages.size(), 2U);
  EXPECT_EQ(world_.map().messages[1].address.host, "10.0.0.9");
}

TEST_F(PlatformHand, OneTooManyThatNobodyTakesAwayLeavesTheMapAndIsStopped) {
  surplus_messages();
  ASSERT_TRUE(world_.settle());
  process("messages-1").in_hand = false;
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.map().messages.size(), 1U);
  EXPECT_LT(world_.at("publish the cluster map"), world_.at("stop messages-1"));
  EXPECT_TRUE(world_.did("stop messages-1"));
}

TEST_F(PlatformHand, AVolumeThatIsOutgrownGrowsAndOneThatCanNotHoldsUpNothing) {
  process("shard-0").outgrown = process("shard-1").outgrown = true;
  world_.seen.failures["volume shard-1"] = {"the quota is full", "QuotaFull", 1, world_.seen.now_ms};
  world_.kill("redis");
  auto& decision = world_.decide_once();
  EXPECT_TRUE(asks(decision, "let the volume of shard-0 grow"));
  EXPECT_FALSE(asks(decision, "let the volume of shard-1 grow"));  // not at once
  EXPECT_TRUE(asks(decision, "start redis"));
  EXPECT_EQ(world_.condition("Degraded").reason, "QuotaFull");
  EXPECT_EQ(world_.condition("Available").reason, "RedisUnavailable");
  world_.seen.now_ms += 5000;
  EXPECT_TRUE(asks(world_.decide_once(), "let the volume of shard-1 grow"));
}

TEST_F(PlatformHand, AnAddressThatComesWithTheStartIsPublishedThen) {
  World late;
  late.decide_once();
  for (int i = 0; i < 40 && late.map().version == 0; ++i) {
    ASSERT_TRUE(late.settle(1) || true);
    if (auto* messages = late.find("messages-0"); messages != nullptr && !messages->running) messages->address = {};
  }
  ASSERT_GT(late.map().version, 0);
  EXPECT_TRUE(late.map().messages.empty());
  EXPECT_TRUE(late.settle());
  EXPECT_TRUE(late.runs("messages-0"));  // it was not waited for its place in the map
  late.find("messages-0")->address = {"10.0.0.4", 7000};
  ASSERT_TRUE(late.settle());
  ASSERT_EQ(late.map().messages.size(), 1U);
  EXPECT_EQ(late.map().messages[0].address.host, "10.0.0.4");
}

TEST_F(PlatformHand, HungProcessesAreLeftToAPlatformThatEndsThem) {
  world_.seen.daemons["gateway-0"].misses = 9;
  world_.seen.now_ms += 60'000;
  EXPECT_TRUE(asks(world_.decide_once(), "end gateway-0, which hangs"));
  world_.seen.platform.ends_hung = true;
  EXPECT_FALSE(asks(world_.decide_once(), "end gateway-0, which hangs"));
}

TEST_F(PlatformHand, WhatItFindsIsACondition) {
  World fresh;
  fresh.seen.platform.findings = {{"ImagePullFailed", "the image of gateway-0 can not be pulled"}};
  fresh.decide_once();
  EXPECT_EQ(fresh.condition("Available").reason, "ImagePullFailed");
  EXPECT_EQ(fresh.condition("Degraded").status, ConditionStatus::True);
  EXPECT_EQ(fresh.condition("Degraded").message, "the image of gateway-0 can not be pulled");
}

TEST_F(PlatformHand, AnotherVersionAndTlsAreServedWhereThePlatformCan) {
  world_.cluster.spec.version = "2.0";
  world_.cluster.spec.tls.secret_name = "people";
  world_.decide_once();
  EXPECT_EQ(world_.condition("Degraded").reason, "Unsupported");
  world_.seen.platform.offer = {"on Kubernetes", true, true, true};
  world_.decide_once();
  EXPECT_EQ(world_.condition("Degraded").status, ConditionStatus::False);
}

// Servers that somebody else runs: they are there, and answer when asked.
class ExternalServers : public ::testing::Test {
 protected:
  void SetUp() override {
    world_.seen.platform.offer = {"on Kubernetes", true, true};
    auto& spec = world_.cluster.spec;
    spec.shards.external = {{"one", "pg-one"}, {"three", "pg-three"}, {"two", "pg-two"}};
    spec.redis.external = api::ExternalRedis{"redis"};
    world_.look();
    for (const char* name : {"shard-0", "shard-1", "shard-2", "redis"}) {
      auto& process = *world_.find(name);
      process.external = process.in_hand = process.prepared = process.running = true;
      process.pid = 1;
      process.address = {std::string(name) + ".example.org", 5432};
      if (name != std::string("redis")) world_.seen.shards[name].report = answer();
    }
    world_.seen.redis_answers = true;
  }
  static ports::ShardReport answer() {
    ports::ShardReport report;
    report.takes_writes = true;
    return report;
  }
  [[nodiscard]] bool did_to(const std::string& what, const std::string& name) const {
    return world_.did(what + " " + name);
  }
  World world_;
};

TEST_F(ExternalServers, AreMigratedAndNeitherStartedNorEnded) {
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.condition("Available").status, ConditionStatus::True) << world_.condition("Available").message;
  EXPECT_EQ(world_.condition("Degraded").status, ConditionStatus::False) << world_.condition("Degraded").message;
  for (const char* name : {"shard-0", "shard-1", "shard-2"}) {
    EXPECT_TRUE(did_to("migrate", name));
    EXPECT_FALSE(did_to("start", name));
  }
  EXPECT_FALSE(did_to("start", "redis"));
  ASSERT_EQ(world_.map().shards.size(), 3U);
  EXPECT_EQ(world_.map().shards[2].address.host, "shard-2.example.org");
  EXPECT_EQ(world_.last.status.shards.size(), 3U);
  world_.seen.objective = Objective::remove;
  ASSERT_TRUE(world_.settle());
  EXPECT_TRUE(world_.did("remove the cluster"));
  for (const char* name : {"shard-0", "shard-1", "shard-2", "redis"}) EXPECT_FALSE(did_to("stop", name));
}

TEST_F(ExternalServers, OneThatTakesNoWriteIsNotCalledServing) {
  world_.seen.shards["shard-1"].report->takes_writes = false;
  world_.frozen = true;
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.condition("Available").status, ConditionStatus::False);
  EXPECT_FALSE(did_to("migrate", "shard-1"));
}

TEST_F(ExternalServers, AnEmptyDatabaseInPlaceOfOneThatHeldMessagesIsNotFilled) {
  ASSERT_TRUE(world_.settle());
  const auto version = world_.map().version;
  world_.done.clear();
  world_.find("shard-1")->address.host = "empty.example.org";
  world_.seen.shards["shard-1"].report = answer();
  ASSERT_TRUE(world_.settle());
  EXPECT_FALSE(did_to("migrate", "shard-1"));
  EXPECT_EQ(world_.map().version, version);  // and nobody is sent there
  EXPECT_EQ(world_.condition("Degraded").reason, "ShardEmpty");
  EXPECT_EQ(world_.condition("Available").reason, "ShardUnavailable");
}

TEST_F(ExternalServers, AreRefusedWhereThePlatformDoesNotServeThem) {
  world_.seen.platform.offer = {};
  EXPECT_TRUE(world_.decide_once().actions.empty());
  EXPECT_EQ(world_.condition("Available").reason, "Unsupported");
  const auto message = world_.condition("Available").message;
  EXPECT_NE(message.find("spec.shards.external is not served in local mode"), std::string::npos) << message;
  EXPECT_NE(message.find("spec.redis.external is not served in local mode"), std::string::npos) << message;
}

}  // namespace
}  // namespace chatop::plan
