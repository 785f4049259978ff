#include "dataplane/io/tls/handshake_slots.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace chat::io::tls {
namespace {

class HandshakeSlotsTest : public ::testing::Test {
 protected:
  std::optional<HandshakeSlots::Slot> take(int name) {
    return slots_.take(now_, [this, name] { given_up_.push_back(name); });
  }
  HandshakeSlots slots_{2};
  base::SteadyTime now_{};
  std::vector<int> given_up_;
};

TEST_F(HandshakeSlotsTest, ASlotThatEndsIsFree) {
  auto one = take(1);
  auto two = take(2);
  EXPECT_FALSE(take(3));
  one.reset();
  auto four = take(4);
  EXPECT_TRUE(four);
  EXPECT_FALSE(take(5));
  EXPECT_TRUE(given_up_.empty());
}

TEST_F(HandshakeSlotsTest, TheOldestMakesRoomOnceItHasHadItsTime) {
  auto one = take(1);
  now_ += HandshakeSlots::kOwnTime / 2;
  auto two = take(2);
  now_ += HandshakeSlots::kOwnTime / 2 - std::chrono::milliseconds(1);
  EXPECT_FALSE(take(3));
  EXPECT_TRUE(slots_.full(now_));
  now_ += std::chrono::milliseconds(1);
  EXPECT_FALSE(slots_.full(now_));
  auto four = take(4);
  EXPECT_TRUE(four);
  EXPECT_EQ(given_up_, std::vector<int>{1});
  EXPECT_FALSE(take(5)) << "the second has time left";
  one.reset();  // of whom the slot was taken: it gives back nothing
  EXPECT_EQ(slots_.size(), 2U);
  EXPECT_FALSE(take(6));
}

TEST_F(HandshakeSlotsTest, ASlotThatMovesStaysOne) {
  auto one = take(1);
  {
    const HandshakeSlots::Slot moved(std::move(*one));
    EXPECT_EQ(slots_.size(), 1U);
  }
  EXPECT_EQ(slots_.size(), 0U);
}

}  // namespace
}  // namespace chat::io::tls
