#include "dataplane/gateway/send_queue.hpp"

#include <gtest/gtest.h>

namespace chat::gateway {
namespace {

TEST(SendQueue, GivesFramesBackInTheirOrder) {
  SendQueue queue;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(queue.push(make_frame(std::to_string(i))));
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(*queue.front(), std::to_string(i));
    queue.pop();
  }
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.bytes(), 0U);
}

TEST(SendQueue, IsBoundedInFrames) {
  SendQueue queue;
  const auto frame = make_frame("x");
  for (std::size_t i = 0; i < SendQueue::kFrames; ++i) ASSERT_TRUE(queue.push(frame));
  EXPECT_FALSE(queue.push(frame));
  queue.pop();
  EXPECT_TRUE(queue.push(frame));
}

TEST(SendQueue, IsCrowdedBeforeItIsHalfFullAndHalfFullBeforeItRefuses) {
  SendQueue queue;
  std::size_t crowded = 0;
  std::size_t half_full = 0;
  while (queue.push(make_frame("x"))) {
    if (queue.crowded() && crowded == 0) crowded = queue.size();
    if (queue.half_full() && half_full == 0) half_full = queue.size();
  }
  EXPECT_LT(crowded, half_full);
  EXPECT_LT(half_full, queue.size());
}

TEST(SendQueue, IsBoundedInBytesButTakesOneFrameOfAnySize) {
  SendQueue queue;
  const auto large = make_frame(std::string(SendQueue::kBytes + 1, 'x'));
  EXPECT_TRUE(queue.push(large));
  EXPECT_FALSE(queue.push(make_frame("y")));
  EXPECT_TRUE(queue.crowded());
  queue.pop();
  EXPECT_TRUE(queue.push(make_frame("y")));
  EXPECT_FALSE(queue.crowded());
}

TEST(SendQueue, NeverEmptyItStillForgetsWhatWasWritten) {
  SendQueue queue;
  ASSERT_TRUE(queue.push(make_frame("0")));
  for (int i = 1; i < 100'000; ++i) {
    ASSERT_TRUE(queue.push(make_frame(std::to_string(i))));
    ASSERT_EQ(*queue.front(), std::to_string(i - 1));
    queue.pop();
    ASSERT_EQ(queue.size(), 1U);
  }
}

}  // namespace
}  // namespace chat::gateway
