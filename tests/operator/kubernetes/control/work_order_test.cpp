#include "operator/kubernetes/control/work_order.hpp"

#include <gtest/gtest.h>

namespace chatop::kubernetes {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class WorkOrderTest : public ::testing::Test {
 protected:
  bool add(const std::string& key, Urgency urgency = Urgency::change, milliseconds after = {}) {
    return order_.add(key, urgency, now_ + after, now_);
  }
  std::string take() { return order_.take(now_).value_or("-"); }
  void finish(const std::string& key, Outcome outcome = {}) { order_.finish(key, outcome, 0, now_); }

  chat::base::SteadyTime now_{std::chrono::hours(1)};
  WorkOrder order_{4};
};

TEST_F(WorkOrderTest, AKeyWaitsOnce) {
  add("a");
  add("b");
  add("a");
  EXPECT_EQ(take(), "a");
  EXPECT_EQ(take(), "b");
  EXPECT_EQ(take(), "-");
}

TEST_F(WorkOrderTest, AKeyIsWorkedOnByOneAndAgainWhenItWasAddedMeanwhile) {
  add("a");
  EXPECT_EQ(take(), "a");
  add("a");
  EXPECT_EQ(take(), "-");
  finish("a");
  EXPECT_EQ(take(), "a");
  finish("a");
  EXPECT_EQ(take(), "-");
  EXPECT_EQ(order_.size(), 0U);
}

TEST_F(WorkOrderTest, ARealChangeGoesBeforeResyncsAndLiftsItsKey) {
  add("r1", Urgency::resync);
  add("r2", Urgency::resync);
  add("c1");
  add("r2");
  EXPECT_EQ(take(), "r2") << "it came before c1, and is a change now";
  EXPECT_EQ(take(), "c1");
  EXPECT_EQ(take(), "r1");
}

TEST_F(WorkOrderTest, AChangeBeforeResyncsAlsoWhileTheyWereAlreadyDue) {
  add("r1", Urgency::resync);
  add("r2", Urgency::resync);
  EXPECT_EQ(take(), "r1");
  add("c1");
  EXPECT_EQ(take(), "c1");
}

TEST_F(WorkOrderTest, ADelayedKeyWaitsAndTheEarlierWishCounts) {
  add("a", Urgency::resync, seconds(30));
  EXPECT_EQ(take(), "-");
  EXPECT_EQ(order_.next(now_), now_ + seconds(30));
  add("a", Urgency::resync, seconds(5));
  EXPECT_EQ(order_.next(now_), now_ + seconds(5));
  add("a", Urgency::resync, seconds(60));
  EXPECT_EQ(order_.next(now_), now_ + seconds(5));
  now_ += seconds(5);
  EXPECT_EQ(take(), "a");
  EXPECT_FALSE(order_.next(now_));
}

TEST_F(WorkOrderTest, FailuresInARowWaitLongerAndSuccessForgetsThem) {
  add("a");
  EXPECT_EQ(take(), "a");
  finish("a", {Outcome::Kind::retry});
  EXPECT_EQ(order_.next(now_), now_ + milliseconds(125));
  now_ += milliseconds(125);
  EXPECT_EQ(take(), "a");
  finish("a", {Outcome::Kind::retry});
  EXPECT_EQ(order_.next(now_), now_ + milliseconds(250));
  now_ += milliseconds(250);
  EXPECT_EQ(take(), "a");
  finish("a", {Outcome::Kind::later, seconds(10)});
  EXPECT_EQ(order_.next(now_), now_ + seconds(10));
  now_ += seconds(10);
  EXPECT_EQ(take(), "a");
  finish("a", {Outcome::Kind::retry});
  EXPECT_EQ(order_.next(now_), now_ + milliseconds(125));
}

TEST_F(WorkOrderTest, AChangeIsNotHeldBackByAPause) {
  add("a");
  EXPECT_EQ(take(), "a");
  finish("a", {Outcome::Kind::retry, seconds(60)});
  EXPECT_EQ(take(), "-");
  add("a");
  EXPECT_EQ(take(), "a");
  add("a");
  finish("a", {Outcome::Kind::retry, seconds(60)});
  EXPECT_EQ(take(), "a") << "it came while a was worked on";
}

TEST_F(WorkOrderTest, WhatEndedWaitsForSomebody) {
  add("a");
  EXPECT_EQ(take(), "a");
  finish("a", {Outcome::Kind::ended});
  EXPECT_FALSE(order_.next(now_));
  EXPECT_TRUE(add("a"));
}

TEST_F(WorkOrderTest, IsBoundedAndSaysSo) {
  for (const char* key : {"a", "b", "c", "d"}) EXPECT_TRUE(add(key));
  EXPECT_FALSE(add("e"));
  EXPECT_TRUE(add("a")) << "it has its place";
  EXPECT_EQ(take(), "a");
  EXPECT_FALSE(add("e")) << "what is worked on may come back";
  EXPECT_TRUE(add("a"));
  finish("a");
  EXPECT_EQ(order_.size(), 4U);
}

}  // namespace
}  // namespace chatop::kubernetes
