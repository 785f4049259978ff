#include "dataplane/gateway/feed.hpp"

#include <gtest/gtest.h>

#include "tests/dataplane/gateway/fakes.hpp"

namespace chat::gateway {
namespace {

using testing::id_of;

const Ulid kOne = id_of(1);
const Ulid kTwo = id_of(2);

// A connection: what it was sent, as conversation and rev.
class FeedTest : public ::testing::Test {
 protected:
  using Sent = std::vector<std::string>;
  static std::string name(const Ulid& conversation, std::int64_t rev) {
    return (conversation == kOne ? "1:" : "2:") + std::to_string(rev);
  }
  void live(const Ulid& conversation, std::int64_t rev, std::size_t bytes = 0) {
    delivered_[conversation] = rev;
    auto frame = make_frame(name(conversation, rev) + std::string(bytes, ' '));
    if (feed.change(conversation, rev, frame)) send(frame);
  }
  void send(const Frame& frame) {
    const auto text = text_of(frame);
    sent.emplace_back(text.substr(0, text.find(' ')));
  }
  Feed::Send sender() {
    return [this](const Frame& frame) { send(frame); };
  }
  Feed::Delivered delivered() {
    return [this](const Ulid& conversation) -> std::optional<std::int64_t> {
      auto it = delivered_.find(conversation);
      return it == delivered_.end() ? std::nullopt : std::optional(it->second);
    };
  }

  Feed feed;
  Sent sent;
  std::map<Ulid, std::int64_t> delivered_;
};

TEST_F(FeedTest, PassesLiveChangesStraightThrough) {
  live(kOne, 1);
  live(kTwo, 9);
  live(kOne, 2);
  EXPECT_EQ(sent, (Sent{"1:1", "2:9", "1:2"}));
}

TEST_F(FeedTest, HoldsDuringASyncAndSendsOnlyWhatTheSyncDidNotAnswer) {
  feed.hold_all();
  live(kOne, 5);
  live(kOne, 6);
  live(kTwo, 1);
  EXPECT_EQ(sent, Sent{});
  feed.answered(kOne, 5);
  feed.answered(kTwo, 1);
  feed.release_all(sender(), delivered());
  EXPECT_EQ(sent, Sent{"1:6"});
  live(kOne, 7);
  EXPECT_EQ(sent, (Sent{"1:6", "1:7"}));
}

TEST_F(FeedTest, AnAnswerThatIsAheadOfTheLiveChangesIsNotRepeatedByThem) {
  feed.hold_all();
  feed.answered(kOne, 7);
  delivered_[kOne] = 5;
  feed.release_all(sender(), delivered());
  live(kOne, 6);
  live(kOne, 7);
  EXPECT_EQ(sent, Sent{});
  live(kOne, 8);
  EXPECT_EQ(sent, Sent{"1:8"});
  EXPECT_EQ(feed.unsent_after(kOne, 0), 0);
}

TEST_F(FeedTest, WhatWasHeldOfAConversationThatIsTakenAwayDoesNotCome) {
  feed.hold_all();
  live(kOne, 5);
  live(kTwo, 1);
  feed.forget(kOne);
  feed.release_all(sender(), delivered());
  EXPECT_EQ(sent, Sent{"2:1"});
}

TEST_F(FeedTest, HoldsOneConversationAndNotTheOthers) {
  feed.hold(kOne);
  live(kOne, 3);
  live(kTwo, 1);
  EXPECT_EQ(sent, Sent{"2:1"});
  feed.answered(kOne, 2);
  feed.release(kOne, sender(), delivered());
  EXPECT_EQ(sent, (Sent{"2:1", "1:3"}));
}

TEST_F(FeedTest, WhatDoesNotFitIsReadAgainFromBeforeTheFirstThatWasHeld) {
  feed.hold_all();
  live(kTwo, 1);
  for (std::int64_t rev = 11; rev <= 11 + static_cast<std::int64_t>(Feed::kHeldChanges); ++rev) live(kOne, rev);
  auto missing = feed.missing();
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->conversation, kOne);
  EXPECT_EQ(missing->after, 10);
  const auto last = delivered_[kOne];
  feed.answered(kOne, last);  // it was read
  feed.found(kOne);
  EXPECT_FALSE(feed.missing());
  live(kOne, last + 1);
  feed.release_all(sender(), delivered());
  EXPECT_EQ(sent, (Sent{"2:1", name(kOne, last + 1)}));
}

TEST_F(FeedTest, BytesAreBoundedToo) {
  feed.hold_all();
  live(kOne, 1, Feed::kHeldBytes + 1);
  EXPECT_TRUE(feed.missing(kOne));
  live(kOne, 2);  // small, but after a hole
  EXPECT_EQ(feed.missing(kOne)->after, 0);
}

TEST_F(FeedTest, AnswersOfTheSyncCountWhereMissingOnesAreRead) {
  feed.hold_all();
  feed.answered(kOne, 20);
  live(kOne, 5, Feed::kHeldBytes + 1);  // long answered
  EXPECT_FALSE(feed.missing(kOne));
  live(kOne, 30, Feed::kHeldBytes + 1);
  ASSERT_TRUE(feed.missing(kOne));
  EXPECT_EQ(feed.missing(kOne)->after, 29);
}

TEST_F(FeedTest, CatchingUpBeginsBeforeWhatIsHeldAndNotBeforeWhatWasAnswered) {
  EXPECT_EQ(feed.unsent_after(kOne, 9), 9);
  feed.hold_all();
  live(kOne, 6);
  live(kTwo, 1);
  EXPECT_EQ(feed.unsent_after(kOne, 9), 5);
  EXPECT_EQ(feed.unsent_after(kOne, 3), 3);
  feed.answered(kOne, 8);
  EXPECT_EQ(feed.unsent_after(kOne, 3), 8);
  EXPECT_EQ(feed.unsent_after(kOne, 9), 9);
  live(kOne, 9, Feed::kHeldBytes + 1);  // does not fit
  EXPECT_EQ(feed.unsent_after(kOne, 20), 8);
}

TEST_F(FeedTest, ASyncInsideACatchingUpReleasesOnlyItsOwn) {
  feed.hold(kOne);
  feed.hold_all();
  live(kOne, 1);
  live(kTwo, 1);
  feed.release_all(sender(), delivered());
  EXPECT_EQ(sent, Sent{"2:1"});
  feed.release(kOne, sender(), delivered());
  EXPECT_EQ(sent, (Sent{"2:1", "1:1"}));
}

}  // namespace
}  // namespace chat::gateway
