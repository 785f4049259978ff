#include "dataplane/adapters/postgres_shards.hpp"

#include "dataplane/base/clock.hpp"
#include "dataplane/domain/errors.hpp"
#include "tests/dataplane/adapters/two_shards.hpp"
#include "tests/support/fake_clock.hpp"

namespace chat::adapters {
namespace {

// I5, with a router that is deliberately stale: its map never changes here.
class ShardsTest : public chat::testing::TwoShards {
 protected:
  void copy_conversations_to(int to) {
    for (const char* table : {"conversations", "conversation_members"}) {
      auto rows = admin_[1 - to]->execute(std::string("select coalesce(json_agg(t), '[]') from ") + table + " t");
      must(rows);
      must(admin_[to]->execute(
          std::string("insert into ") + table + " select * from json_populate_recordset(null::" + table + ", $1)",
          {(*rows)[0][0].c_str()}));
    }
  }
  base::Ulid alice_ = id_on(0);
  base::Ulid bob_ = id_on(1);
};

TEST_F(ShardsTest, FindsTheOwnerThatTheMapDoesNotKnowAndStoresNothingAtTheWrongOne) {
  const auto group = group_of({alice_, bob_});
  copy_conversations_to(1);
  own(0, 0, 2047, 1, 2);
  own(1, 0, 2047, 1, 2);
  const auto renamed = run(store().rename(group, alice_, "moved"));
  ASSERT_TRUE(renamed) << renamed.error().message;
  EXPECT_EQ(value(1, "select name from conversations"), "moved");
  EXPECT_EQ(value(0, "select name from conversations"), "group") << "the old owner must not be written";
  EXPECT_EQ(shards_->owner(domain::bucket_of(group)), "shard-1");
  EXPECT_EQ(shards_->owner(2047), "shard-1") << "one answer teaches the whole range";
}

TEST_F(ShardsTest, FollowsReadsAndBatchesToo) {
  const auto group = group_of({alice_, bob_});
  copy_conversations_to(1);
  const auto stays = group_of({alice_, bob_}, 1);
  own(0, 0, 2047, 1, 2);
  own(1, 0, 2047, 1, 2);
  must(admin_[0]->execute("update conversations set name = 'stale'"));
  const auto all = run(store().summaries(bob_, {group, stays}, false));
  ASSERT_TRUE(all) << all.error().message;
  ASSERT_EQ(all->size(), 2u);
  for (const auto& one : *all) EXPECT_EQ(one.conversation.name, "group");
}

TEST_F(ShardsTest, FollowsWhatIsAskedTogetherWithOthers) {
  const auto group = group_of({alice_, bob_});
  copy_conversations_to(1);
  const auto stays = group_of({alice_, bob_}, 1);
  own(0, 0, 2047, 1, 2);
  own(1, 0, 2047, 1, 2);
  const auto heads = run(store().heads_of(bob_, {group, stays, id_on(0)}));
  ASSERT_TRUE(heads) << heads.error().message;
  std::set<base::Ulid> found;
  for (const auto& head : *heads) found.insert(head.conversation_id);
  EXPECT_EQ(found, (std::set<base::Ulid>{group, stays}));
  EXPECT_TRUE(run(store().heads_of(id_on(0), {group, stays}))->empty()) << "a stranger";
}

TEST_F(ShardsTest, SaysUnavailableWhereTheShardsPointAtEachOther) {
  const auto group = group_of({alice_, bob_});
  own(0, 0, 2047, 1, 2);  // the target does not own them yet
  const auto renamed = run(store().rename(group, alice_, "nowhere"));
  ASSERT_FALSE(renamed);
  EXPECT_EQ(renamed.error().code, make_error_code(domain::Errc::unavailable));
  const auto heads = run(store().heads({group}));
  ASSERT_FALSE(heads);
  EXPECT_EQ(heads.error().code, make_error_code(domain::Errc::unavailable));
}

TEST_F(ShardsTest, WaitsForTheTargetOfASwitchThatIsUnderWay) {
  const auto group = group_of({alice_, bob_});
  copy_conversations_to(1);
  own(0, 0, 2047, 1, 2);
  boost::asio::steady_timer timer(io_, std::chrono::milliseconds(100));
  timer.async_wait([this](const boost::system::error_code&) { own(1, 0, 2047, 1, 2); });
  const auto renamed = run(store().rename(group, alice_, "after the switch"));
  ASSERT_TRUE(renamed) << renamed.error().message;
  EXPECT_EQ(value(1, "select name from conversations"), "after the switch");
}

TEST_F(ShardsTest, SaysUnavailableWhereTheOwnerIsNotInTheMap) {
  const auto group = group_of({alice_, bob_});
  must(admin_[0]->execute("select chat_own(0, 2047, 'shard-7', 3)"));
  const auto renamed = run(store().rename(group, alice_, "x"));
  ASSERT_FALSE(renamed);
  EXPECT_EQ(renamed.error().code, make_error_code(domain::Errc::unavailable));
  EXPECT_NE(renamed.error().message.find("shard-7"), std::string::npos);
}

TEST_F(ShardsTest, GoesOnAfterAServerWasKilledAndCameBack) {
  const auto group = group_of({alice_, bob_});
  server(0).kill9();
  EXPECT_FALSE(run(store().rename(group, alice_, "while it is away")));
  EXPECT_FALSE(run(shards_->ping()));
  EXPECT_TRUE(run(store().heads({id_on(1)}))) << "the other shard is not concerned";
  server(0).start();
  const auto renamed = run(store().rename(group, alice_, "back"));
  ASSERT_TRUE(renamed) << renamed.error().message;
  EXPECT_TRUE(run(shards_->ping()));
}

TEST_F(ShardsTest, TakesNewAddressesFromANewerMap) {
  auto wrong = map(1);
  wrong.shards[0].address.port = 1;
  PostgresShards shards(wrong, options());
  EXPECT_FALSE(run(shards.ping()));
  shards.update(map(1));
  EXPECT_FALSE(run(shards.ping())) << "not newer";
  shards.update(map(2));
  EXPECT_TRUE(run(shards.ping()));
}

TEST_F(ShardsTest, ComparesTheClocks) {
  base::SystemClock clock;
  const auto drift = run(shards_->clock_drift(clock));
  ASSERT_TRUE(drift) << drift.error().message;
  EXPECT_LT(std::abs(*drift), 1000);
  chat::testing::FakeClock wrong(clock.now_milliseconds() - 60'000);
  const auto seen = run(shards_->clock_drift(wrong));
  ASSERT_TRUE(seen);
  EXPECT_NEAR(static_cast<double>(*seen), 60'000, 5'000);
}

}  // namespace
}  // namespace chat::adapters
