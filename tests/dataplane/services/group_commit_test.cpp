#include "dataplane/services/group_commit.hpp"

#include <gtest/gtest.h>

#include "dataplane/services/commit_router.hpp"
#include "tests/dataplane/services/fake_shard.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/run_task.hpp"

namespace chat::services {
namespace {

using ports::Written;
using testing::eventually;
using testing::FakeShard;
using namespace std::chrono_literals;

base::Ulid id(std::uint8_t last) {
  base::Ulid value;
  value.bytes[15] = last;
  return value;
}

domain::Draft draft(std::uint8_t conversation, const std::string& key, std::string content = "hi") {
  domain::Draft made;
  made.conversation_id = id(conversation);
  made.sender_id = id(200);
  made.client_msg_id = key;
  made.content = std::move(content);
  return made;
}

class GroupCommitTest : public ::testing::Test {
 protected:
  GroupCommitTest() {
    options_.first_backoff = 1ms;
    options_.most_backoff = 5ms;
    options_.idle_probe = 20ms;
  }

  void start() {
    commit_ = std::make_unique<GroupCommit>(io_.get_executor(), clock_, log_, metrics_, "shard-0",
                                            std::make_unique<testing::FakeShardWriter>(shard_), options_);
  }
  void submit(domain::Draft made, std::chrono::milliseconds within = 5s) {
    ++asked_;
    commit_->submit(std::move(made), clock_.steady() + within,
                    [this](base::Result<Committed> result) { results_.push_back(std::move(result)); });
  }
  bool answered() {
    return eventually(io_, [this] { return results_.size() == asked_; });
  }
  // One draft that the writer is held with, so that what follows gathers.
  void fill_while_in_flight() {
    shard_->hold();
    submit(draft(1, "first"));
    ASSERT_TRUE(shard_->wait_for_write());
  }

  boost::asio::io_context io_;
  base::SystemClock clock_;
  base::Log log_{"test", base::Level::error};
  base::Metrics metrics_;
  std::shared_ptr<FakeShard> shard_ = std::make_shared<FakeShard>();  // shared with its writers
  GroupCommitOptions options_;
  std::size_t asked_ = 0;
  std::vector<base::Result<Committed>> results_;
  std::unique_ptr<GroupCommit> commit_;
};

TEST_F(GroupCommitTest, AnIdleShardWritesADraftAtOnceAndAlone) {
  start();
  submit(draft(1, "a"));
  ASSERT_TRUE(answered());
  ASSERT_TRUE(results_[0]);
  EXPECT_EQ(results_[0]->written.kind, Written::Kind::stored);
  EXPECT_EQ(results_[0]->written.ack.seq, 1);
  EXPECT_EQ(results_[0]->draft.client_msg_id, "a");
  EXPECT_EQ(shard_->sizes(), std::vector<std::size_t>{1});
}

TEST_F(GroupCommitTest, WhatArrivesDuringACommitIsTheNextBatch) {
  start();
  fill_while_in_flight();
  for (int i = 0; i < 120; ++i) submit(draft(static_cast<std::uint8_t>(i), "k" + std::to_string(i)));
  shard_->release();
  ASSERT_TRUE(answered());
  EXPECT_EQ(shard_->sizes(), (std::vector<std::size_t>{1, 120}));
}

TEST_F(GroupCommitTest, ABatchHasAtMostTwoHundredDraftsAndFiftyOfAConversation) {
  start();
  fill_while_in_flight();
  for (int i = 0; i < 130; ++i) submit(draft(1, "hot" + std::to_string(i)));
  for (int i = 0; i < 180; ++i) submit(draft(static_cast<std::uint8_t>(10 + i), "k"));
  shard_->release();
  ASSERT_TRUE(answered());
  EXPECT_EQ(shard_->sizes(), (std::vector<std::size_t>{1, 200, 80, 30}));
  const auto hot = shard_->messages(id(1));
  ASSERT_EQ(hot.size(), 131u);
  for (int i = 0; i < 130; ++i) {  // in the order they came
    EXPECT_EQ(hot[static_cast<std::size_t>(i) + 1].client_msg_id, "hot" + std::to_string(i));
  }
}

TEST_F(GroupCommitTest, ABatchHasAtMostFourMebibytes) {
  start();
  fill_while_in_flight();
  for (int i = 0; i < 6; ++i) submit(draft(static_cast<std::uint8_t>(i + 2), "k", std::string(1'300'000, 'x')));
  shard_->release();
  ASSERT_TRUE(answered());
  EXPECT_EQ(shard_->sizes(), (std::vector<std::size_t>{1, 3, 3}));
}

TEST_F(GroupCommitTest, AFullQueueRefusesWithATimeToWaitAndTakesAgainLater) {
  options_.bounds.items = 3;
  start();
  fill_while_in_flight();
  for (int i = 0; i < 4; ++i) submit(draft(2, "k" + std::to_string(i)));
  ASSERT_TRUE(eventually(io_, [this] { return !results_.empty(); }));
  ASSERT_FALSE(results_[0]);
  EXPECT_EQ(results_[0].error().code, domain::Errc::unavailable);
  EXPECT_GT(results_[0].error().retry_after.count(), 0);
  shard_->release();
  ASSERT_TRUE(answered());
  EXPECT_EQ(shard_->messages(id(2)).size(), 3u);
  submit(draft(2, "k3"));
  ASSERT_TRUE(answered());
  EXPECT_TRUE(results_.back());
}

TEST_F(GroupCommitTest, AFullQueueIsBoundedInBytesToo) {
  options_.bounds.bytes = 2'000'000;
  start();
  fill_while_in_flight();
  submit(draft(2, "a", std::string(1'500'000, 'x')));
  submit(draft(2, "b", std::string(1'500'000, 'x')));
  ASSERT_TRUE(eventually(io_, [this] { return !results_.empty(); }));
  EXPECT_FALSE(results_[0]);
  shard_->release();
  ASSERT_TRUE(answered());
}

TEST_F(GroupCommitTest, AnUnknownOutcomeIsNotAcknowledgedUntilItIsKnownThatItWasStored) {
  shard_->fail_next(FakeShard::Fault::unknown_stored);
  shard_->fail_next(FakeShard::Fault::unreachable, 3);
  start();
  submit(draft(1, "a"));
  ASSERT_TRUE(answered());
  ASSERT_TRUE(results_[0]);
  EXPECT_EQ(results_[0]->written.kind, Written::Kind::duplicate);
  EXPECT_TRUE(results_[0]->after_unknown);
  EXPECT_EQ(results_[0]->written.ack.seq, 1);
  EXPECT_EQ(shard_->sizes().size(), 5u);
  EXPECT_EQ(shard_->messages(id(1)).size(), 1u);
}

TEST_F(GroupCommitTest, AnUnknownOutcomeThatStoredNothingIsStoredOnce) {
  shard_->fail_next(FakeShard::Fault::unknown_not_stored, 2);
  shard_->fail_next(FakeShard::Fault::torn);
  start();
  submit(draft(1, "a"));
  submit(draft(1, "b"));
  ASSERT_TRUE(answered());
  EXPECT_TRUE(results_[0] && results_[1]);
  EXPECT_EQ(shard_->messages(id(1)).size(), 2u);
}

TEST_F(GroupCommitTest, AShardThatStaysAwayIsAnsweredUnavailableAfterTheDeadline) {
  shard_->down(true);
  shard_->fail_next(FakeShard::Fault::unreachable, 100'000);
  start();
  submit(draft(1, "a"), 50ms);
  submit(draft(2, "b"), 50ms);
  const auto begun = clock_.steady();
  ASSERT_TRUE(answered());
  EXPECT_GE(clock_.steady() - begun, 50ms);
  for (const auto& result : results_) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, domain::Errc::unavailable);
  }
  EXPECT_NE(commit_->not_writable(), "");
}

TEST_F(GroupCommitTest, WhatWaitsBehindAnAbsentShardExpiresTooAndTheRestIsWrittenWhenItIsBack) {
  start();
  fill_while_in_flight();
  shard_->fail_next(FakeShard::Fault::unreachable, 30);
  submit(draft(2, "short"), 20ms);
  submit(draft(3, "long"), 30s);
  shard_->release();
  ASSERT_TRUE(answered());
  std::size_t failed = 0;
  for (const auto& result : results_) failed += result ? 0 : 1;
  EXPECT_EQ(failed, 1u);
  EXPECT_TRUE(shard_->messages(id(2)).empty());
  EXPECT_EQ(shard_->messages(id(3)).size(), 1u);
}

TEST_F(GroupCommitTest, AFullDiskKeepsWhatWaitsAndIsNoFaultOfADraft) {
  start();
  ASSERT_TRUE(eventually([this] { return commit_->not_writable().empty(); }));
  fill_while_in_flight();
  shard_->fail_next(FakeShard::Fault::no_room, 5);
  for (int i = 0; i < 40; ++i) submit(draft(static_cast<std::uint8_t>(i), "k"));
  shard_->release();
  ASSERT_TRUE(answered());
  for (const auto& result : results_) EXPECT_TRUE(result);
  EXPECT_EQ(commit_->not_writable(), "");
  shard_->fail_next(FakeShard::Fault::no_room, 100'000);
  submit(draft(1, "late"), 50ms);
  ASSERT_TRUE(answered());
  ASSERT_FALSE(results_.back());
  EXPECT_EQ(results_.back().error().code, domain::Errc::unavailable);
  // Probes, which write nothing, go well meanwhile (every 20 ms), and prove nothing.
  EXPECT_FALSE(eventually([this] { return commit_->not_writable().empty(); }, 200ms));
}

TEST_F(GroupCommitTest, OneDraftThatSpoilsABatchFailsAlone) {
  shard_->poison("bad");
  start();
  fill_while_in_flight();
  for (int i = 0; i < 40; ++i) submit(draft(static_cast<std::uint8_t>(i), i == 23 ? "bad" : "k"));
  shard_->release();
  ASSERT_TRUE(answered());
  std::size_t failed = 0;
  for (const auto& result : results_) {
    if (result) {
      EXPECT_EQ(result->written.kind, Written::Kind::stored);
    } else {
      ++failed;
    }
  }
  EXPECT_EQ(failed, 1u);
  EXPECT_TRUE(shard_->messages(id(23)).empty());
}

TEST_F(GroupCommitTest, RefusalsAndDuplicatesComeBackEachToItsOwn) {
  start();
  fill_while_in_flight();
  submit(draft(1, "first"));
  submit(draft(2, "x", "not a member"));
  shard_->release();
  ASSERT_TRUE(answered());
  std::map<Written::Kind, int> kinds;
  for (const auto& result : results_) {
    ASSERT_TRUE(result);
    ++kinds[result->written.kind];
  }
  EXPECT_EQ(kinds[Written::Kind::stored], 1);
  EXPECT_EQ(kinds[Written::Kind::duplicate], 1);
  EXPECT_EQ(kinds[Written::Kind::refused], 1);
}

TEST_F(GroupCommitTest, AnIdleShardProvesThatItCanBeWrittenTo) {
  start();
  EXPECT_TRUE(eventually([this] { return commit_->not_writable().empty(); }));
  shard_->down(true);
  EXPECT_TRUE(eventually([this] { return commit_->not_writable() == "down"; }));
  shard_->down(false);
  EXPECT_TRUE(eventually([this] { return commit_->not_writable().empty(); }));
}

TEST_F(GroupCommitTest, StoppingFinishesWhatIsQueuedAndTakesNoMore) {
  start();
  fill_while_in_flight();
  for (int i = 0; i < 300; ++i) submit(draft(static_cast<std::uint8_t>(i % 7), "k" + std::to_string(i)));
  base::TaskGroup tasks(io_.get_executor());
  tasks.spawn("stop", commit_->stop(clock_.steady() + 10s));
  io_.poll();
  submit(draft(1, "too late"));
  shard_->release();
  ASSERT_TRUE(answered());
  ASSERT_TRUE(eventually(io_, [&] { return tasks.size() == 0; }));
  std::size_t stored = 0;
  for (const auto& result : results_) stored += result ? 1 : 0;
  EXPECT_EQ(stored, 301u);
}

TEST_F(GroupCommitTest, StoppingGivesUpWhenItsTimeIsOver) {
  shard_->fail_next(FakeShard::Fault::unreachable, 100'000);
  start();
  for (int i = 0; i < 300; ++i) submit(draft(1, "k" + std::to_string(i)), 1h);
  testing::run_task(io_, commit_->stop(clock_.steady() + 50ms), 5s);
  ASSERT_TRUE(answered());
  for (const auto& result : results_) EXPECT_FALSE(result);
}

TEST_F(GroupCommitTest, AMovedAddressIsUsedFromTheNextTryOn) {
  shard_->fail_next(FakeShard::Fault::unreachable, 100'000);
  start();
  submit(draft(1, "a"));
  auto elsewhere = std::make_shared<FakeShard>();
  commit_->replace_writer(std::make_unique<testing::FakeShardWriter>(elsewhere));
  ASSERT_TRUE(answered());
  EXPECT_TRUE(results_[0]);
  EXPECT_EQ(elsewhere->messages(id(1)).size(), 1u);
}

// ---- the way from a draft to its shard

class CommitRouterTest : public ::testing::Test {
 protected:
  CommitRouterTest() : router_(map()) {
    options_.first_backoff = 1ms;
    options_.idle_probe = 20ms;
    commits_ = std::make_unique<CommitRouter>(
        io_.get_executor(), clock_, log_, metrics_, router_,
        [this](const domain::Shard& shard) {
          return std::make_unique<testing::FakeShardWriter>(shards_.at(shard.name));
        },
        options_);
  }
  static domain::ClusterMap map() {
    domain::ClusterMap map;
    map.version = 1;
    map.shards = {{"shard-0", {"127.0.0.1", 1}}, {"shard-1", {"127.0.0.1", 2}}};
    map.buckets = {{0, 4095, "shard-0", 1}};  // stale in most of these tests
    return map;
  }
  base::Result<Committed> commit(domain::Draft made) {
    std::optional<base::Result<Committed>> result;
    commits_->submit(std::move(made), clock_.steady() + 5s,
                     [&](base::Result<Committed> got) { result = std::move(got); });
    if (!eventually(io_, [&] { return result.has_value(); })) return base::fail(domain::Errc::moderated, "no answer");
    return std::move(*result);
  }

  boost::asio::io_context io_;
  base::SystemClock clock_;
  base::Log log_{"test", base::Level::error};
  base::Metrics metrics_;
  std::map<std::string, std::shared_ptr<FakeShard>> shards_{{"shard-0", std::make_shared<FakeShard>()},
                                                            {"shard-1", std::make_shared<FakeShard>()}};
  domain::Router router_;
  GroupCommitOptions options_;
  std::unique_ptr<CommitRouter> commits_;
};

TEST_F(CommitRouterTest, AStaleRouterIsToldTheOwnerAndTheDraftIsStoredThereOnly) {
  shards_["shard-0"]->move_away(id(1), "shard-1", 2);
  auto result = commit(draft(1, "a"));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->written.kind, Written::Kind::stored);
  EXPECT_TRUE(shards_["shard-0"]->messages(id(1)).empty());
  EXPECT_EQ(shards_["shard-1"]->messages(id(1)).size(), 1u);
  EXPECT_EQ(router_.owner(domain::bucket_of(id(1))), "shard-1");
  const auto asked_before = shards_["shard-0"]->sizes().size();
  ASSERT_TRUE(commit(draft(1, "b")));  // and it goes straight there the next time
  EXPECT_EQ(shards_["shard-0"]->sizes().size(), asked_before);
}

TEST_F(CommitRouterTest, TwoShardsThatNameEachOtherEndAsUnavailable) {
  shards_["shard-0"]->move_away(id(1), "shard-1", 2);
  shards_["shard-1"]->move_away(id(1), "shard-0", 1);
  auto result = commit(draft(1, "a"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, domain::Errc::unavailable);
}

TEST_F(CommitRouterTest, AnOwnerNobodyKnowsIsUnavailableUntilTheMapNamesIt) {
  shards_["shard-0"]->move_away(id(1), "shard-2", 2);
  EXPECT_EQ(commit(draft(1, "a")).error().code, domain::Errc::unavailable);
  shards_["shard-2"] = std::make_shared<FakeShard>();
  auto newer = map();
  newer.version = 2;
  newer.shards.push_back({"shard-2", {"127.0.0.1", 3}});
  router_.adopt(newer);
  commits_->map_changed();
  EXPECT_TRUE(commit(draft(1, "a")));
  EXPECT_EQ(shards_["shard-2"]->messages(id(1)).size(), 1u);
}

TEST_F(CommitRouterTest, NamesTheShardThatCanNotBeWrittenTo) {
  EXPECT_TRUE(eventually([this] { return commits_->not_writable().empty(); }));
  shards_["shard-1"]->down(true);
  EXPECT_TRUE(eventually([this] { return commits_->not_writable() == "shard-1: down"; }));
}

}  // namespace
}  // namespace chat::services
