#include "dataplane/domain/token_bucket.hpp"

#include <gtest/gtest.h>

namespace chat::domain {
namespace {

using namespace std::chrono_literals;

class TokenBucketTest : public ::testing::Test {
 protected:
  base::SteadyTime now_{1h};
  TokenBucket bucket_;
};

TEST_F(TokenBucketTest, AllowsABurstThenSaysHowLongToWait) {
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(bucket_.take(60, 5, now_).allowed) << i;
  const auto refused = bucket_.take(60, 5, now_);
  EXPECT_FALSE(refused.allowed);
  EXPECT_GE(refused.retry_after, 1000ms);
  EXPECT_LE(refused.retry_after, 1002ms);
  EXPECT_FALSE(bucket_.take(60, 5, now_ + 990ms).allowed);
  EXPECT_TRUE(bucket_.take(60, 5, now_ + 990ms + 12ms).allowed);
}

TEST_F(TokenBucketTest, AllowsAfterTheWaitThatItNamed) {
  for (const double per_minute : {1.0, 7.0, 50.0, 1000.0}) {
    TokenBucket bucket;
    while (bucket.take(per_minute, 3, now_).allowed) {
    }
    const auto refused = bucket.take(per_minute, 3, now_);
    EXPECT_TRUE(bucket.take(per_minute, 3, now_ + refused.retry_after).allowed) << per_minute;
  }
}

TEST_F(TokenBucketTest, HoldsTheRateOverTime) {
  int allowed = 0;
  for (int i = 0; i < 60'000; ++i)
    allowed += bucket_.take(600, 10, now_ + std::chrono::milliseconds(i)).allowed ? 1 : 0;
  EXPECT_NEAR(allowed, 610, 2);
}

TEST_F(TokenBucketTest, KeepsNoMoreThanTheBurstHoweverLongItRests) {
  EXPECT_TRUE(bucket_.take(60, 2, now_).allowed);
  now_ += 24h;
  EXPECT_TRUE(bucket_.take(60, 2, now_).allowed);
  EXPECT_TRUE(bucket_.take(60, 2, now_).allowed);
  EXPECT_FALSE(bucket_.take(60, 2, now_).allowed);
}

TEST_F(TokenBucketTest, TakesZeroForNoLimit) {
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(bucket_.take(0, 1, now_).allowed);
}

TEST_F(TokenBucketTest, GivesNothingForAClockThatStepsBack) {
  while (bucket_.take(60, 3, now_).allowed) {
  }
  EXPECT_FALSE(bucket_.take(60, 3, now_ - 1h + 1ms).allowed);
  EXPECT_FALSE(bucket_.take(60, 3, now_ + 10ms).allowed);
}

TEST_F(TokenBucketTest, IsFullWhenForgettingItChangesNothing) {
  EXPECT_TRUE(bucket_.take(60, 2, now_).allowed);
  EXPECT_FALSE(bucket_.full(60, 2, now_));
  EXPECT_TRUE(bucket_.full(60, 2, now_ + 1001ms));
}

}  // namespace
}  // namespace chat::domain
