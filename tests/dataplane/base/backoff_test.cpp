#include "dataplane/base/backoff.hpp"

#include <gtest/gtest.h>

namespace chat::base {
namespace {

using std::chrono::milliseconds;

TEST(Backoff, DoublesUpToTheMost) {
  auto wait = [](unsigned attempt) { return backoff(attempt, 0.999999, milliseconds(50), milliseconds(1000)).count(); };
  EXPECT_NEAR(static_cast<double>(wait(0)), 50, 1);
  EXPECT_NEAR(static_cast<double>(wait(1)), 100, 1);
  EXPECT_NEAR(static_cast<double>(wait(4)), 800, 1);
  EXPECT_NEAR(static_cast<double>(wait(5)), 1000, 1);
  EXPECT_NEAR(static_cast<double>(wait(4'000'000'000u)), 1000, 1);
}

TEST(Backoff, JitterTakesAwayHalfAtMost) {
  EXPECT_EQ(backoff(2, 0, milliseconds(50), milliseconds(1000)), milliseconds(100));
  EXPECT_EQ(backoff(2, 0.5, milliseconds(50), milliseconds(1000)), milliseconds(150));
}

}  // namespace
}  // namespace chat::base
