#include "dataplane/domain/conversation_stream.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace chat::domain {
namespace {

Change change(std::int64_t rev, std::size_t bytes = 2) {
  return Change{rev, rev, std::make_shared<const std::string>(bytes, 'x')};
}

std::vector<std::int64_t> drain(ConversationStream& stream) {
  std::vector<std::int64_t> revs;
  while (auto next = stream.next()) revs.push_back(next->rev);
  return revs;
}

struct Case {
  const char* name;
  std::int64_t start;
  std::vector<std::int64_t> arrive;     // in this order
  std::vector<std::int64_t> delivered;  // in this order, and never twice
  bool behind;
};

class Arrivals : public testing::TestWithParam<Case> {};

TEST_P(Arrivals, AreDeliveredInOrderOnceAndUpToTheFirstGap) {
  const auto& param = GetParam();
  ConversationStream stream;
  stream.start(param.start, param.start);
  std::vector<std::int64_t> delivered;
  for (auto rev : param.arrive) {
    stream.put(change(rev));
    for (auto out : drain(stream)) delivered.push_back(out);
  }
  EXPECT_EQ(delivered, param.delivered);
  EXPECT_EQ(stream.behind(), param.behind);
}

using Revs = std::vector<std::int64_t>;
INSTANTIATE_TEST_SUITE_P(
    Table, Arrivals,
    testing::Values(Case{"InOrder", 0, {1, 2, 3}, {1, 2, 3}, false}, Case{"FromTheMiddle", 7, {8, 9}, {8, 9}, false},
                    Case{"EachTwice", 0, {1, 1, 2, 2}, {1, 2}, false},
                    Case{"Reordered", 0, {2, 1, 3}, {1, 2, 3}, false},
                    Case{"Backwards", 0, {4, 3, 2, 1}, {1, 2, 3, 4}, false}, Case{"Gap", 0, {1, 3, 4}, {1}, true},
                    Case{"GapClosedLate", 0, {1, 3, 4, 2}, {1, 2, 3, 4}, false},
                    Case{"HeldOneTwice", 0, {3, 3, 1, 2}, {1, 2, 3}, false},
                    Case{"OldOnes", 5, {3, 5, 4, 6}, {6}, false}, Case{"OnlyOldOnes", 5, {1, 2}, Revs{}, false}),
    [](const auto& test) { return test.param.name; });

TEST(ConversationStream, HoldsEverythingUntilItStarts) {
  ConversationStream stream;
  EXPECT_EQ(stream.put(change(5)), ConversationStream::Put::held);
  EXPECT_EQ(stream.put(change(6)), ConversationStream::Put::held);
  EXPECT_EQ(drain(stream), Revs{});
  EXPECT_EQ(stream.first_held(), 5);
  stream.start(5, 5);
  EXPECT_EQ(drain(stream), Revs{6});
  EXPECT_FALSE(stream.behind());
}

TEST(ConversationStream, AHeadThatIsFurtherMeansBehindUntilTheStoreFilledIt) {
  ConversationStream stream;
  stream.start(3, 3);
  stream.saw(5);
  EXPECT_TRUE(stream.behind());
  stream.put(change(4));
  EXPECT_EQ(drain(stream), Revs{4});
  EXPECT_TRUE(stream.behind());
  stream.put(change(5));
  EXPECT_EQ(drain(stream), Revs{5});
  EXPECT_FALSE(stream.behind());
}

TEST(ConversationStream, AnOldHeadChangesNothing) {
  ConversationStream stream;
  stream.start(3, 3);
  stream.saw(2);
  EXPECT_FALSE(stream.behind());
}

TEST(ConversationStream, ForgetsTheLatestWhenTooManyAreHeldAndKnowsThatItIsBehind) {
  ConversationStream stream;
  stream.start(0, 0);
  const auto most = static_cast<std::int64_t>(ConversationStream::kHeldChanges);
  for (std::int64_t rev = 2; rev <= most + 1; ++rev) EXPECT_EQ(stream.put(change(rev)), ConversationStream::Put::held);
  EXPECT_EQ(stream.put(change(most + 2)), ConversationStream::Put::forgotten);
  stream.put(change(1));
  EXPECT_EQ(drain(stream).back(), most);  // rev 1 pushed the last one out
  EXPECT_TRUE(stream.behind());
}

TEST(ConversationStream, ForgetsByBytesToo) {
  ConversationStream stream;
  stream.start(0, 0);
  EXPECT_EQ(stream.put(change(2, ConversationStream::kHeldBytes / 2)), ConversationStream::Put::held);
  EXPECT_EQ(stream.put(change(3, ConversationStream::kHeldBytes)), ConversationStream::Put::forgotten);
  EXPECT_EQ(stream.put(change(1, ConversationStream::kHeldBytes * 2)), ConversationStream::Put::next);
  EXPECT_EQ(drain(stream), Revs{1});  // too large to keep others beside it, never too large to go out
  EXPECT_TRUE(stream.behind());
}

TEST(ConversationStream, PassesOnlyTheNextOne) {
  ConversationStream stream;
  EXPECT_FALSE(stream.pass(1, 1));
  stream.start(4, 4);
  EXPECT_FALSE(stream.pass(4, 4));
  EXPECT_FALSE(stream.pass(6, 6));
  EXPECT_TRUE(stream.pass(5, 5));
  stream.put(change(6));
  EXPECT_FALSE(stream.pass(6, 6));
  EXPECT_EQ(drain(stream), Revs{6});
  EXPECT_EQ(stream.seq(), 6);
}

TEST(ConversationStream, SeqIsTheNewestMessagesAlsoAfterAnEditOfAnOldOne) {
  ConversationStream stream;
  stream.start(0, 0);
  stream.put({1, 1, std::make_shared<const std::string>("a")});
  stream.put({2, 2, std::make_shared<const std::string>("b")});
  stream.put({3, 1, std::make_shared<const std::string>("edit of a")});
  drain(stream);
  EXPECT_EQ(stream.seq(), 2);
  EXPECT_EQ(stream.delivered(), 3);
}

}  // namespace
}  // namespace chat::domain
