#include "operator/settings/key_rotation.hpp"

#include <gmock/gmock.h>

#include "dataplane/base/ulid.hpp"

namespace chatop::settings {
namespace {

using What = KeyStep::What;

constexpr std::int64_t kMade = 1'767'225'600'000;
constexpr std::int64_t kMinute = 60'000;

std::string kid(std::int64_t made) { return chat::base::Ulid::of(made, {}).text(); }
const std::string kOld = kid(kMade);
const std::string kNew = kid(kMade + kKeyLifeMs);

TEST(KeyRotationTest, AKeySignsForNinetyDays) {
  const std::vector<KeyView> one{{kOld, true, {}}};
  EXPECT_EQ(next_key_step(one, true, kMade).what, What::nothing);
  EXPECT_EQ(next_key_step(one, true, kMade + kKeyLifeMs - 1).what, What::nothing);
  EXPECT_EQ(next_key_step(one, true, kMade + kKeyLifeMs), (KeyStep{What::add}));
  // Whether what is there was published changes nothing; a clock that was set back neither.
  EXPECT_EQ(next_key_step(one, false, kMade + kKeyLifeMs).what, What::add);
  EXPECT_EQ(next_key_step(one, true, kMade - kMinute).what, What::nothing);
}

TEST(KeyRotationTest, TheNextOneWaitsUntilItHasReachedEverybodyHoweverLongTheOperatorWasAway) {
  const auto days_later = kMade + 2 * kKeyLifeMs;
  std::vector<KeyView> keys{{kNew, false, {}}, {kOld, true, {}}};
  EXPECT_EQ(next_key_step(keys, false, days_later).what, What::nothing);
  EXPECT_EQ(next_key_step(keys, true, days_later), (KeyStep{What::note, {kNew}}));
  keys[0].since = days_later;
  EXPECT_EQ(next_key_step(keys, true, days_later + kKeyReachesAllMs - 1).what, What::nothing);
  EXPECT_EQ(next_key_step(keys, true, days_later + kKeyReachesAllMs), (KeyStep{What::sign, {kNew}}));
  // Taken out of what was published meanwhile.
  EXPECT_EQ(next_key_step(keys, false, days_later + kKeyReachesAllMs).what, What::nothing);
  // Noted at a time that has not come.
  EXPECT_EQ(next_key_step(keys, true, days_later - kMinute), (KeyStep{What::note, {kNew}}));
}

TEST(KeyRotationTest, TheOldOneGoesWhenItsTokensHaveEnded) {
  const auto signs = kMade + kKeyLifeMs + kMinute;
  std::vector<KeyView> keys{{kNew, true, signs}, {kOld, true, {}}};
  EXPECT_EQ(next_key_step(keys, true, signs + kTokensHaveEndedMs - 1).what, What::nothing);
  EXPECT_EQ(next_key_step(keys, true, signs + kTokensHaveEndedMs), (KeyStep{What::retire, {kOld}}));
  EXPECT_EQ(next_key_step({{kNew, true, signs}}, true, signs + kTokensHaveEndedMs).what, What::nothing);
  // One that a person put there counts from when it is seen.
  keys[0].since.reset();
  EXPECT_EQ(next_key_step(keys, true, signs + kTokensHaveEndedMs), (KeyStep{What::note, {kNew}}));
}

TEST(KeyRotationTest, WhatIsLeftOverGoesAndWhatNobodySignsWithSigns) {
  EXPECT_EQ(next_key_step({{kOld, false, {}}, {kNew, true, {}}}, true, kMade + kKeyLifeMs),
            (KeyStep{What::retire, {kOld}}));
  EXPECT_EQ(next_key_step({{kOld, false, {}}}, false, kMade), (KeyStep{What::sign, {kOld}}));
  EXPECT_EQ(next_key_step({}, true, kMade).what, What::nothing);
}

TEST(KeyRotationTest, KeysThatAPersonNamedAreNotTouched) {
  EXPECT_EQ(next_key_step({{"ours-2026", true, {}}}, true, kMade + 2 * kKeyLifeMs).what, What::nothing);
  EXPECT_EQ(next_key_step({{"ours-2026", true, {}}, {kOld, true, kMade}}, true, kMade + 2 * kKeyLifeMs).what,
            What::nothing);
}

}  // namespace
}  // namespace chatop::settings
