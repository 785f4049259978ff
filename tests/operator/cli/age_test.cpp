#include "operator/cli/age.hpp"

#include <gtest/gtest.h>

namespace {

using namespace chatop::cli;

TEST(Age, IsTwoUnitsAtMostAndNeverNegative) {
  constexpr std::int64_t kSecond = 1000;
  EXPECT_EQ(duration(-5 * kSecond), "0s");
  EXPECT_EQ(duration(119 * kSecond), "119s");
  EXPECT_EQ(duration(120 * kSecond), "2m");
  EXPECT_EQ(duration(3599 * kSecond), "59m59s");
  EXPECT_EQ(duration((3 * 3600 + 12 * 60 + 5) * kSecond), "3h12m");
  EXPECT_EQ(duration((50 * 3600) * kSecond), "2d2h");
  EXPECT_EQ(age("1970-01-01T00:00:00Z", 61 * kSecond), "61s");
  EXPECT_EQ(age("", 0), "unknown");
}

}  // namespace
