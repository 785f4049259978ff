#include "dataplane/adapters/postgres_event_log.hpp"

#include <thread>

#include "tests/dataplane/adapters/two_shards.hpp"

namespace chat::adapters {
namespace {

class EventLogTest : public chat::testing::TwoShards {
 protected:
  static constexpr const char* kInsert =
      "insert into outbox (bucket, conversation_id, kind, payload) values (1, gen_random_uuid(), 'member_added', '{}')";
  std::vector<std::int64_t> ids(const std::vector<ports::Event>& events) {
    std::vector<std::int64_t> out;
    for (const auto& event : events) out.push_back(event.id);
    return out;
  }
  PostgresEventLog log_{target(0)};
};

TEST_F(EventLogTest, SkipsNothingThatCommitsOutOfOrder) {
  ASSERT_EQ(told(log_.claim()), "yes");
  io::postgres::Connection slow(admin_[0]->target());
  std::vector<ports::Event> seen;
  // A draws the lower id and stays open; B commits meanwhile; the reader sees and removes B before A commits.
  const auto status = slow.transaction([&](pqxx::work& work) -> base::Status {
    work.exec(kInsert);
    must(admin_[0]->execute(kInsert));
    auto events = log_.read(500);
    must(events);
    EXPECT_EQ(ids(*events), std::vector<std::int64_t>{2});
    must(log_.remove(*events));
    auto nothing = log_.read(500);
    must(nothing);
    EXPECT_TRUE(nothing->empty());
    return {};
  });
  ASSERT_TRUE(status) << status.error().message;
  const auto late = log_.read(500);
  ASSERT_TRUE(late);
  EXPECT_EQ(ids(*late), std::vector<std::int64_t>{1});
}

TEST_F(EventLogTest, KeepsTheOrderOfAConversationUnderConcurrentWriters) {
  const auto alice = id_on(0);
  const auto bob = id_on(1);
  const auto group = group_of({alice, bob});
  std::vector<std::thread> threads;
  for (int w = 0; w < 4; ++w) {
    threads.emplace_back([&, w] {
      PostgresShardWriter writer(target(0));
      for (int i = 0; i < 25; ++i) {
        const std::vector<domain::Draft> drafts = {draft(group, alice, std::to_string(w * 100 + i)),
                                                   draft(group, bob, std::to_string(w * 100 + i))};
        must(writer.write(drafts, kNow));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  ASSERT_EQ(told(log_.claim()), "yes");
  const auto events = log_.read(500);
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 201u);
  EXPECT_EQ(events->front().kind, "conversation_created");
  for (std::size_t i = 1; i < events->size(); ++i) {
    EXPECT_EQ((*events)[i].conversation_id, group);
    EXPECT_EQ((*events)[i].bucket, domain::bucket_of(group));
    EXPECT_EQ((*events)[i].payload.find("{\"seq\":" + std::to_string(i) + ","), 0u) << (*events)[i].payload;
  }
}

TEST_F(EventLogTest, LetsOneReaderInAndTheNextOneWhenItsConnectionIsGone) {
  must(admin_[0]->execute(kInsert));
  PostgresEventLog standby(target(0));
  auto first = std::make_unique<PostgresEventLog>(target(0));
  EXPECT_EQ(told(first->claim()), "yes");
  EXPECT_EQ(told(standby.claim()), "no");
  const auto refused = standby.read(10);
  ASSERT_FALSE(refused) << "reading without the claim";
  EXPECT_NE(refused.error().message.find("CH004"), std::string::npos);
  EXPECT_TRUE(first->read(10));
  first.reset();
  EXPECT_TRUE(chat::testing::eventually([&] { return standby.claim().value_or(false); }));
  EXPECT_EQ(standby.read(10)->size(), 1u);
}

TEST_F(EventLogTest, LosesTheClaimWithItsConnection) {
  PostgresEventLog other(target(0));
  ASSERT_EQ(told(log_.claim()), "yes");
  must(
      admin_[0]->execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'test' and "
                         "usename = 'chat' and datname = current_database()"));
  EXPECT_TRUE(chat::testing::eventually([&] { return other.claim().value_or(false); }));
  EXPECT_FALSE(log_.read(10)) << "a remade connection must not read beside the new reader";
}

TEST_F(EventLogTest, SaysHowFarBehindItsReaderIs) {
  const auto idle = log_.lag();
  ASSERT_TRUE(idle) << idle.error().message;
  EXPECT_EQ(idle->rows, 0);
  EXPECT_EQ(idle->oldest_seconds, 0);
  must(admin_[0]->execute(kInsert));
  must(admin_[0]->execute("update outbox set created_ms = created_ms - 90000"));
  must(admin_[0]->execute(kInsert));
  const auto behind = log_.lag();
  ASSERT_TRUE(behind);
  EXPECT_EQ(behind->rows, 2);
  EXPECT_NEAR(behind->oldest_seconds, 90, 20);
}

TEST_F(EventLogTest, BoundsWhatOneReadReturns) {
  must(
      admin_[0]->execute("insert into outbox (bucket, conversation_id, kind, payload) "
                         "select 1, gen_random_uuid(), 'x', repeat('y', 1000000) from generate_series(1, 10)"));
  ASSERT_EQ(told(log_.claim()), "yes");
  EXPECT_EQ(log_.read(3)->size(), 3u);
  EXPECT_EQ(log_.read(500)->size(), 5u) << "about 4 MiB";
}

}  // namespace
}  // namespace chat::adapters
