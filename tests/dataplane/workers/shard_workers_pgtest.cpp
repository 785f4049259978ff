#include "dataplane/workers/shard_workers.hpp"

#include "dataplane/adapters/postgres_upkeep.hpp"
#include "tests/dataplane/adapters/two_shards.hpp"
#include "tests/support/fake_clock.hpp"

namespace chat::workers {
namespace {

using adapters::PostgresEventLog;

class WorkersTest : public chat::testing::TwoShards {
 protected:
  ShardWorkerParts parts() { return {io_.get_executor(), clock_, log_, metrics_, directory(), upkeep_}; }
  std::unique_ptr<ShardWorkers> workers() {
    ShardWorkerOptions options;
    options.idle = std::chrono::milliseconds(10);
    options.first_backoff = std::chrono::milliseconds(10);
    options.between_repairs = std::chrono::milliseconds(50);
    auto made = std::make_unique<ShardWorkers>(
        parts(),
        [this](const domain::Shard& shard) {
          return std::make_unique<PostgresEventLog>(adapters::shard_target(options_of_test(), shard));
        },
        options);
    made->update(map());
    return made;
  }
  adapters::PostgresOptions options_of_test() { return options(); }
  void stop(ShardWorkers& workers) {
    EXPECT_TRUE(run(workers.stop(std::chrono::steady_clock::now() + std::chrono::seconds(10))));
  }
  std::int64_t repair(int shard) {
    MembershipRepair repair(clock_, log_, metrics_, directory(), upkeep_, name(shard));
    const bool go_on = false;
    const auto repaired = run(repair.pass(go_on));
    must(repaired);
    return *repaired;
  }
  bool linked(base::Ulid user, base::Ulid conversation) {
    const auto found = run(directory().conversations_of(user, 100));
    must(found);
    return std::find(found->begin(), found->end(), conversation) != found->end();
  }
  int waiting() {
    return std::stoi(value(0, "select count(*) from outbox")) + std::stoi(value(1, "select count(*) from outbox"));
  }
  template <class Predicate>
  bool eventually(Predicate predicate) {
    return chat::testing::eventually(io_, predicate, std::chrono::seconds(15));
  }

  chat::testing::FakeClock clock_{kNow + 3'600'000};
  base::Log log_{"test", base::Level::error, -1};
  base::Metrics metrics_;
  adapters::PostgresUpkeep upkeep_{*shards_};
  base::Ulid alice_ = id_on(0);
  base::Ulid bob_ = id_on(1);
};

TEST_F(WorkersTest, MakeTheUserSideFollowTheOutbox) {
  const auto first = group_of({alice_, bob_}, 0);
  const auto second = group_of({bob_, alice_}, 1);
  ASSERT_TRUE(run(store().remove_member(second, bob_, alice_)));
  EXPECT_FALSE(linked(alice_, first)) << "nobody linked it yet";
  auto running = workers();
  ASSERT_TRUE(eventually([&] { return waiting() == 0; }));
  stop(*running);
  EXPECT_TRUE(linked(alice_, first));
  EXPECT_TRUE(linked(bob_, first));
  EXPECT_TRUE(linked(bob_, second));
  EXPECT_FALSE(linked(alice_, second));
}

TEST_F(WorkersTest, TakeOverWhereTheReaderIsGone) {
  auto first = workers();
  const std::map<std::string, std::string> reading = {{"shard-0", "reading"}, {"shard-1", "reading"}};
  const std::map<std::string, std::string> standby = {{"shard-0", "standby"}, {"shard-1", "standby"}};
  ASSERT_TRUE(eventually([&] { return first->states() == reading; }));
  auto second = workers();
  ASSERT_TRUE(eventually([&] { return second->states() == standby; }));
  EXPECT_EQ(second->trouble(), "") << "a standby is ready";
  stop(*first);
  first.reset();
  EXPECT_TRUE(eventually([&] { return second->states() == reading; }));
  stop(*second);
}

TEST_F(WorkersTest, SayWhichShardIsAwayAndGoOnWhenItIsBack) {
  auto running = workers();
  ASSERT_TRUE(eventually([&] { return running->trouble().empty(); }));
  server(1).kill9();
  ASSERT_TRUE(eventually([&] { return running->trouble().find("shard-1") == 0; }));
  server(1).start();
  EXPECT_TRUE(eventually([&] { return running->trouble().empty(); }));
  const auto group = group_of({alice_, bob_}, 1);
  EXPECT_TRUE(eventually([&] { return linked(alice_, group); }));
  stop(*running);
}

TEST_F(WorkersTest, RepairDisagreementsInBothDirections) {
  const auto lost = group_of({alice_, bob_}, 0);
  const auto flipped = group_of({alice_, bob_}, 1);
  const auto fine = group_of({alice_, bob_}, 1);
  for (const auto& group : {lost, flipped, fine}) ASSERT_TRUE(run(directory().link({alice_, bob_}, group, 1, kNow)));
  EXPECT_EQ(repair(0), 0);
  EXPECT_EQ(repair(1), 0);
  // A link that is gone, one that says the opposite, one to a group that has another membership, one to nowhere.
  const auto strangers = group_of({bob_}, 0);
  const auto nowhere = id_on(1);
  ASSERT_TRUE(run(directory().link({bob_}, strangers, 1, kNow)));
  must(admin_[0]->execute("delete from user_conversations where conversation_id = $1", {lost.uuid_text()}));
  must(admin_[1]->execute("update user_conversations set linked = false where conversation_id = $1",
                          {flipped.uuid_text()}));
  ASSERT_TRUE(run(directory().link({alice_}, strangers, 9, kNow)));
  ASSERT_TRUE(run(directory().link({alice_}, nowhere, 3, kNow)));
  auto running = workers();
  EXPECT_TRUE(eventually([&] {
    return linked(alice_, lost) && linked(bob_, flipped) && !linked(alice_, strangers) && !linked(alice_, nowhere);
  }));
  stop(*running);
  EXPECT_TRUE(linked(alice_, fine));
  EXPECT_TRUE(linked(bob_, strangers));
  EXPECT_EQ(repair(0), 0);
  EXPECT_EQ(repair(1), 0);
}

TEST_F(WorkersTest, RepairPagesThroughMoreThanOnePage) {
  std::vector<base::Ulid> everyone{alice_};
  for (int i = 0; i < 1100; ++i) everyone.push_back(base::new_ulid(kNow + i));
  const auto group = group_of(everyone, 0);
  EXPECT_EQ(repair(0), 1101);
  EXPECT_EQ(repair(0), 0);
  EXPECT_TRUE(linked(everyone.back(), group));
  must(admin_[0]->execute("delete from conversation_members where user_id <> $1", {alice_.uuid_text()}));
  EXPECT_EQ(repair(0) + repair(1), 1100);
  EXPECT_FALSE(linked(everyone.back(), group));
  EXPECT_TRUE(linked(alice_, group));
}

TEST_F(WorkersTest, LeaveAloneWhoJoinedJustNow) {
  clock_.set_wall(kNow + 1000);
  const auto group = group_of({alice_, bob_}, 0);
  EXPECT_EQ(repair(0), 0) << "whoever added them is about to link them";
  clock_.set_wall(kNow + 60'000);
  EXPECT_EQ(repair(0), 2);
  EXPECT_TRUE(linked(bob_, group));
}

TEST_F(WorkersTest, KeepAYearOfPartitionsAhead) {
  must(
      admin_[0]->execute("do $$ declare p text; begin select max(relname) into p from pg_class where relname like "
                         "'messages_y%' and relkind = 'r'; execute 'drop table ' || p; end $$"));
  EXPECT_EQ(*run(upkeep_.ensure_partitions("shard-0")), 1);
  EXPECT_EQ(*run(upkeep_.ensure_partitions("shard-0")), 0);
}

}  // namespace
}  // namespace chat::workers
