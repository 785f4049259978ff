#include "operator/cli/age.hpp"

#include <gtest/gtest.h>

#include "dataplane/base/clock.hpp"

namespace {

using namespace chatop::cli;

TEST(Age, ReadsWhatTheClockWrites) {
  for (std::int64_t moment : {std::int64_t{0}, std::int64_t{1767323045678}, std::int64_t{4102444799999}})
    EXPECT_EQ(parse_rfc3339(chat::base::rfc3339(moment)), moment);
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:01Z"), 1000);
}

TEST(Age, RefusesWhatIsNoMoment) {
  for (auto text :
       {"", "yesterday", "2026-01-02", "2026-01-02T03:04:05", "2026-13-02T03:04:05Z", "2026-02-30T03:04:05Z",
        "2026-01-02T25:04:05Z", "2026-01-02T03:04:05.67Z", "2026-01-02T03:04:05.6789Z", "2026-01-02T-3:04:05Z"})
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  EXPECT_EQ(age("", 0), "unknown");
}

TEST(Age, IsTwoUnitsAtMostAndNeverNegative) {
  constexpr std::int64_t kSecond = 1000;
  EXPECT_EQ(duration(-5 * kSecond), "0s");
  EXPECT_EQ(duration(119 * kSecond), "119s");
  EXPECT_EQ(duration(120 * kSecond), "2m");
  EXPECT_EQ(duration(3599 * kSecond), "59m59s");
  EXPECT_EQ(duration((3 * 3600 + 12 * 60 + 5) * kSecond), "3h12m");
  EXPECT_EQ(duration((50 * 3600) * kSecond), "2d2h");
  EXPECT_EQ(age("1970-01-01T00:00:00Z", 61 * kSecond), "61s");
}

}  // namespace
