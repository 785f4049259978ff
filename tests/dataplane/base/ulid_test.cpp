#include "dataplane/base/ulid.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

namespace chat::base {
namespace {

const std::array<std::uint8_t, 10> kRandom{0, 1, 2, 3, 4, 5, 6, 7, 8, 0xFF};

TEST(Ulid, TextIsThatOfTheSpecification) {
  // The example of the ULID specification: 01ARZ3NDEK is the time 1469922850259.
  auto id = Ulid::of(1469922850259, {});
  EXPECT_EQ(id.text(), "01ARZ3NDEK0000000000000000");
  EXPECT_EQ(Ulid::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV")->milliseconds(), 1469922850259);
  EXPECT_EQ(Ulid::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV")->uuid_text(), "01563e3a-b5d3-d676-4c61-efb99302bd5b");
}

TEST(Ulid, TextAndUuidGoRoundTrip) {
  auto id = Ulid::of(1'767'225'600'123, kRandom);
  EXPECT_EQ(Ulid::parse(id.text()), id);
  EXPECT_EQ(Ulid::parse_uuid(id.uuid_text()), id);
  EXPECT_EQ(id.milliseconds(), 1'767'225'600'123);
}

TEST(Ulid, LargestIdIsTheLastThatParses) {
  std::string largest = "7ZZZZZZZZZZZZZZZZZZZZZZZZZ";
  ASSERT_TRUE(Ulid::parse(largest));
  EXPECT_EQ(Ulid::parse(largest)->text(), largest);
  EXPECT_EQ(Ulid::parse(largest)->uuid_text(), "ffffffff-ffff-ffff-ffff-ffffffffffff");
  EXPECT_FALSE(Ulid::parse("80000000000000000000000000"));
}

TEST(Ulid, LowerCaseIsAcceptedAndWrittenUpper) {
  EXPECT_EQ(Ulid::parse("01arz3ndektsv4rrffq69g5fav")->text(), "01ARZ3NDEKTSV4RRFFQ69G5FAV");
}

TEST(Ulid, RefusesWhatIsNoUlid) {
  for (const char* text :
       {"", "0", "01ARZ3NDEKTSV4RRFFQ69G5FA", "01ARZ3NDEKTSV4RRFFQ69G5FAVV", "01ARZ3NDEKTSV4RRFFQ69G5FAI",
        "01ARZ3NDEKTSV4RRFFQ69G5FAL", "01ARZ3NDEKTSV4RRFFQ69G5FAO", "01ARZ3NDEKTSV4RRFFQ69G5FAU",
        "01ARZ3NDEKTSV4RRFFQ69G5FA-", "+1ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5F\xC3\xA4"})
    EXPECT_FALSE(Ulid::parse(text)) << text;
  for (const char* text : {"", "01563e3ab5d3d6764c61efb99302bd5b", "01563e3a-b5d3-d676-4c61-efb99302bd5",
                           "01563e3a-b5d3-d676-4c61-efb99302bd5g", "01563e3a-b5d3-d676-4c61+efb99302bd5b"})
    EXPECT_FALSE(Ulid::parse_uuid(text)) << text;
}

TEST(Ulid, SortsLikeItsTextAndByTimeFirst) {
  std::vector<Ulid> ids{Ulid::of(2, {}), Ulid::of(1, kRandom), Ulid::of(1, {}), Ulid::of(256, {}),
                        Ulid::of(255, kRandom)};
  std::sort(ids.begin(), ids.end());
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end(), [](const Ulid& a, const Ulid& b) { return a.text() < b.text(); }));
  EXPECT_EQ(ids.back().milliseconds(), 256);
}

TEST(Ulid, NewOnesCarryTheGivenTimeAndDiffer) {
  std::set<Ulid> ids;
  for (int i = 0; i < 1000; ++i) {
    auto id = new_ulid(42);
    EXPECT_EQ(id.milliseconds(), 42);
    ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 1000u);
}

TEST(Ulid, ZeroIsZero) {
  EXPECT_TRUE(Ulid{}.is_zero());
  EXPECT_FALSE(Ulid::of(1, {}).is_zero());
}

}  // namespace
}  // namespace chat::base
