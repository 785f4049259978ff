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

TEST_F(PlatformHand, AnotherVersionIsServedWhereThePlatformCan) {
  world_.cluster.spec.version = "2.0";
  world_.decide_once();
  EXPECT_EQ(world_.condition("Degraded").reason, "Unsupported");
  world_.seen.platform.offer = {"on Kubernetes", true};
  world_.decide_once();
  EXPECT_EQ(world_.condition("Degraded").status, ConditionStatus::False);
}

}  // namespace
}  // namespace chatop::plan
