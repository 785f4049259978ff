#include "operator/kubernetes/control/event_series.hpp"

#include <gtest/gtest.h>

namespace chatop::kubernetes {
namespace {

constexpr std::int64_t kMinute = 60'000;

class EventSeriesTest : public ::testing::Test {
 protected:
  void happens(const std::string& note, const std::string& object = "demo") {
    Happening happening;
    happening.regarding = {{"apiVersion", "chatcluster.io/v1alpha1"},
                           {"kind", "ChatCluster"},
                           {"namespace", "chat"},
                           {"name", object},
                           {"uid", "uid-" + object}};
    happening.reason = "ShardUnreachable";
    happening.action = "Observe";
    happening.warning = true;
    happening.note = note;
    series_.add(happening, now_);
  }
  std::int64_t now_ = 1'767'225'600'000;
  EventSeries series_{"chatcluster.io/chat-operator", "pod-1", {4, 3}};
};

TEST_F(EventSeriesTest, TheFirstIsWrittenAtOnceAsAnEvent) {
  happens("shard-0 does not answer");
  EXPECT_EQ(series_.next(), now_);
  auto write = series_.take(now_);
  ASSERT_TRUE(write);
  EXPECT_TRUE(write->create);
  EXPECT_EQ(write->name_space, "chat");
  EXPECT_EQ(write->name.substr(0, 5), "demo.");
  EXPECT_EQ(write->body["note"], "shard-0 does not answer");
  EXPECT_EQ(write->body["type"], "Warning");
  EXPECT_EQ(write->body["regarding"]["uid"], "uid-demo");
  EXPECT_FALSE(write->body.contains("series"));
  EXPECT_FALSE(series_.take(now_));
  EXPECT_FALSE(series_.next());
}

TEST_F(EventSeriesTest, TheSameAgainIsACountWrittenOnceAMinute) {
  happens("x");
  auto first = series_.take(now_);
  for (int i = 0; i < 20; ++i) {
    now_ += 1'000;
    happens("x");
    EXPECT_FALSE(series_.take(now_));
  }
  EXPECT_EQ(series_.next(), now_ - 20'000 + kMinute);
  now_ += kMinute;
  auto second = series_.take(now_);
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->create);
  EXPECT_EQ(second->name, first->name);
  EXPECT_EQ(second->body["series"]["count"], 21);
}

TEST_F(EventSeriesTest, TwiceBeforeItWasWrittenIsOneEventWithItsCount) {
  happens("x");
  happens("x");
  auto write = series_.take(now_);
  EXPECT_EQ(write->body["series"]["count"], 2);
  EXPECT_FALSE(series_.take(now_ + kMinute));
}

TEST_F(EventSeriesTest, AfterTenQuietMinutesItIsANewEvent) {
  happens("x");
  auto first = series_.take(now_);
  now_ += 10 * kMinute + 1;
  happens("x");
  auto second = series_.take(now_);
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->create);
  EXPECT_NE(second->name, first->name);
}

TEST_F(EventSeriesTest, WhatTheServerForgotIsMadeAnew) {
  happens("x");
  auto first = series_.take(now_);
  series_.forget(first->name);
  now_ += 1;
  happens("x");
  EXPECT_TRUE(series_.take(now_)->create);
}

TEST_F(EventSeriesTest, OneObjectCanNotFloodAndMemoryIsBounded) {
  for (int i = 0; i < 10; ++i) happens("note " + std::to_string(i));
  EXPECT_EQ(series_.size(), 3U);
  EXPECT_EQ(series_.dropped(), 7U);
  for (int i = 0; i < 10; ++i) happens("x", "other-" + std::to_string(i));
  EXPECT_EQ(series_.size(), 4U);
}

TEST_F(EventSeriesTest, TextsAreCutToTheServersBoundsBetweenCharacters) {
  std::string note(1'023, 'a');
  happens(note + "ä");
  auto write = series_.take(now_);
  EXPECT_EQ(write->body["note"], note);
}

}  // namespace
}  // namespace chatop::kubernetes
