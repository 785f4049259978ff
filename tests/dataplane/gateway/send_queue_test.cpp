#include "dataplane/gateway/send_queue.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace chat::gateway {
namespace {

Frame frame_of(std::string bytes) { return std::make_shared<const std::string>(std::move(bytes)); }

// What would be written now, in so many pieces at most.
std::string next(const SendQueue& queue, std::size_t pieces = 64) {
  std::array<iovec, 64> all{};
  const auto count = queue.gather(std::span(all).first(pieces));
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) bytes.append(static_cast<const char*>(all.at(i).iov_base), all.at(i).iov_len);
  return bytes;
}

TEST(SendQueue, GivesFramesInTheirOrderAndManyAtATime) {
  SendQueue queue;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(queue.push(frame_of(std::to_string(i))));
  EXPECT_EQ(next(queue), "0123456789");
  EXPECT_EQ(next(queue, 3), "012");
  queue.written(4);
  EXPECT_EQ(next(queue), "456789");
  queue.written(6);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.bytes(), 0U);
  EXPECT_EQ(next(queue), "");
}

TEST(SendQueue, GoesOnInTheMiddleOfAFrame) {
  SendQueue queue;
  for (const char* bytes : {"abc", "def", "ghi"}) ASSERT_TRUE(queue.push(frame_of(bytes)));
  queue.written(1);
  EXPECT_EQ(next(queue), "bcdefghi");
  EXPECT_EQ(queue.size(), 3U);
  queue.written(3);
  EXPECT_EQ(next(queue), "efghi");
  EXPECT_EQ(queue.size(), 2U);
  EXPECT_EQ(queue.bytes(), 5U);
  ASSERT_TRUE(queue.push(frame_of("j")));
  queue.written(6);
  EXPECT_TRUE(queue.empty());
}

TEST(SendQueue, DropsWhatWaitsButNotTheRestOfAFrameThatBegan) {
  SendQueue queue;
  for (const char* bytes : {"abc", "def"}) ASSERT_TRUE(queue.push(frame_of(bytes)));
  queue.written(1);
  queue.drop_waiting();
  EXPECT_EQ(next(queue), "bc");
  EXPECT_EQ(queue.bytes(), 2U);
  queue.push_always(frame_of("close"));
  EXPECT_EQ(next(queue), "bcclose");
  queue.written(2);
  queue.drop_waiting();
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.bytes(), 0U);
}

TEST(SendQueue, IsBoundedInFrames) {
  SendQueue queue;
  const auto frame = frame_of("x");
  for (std::size_t i = 0; i < SendQueue::kFrames; ++i) ASSERT_TRUE(queue.push(frame));
  EXPECT_FALSE(queue.push(frame));
  queue.push_always(frame);
  queue.written(2);
  EXPECT_TRUE(queue.push(frame));
  EXPECT_FALSE(queue.push(frame));
}

TEST(SendQueue, IsCrowdedBeforeItIsHalfFullAndHalfFullBeforeItRefuses) {
  SendQueue queue;
  std::size_t crowded = 0;
  std::size_t half_full = 0;
  while (queue.push(frame_of("x"))) {
    if (queue.crowded() && crowded == 0) crowded = queue.size();
    if (queue.half_full() && half_full == 0) half_full = queue.size();
  }
  EXPECT_LT(crowded, half_full);
  EXPECT_LT(half_full, queue.size());
}

TEST(SendQueue, IsBoundedInBytesButTakesOneFrameOfAnySize) {
  SendQueue queue;
  const auto large = frame_of(std::string(SendQueue::kBytes + 1, 'x'));
  EXPECT_TRUE(queue.push(large));
  EXPECT_FALSE(queue.push(frame_of("y")));
  EXPECT_TRUE(queue.crowded());
  queue.written(large->size());
  EXPECT_TRUE(queue.push(frame_of("y")));
  EXPECT_FALSE(queue.crowded());
}

TEST(SendQueue, NeverEmptyItStillForgetsWhatWasWritten) {
  SendQueue queue;
  ASSERT_TRUE(queue.push(frame_of("0")));
  for (int i = 1; i < 100'000; ++i) {
    ASSERT_TRUE(queue.push(frame_of(std::to_string(i))));
    const auto before = std::to_string(i - 1);
    ASSERT_EQ(next(queue, 1), before);
    queue.written(before.size());
    ASSERT_EQ(queue.size(), 1U);
  }
}

}  // namespace
}  // namespace chat::gateway
