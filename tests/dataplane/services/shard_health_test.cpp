#include "dataplane/services/shard_health.hpp"

#include <gtest/gtest.h>

namespace chat::services {
namespace {

using namespace std::chrono_literals;
const base::SteadyTime kStart = base::SteadyTime(1h);

TEST(ShardHealth, IsInTroubleUntilItWasProven) {
  ShardHealth health;
  EXPECT_FALSE(health.trouble().empty());
  EXPECT_TRUE(health.lasting_trouble(kStart + 1h).empty());  // nothing was seen to be wrong yet
  EXPECT_TRUE(health.probed(kStart));
  EXPECT_TRUE(health.trouble().empty());
  EXPECT_FALSE(health.probed(kStart + 1s));  // no news
}

TEST(ShardHealth, TroubleIsNewsOnceAndToldToPeopleWhenItLasts) {
  ShardHealth health;
  health.probed(kStart);
  EXPECT_TRUE(health.failed("refused", false, kStart));
  EXPECT_FALSE(health.failed("refused", false, kStart + 1s));
  EXPECT_TRUE(health.lasting_trouble(kStart + 2900ms).empty());
  EXPECT_EQ(health.lasting_trouble(kStart + 3s), "refused");
  EXPECT_TRUE(health.probed(kStart + 4s));
  EXPECT_TRUE(health.lasting_trouble(kStart + 9s).empty());
}

TEST(ShardHealth, WhereThereIsNoRoomAWriteOfNothingProvesNothing) {
  ShardHealth health;
  health.probed(kStart);
  EXPECT_TRUE(health.failed("disk full", true, kStart));
  EXPECT_FALSE(health.probed(kStart + 9s));
  EXPECT_EQ(health.trouble(), "disk full");
  EXPECT_TRUE(health.wrote(1ms, kStart + 9s));
  EXPECT_TRUE(health.trouble().empty());
  EXPECT_TRUE(health.failed("disk full", true, kStart + 20s));
  EXPECT_TRUE(health.probed(kStart + 30s));  // nobody has written since: it gets the benefit of the doubt
}

TEST(ShardHealth, SeveralSlowWritesInARowAreSlowAndOneFastOneEndsThat) {
  ShardHealth health;
  for (unsigned i = 0; i < ShardHealth::kSlowWrites; ++i) {
    EXPECT_FALSE(health.slow(kStart));
    health.wrote(300ms, kStart);
  }
  EXPECT_TRUE(health.slow(kStart + 59s));
  EXPECT_FALSE(health.slow(kStart + 60s));  // too long ago to be said
  health.wrote(2ms, kStart + 10s);
  EXPECT_FALSE(health.slow(kStart + 10s));
}

}  // namespace
}  // namespace chat::services
