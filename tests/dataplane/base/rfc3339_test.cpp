#include "dataplane/base/rfc3339.hpp"

#include <gtest/gtest.h>

#include "dataplane/base/clock.hpp"

namespace {

using namespace chat::base;

TEST(Rfc3339, ReadsWhatTheClockWrites) {
  for (std::int64_t moment : {std::int64_t{0}, std::int64_t{1767323045678}, std::int64_t{4102444799999}})
    EXPECT_EQ(parse_rfc3339(rfc3339(moment)), moment);
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:01Z"), 1000);
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:01.234567Z"), 1234);  // as Kubernetes writes some
}

TEST(Rfc3339, RefusesWhatIsNoMoment) {
  for (auto text : {"", "yesterday", "2026-01-02", "2026-01-02T03:04:05", "2026-13-02T03:04:05Z",
                    "2026-02-30T03:04:05Z", "2026-01-02T25:04:05Z", "2026-01-02T03:04:05.67Z",
                    "2026-01-02T03:04:05.6789Z", "2026-01-02T03:04:05.678a9bZ", "2026-01-02T-3:04:05Z"})
    EXPECT_FALSE(parse_rfc3339(text)) << text;
}

}  // namespace
