#include "dataplane/domain/bucket.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

namespace chat::domain {
namespace {

base::Ulid id(const char* text) { return base::Ulid::parse(text).value(); }

// Golden: these values are in every row that was ever written. A change here is a change of where data is looked for.
TEST(Bucket, OfIdsIsFixedForEver) {
  EXPECT_EQ(bucket_of(id("00000000000000000000000000")), 2111);
  EXPECT_EQ(bucket_of(id("01ARZ3NDEKTSV4RRFFQ69G5FAV")), 3871);
  EXPECT_EQ(bucket_of(id("01ARZ3NDEKTSV4RRFFQ69G5FAW")), 313);
  EXPECT_EQ(bucket_of(id("7ZZZZZZZZZZZZZZZZZZZZZZZZZ")), 3825);
  EXPECT_EQ(bucket_of(id("01KDVDNA00AAAAAAAAAAAAAAAA")), 3424);
}

TEST(Bucket, OfNamesIsFixedForEverAndBlindToCase) {
  EXPECT_EQ(bucket_of_name(""), 2203);
  EXPECT_EQ(bucket_of_name("a"), 248);
  EXPECT_EQ(bucket_of_name("alice"), 2652);
  EXPECT_EQ(bucket_of_name("Bob_99"), 624);
  EXPECT_EQ(bucket_of_name("0123456789_abcdefghijklmnopqrstuvwxyz"), 1838);
  EXPECT_EQ(bucket_of_name("ALICE"), bucket_of_name("alice"));
  EXPECT_EQ(bucket_of_name("Bob_99"), bucket_of_name("bOB_99"));
}

TEST(Bucket, SpreadsIdsOfOneMillisecondAndOfOneSecondAlike) {
  for (const std::int64_t step : {0, 1}) {
    std::vector<int> counts(kBuckets);
    constexpr int kIds = kBuckets * 32;
    for (int i = 0; i < kIds; ++i) ++counts[bucket_of(base::new_ulid(1'767'225'600'000 + i * step))];
    // 32 a bucket on average; a Poisson tail beyond 80 or below 4 is one in many millions.
    EXPECT_LT(*std::max_element(counts.begin(), counts.end()), 80);
    EXPECT_GT(*std::min_element(counts.begin(), counts.end()), 4);
  }
}

TEST(Bucket, OneOnOneIdIsTheSameFromBothSidesAndFixedForEver) {
  const auto a = id("01ARZ3NDEKTSV4RRFFQ69G5FAV");
  const auto b = id("7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
  EXPECT_EQ(one_on_one_id(a, b), one_on_one_id(b, a));
  EXPECT_EQ(one_on_one_id(a, b).text(), "5Q4SVYWQ44X2V00Z4Z7RCQJTKS");
  EXPECT_NE(one_on_one_id(a, b), one_on_one_id(a, a));
}

}  // namespace
}  // namespace chat::domain
