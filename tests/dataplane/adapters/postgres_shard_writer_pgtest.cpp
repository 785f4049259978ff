#include "dataplane/adapters/postgres_shard_writer.hpp"

#include <mutex>
#include <thread>

#include "tests/dataplane/adapters/two_shards.hpp"

namespace chat::adapters {
namespace {

using Kind = ports::Written::Kind;

class ShardWriterTest : public chat::testing::TwoShards {
 protected:
  base::Ulid alice_ = id_on(0);
  base::Ulid bob_ = id_on(1);
  base::Ulid eve_ = id_on(0);
  base::Ulid group_ = group_of({alice_, bob_});
  PostgresShardWriter writer_{target(0)};
};

TEST_F(ShardWriterTest, AnswersHowAMessageWasStoredAndWhoIsToSeeIt) {
  auto one = draft(group_, alice_, "k1");
  one.mentions = {bob_, eve_};
  one.media_id = base::new_ulid(kNow);
  one.type = domain::MessageType::media;
  const auto written = write_one(writer_, one);
  ASSERT_EQ(written.kind, Kind::stored) << written.why;
  EXPECT_EQ(written.ack.seq, 1);
  EXPECT_EQ(written.ack.rev, 1);
  EXPECT_EQ(written.ack.server_timestamp, kNow + 1);  // the group was made at kNow
  EXPECT_EQ(written.ack.message_id.milliseconds(), kNow + 1);
  EXPECT_EQ(written.head.rev, 1);
  EXPECT_EQ(written.head.member_count, 2);
  EXPECT_EQ(std::set<base::Ulid>(written.members.begin(), written.members.end()), (std::set<base::Ulid>{alice_, bob_}));
  const auto page = run(store().history(group_, bob_, {}));
  ASSERT_TRUE(page);
  ASSERT_EQ(page->items.size(), 1u);
  EXPECT_EQ(page->items[0].mentions, one.mentions);
  EXPECT_EQ(page->items[0].media_id, one.media_id);
  EXPECT_EQ(page->items[0].type, domain::MessageType::media);
  EXPECT_EQ(page->items[0].message_id, written.ack.message_id);
}

TEST_F(ShardWriterTest, ProvesItCanWriteWithNoDraftsAtAll) {
  const auto written = writer_.write({}, kNow);
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_TRUE(written->empty());
}

TEST_F(ShardWriterTest, GivesGapFreeSeqAndRevUnderEightWriters) {
  constexpr int kWriters = 8;
  constexpr int kBatches = 20;
  constexpr int kBatch = 7;
  std::mutex mutex;
  std::map<std::int64_t, domain::Ack> by_seq;
  int failures = 0;
  std::vector<std::thread> threads;
  for (int w = 0; w < kWriters; ++w) {
    threads.emplace_back([&, w] {
      PostgresShardWriter writer(target(0));
      for (int b = 0; b < kBatches; ++b) {
        std::vector<domain::Draft> drafts;
        for (int i = 0; i < kBatch; ++i)
          drafts.push_back(draft(group_, i % 2 ? alice_ : bob_, std::to_string(w * 10000 + b * 100 + i)));
        const auto written = writer.write(drafts, kNow + b);
        std::lock_guard lock(mutex);
        if (!written) {
          ++failures;
          continue;
        }
        for (const auto& one : *written) by_seq.emplace(one.ack.seq, one.ack);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  constexpr int kAll = kWriters * kBatches * kBatch;
  ASSERT_EQ(by_seq.size(), static_cast<std::size_t>(kAll));
  EXPECT_EQ(by_seq.begin()->first, 1);
  EXPECT_EQ(by_seq.rbegin()->first, kAll);
  const domain::Ack* before = nullptr;
  for (const auto& [seq, ack] : by_seq) {
    EXPECT_EQ(ack.rev, seq);
    if (before != nullptr) {
      EXPECT_LT(before->message_id, ack.message_id);
      EXPECT_LT(before->server_timestamp, ack.server_timestamp);
    }
    before = &ack;
  }
  EXPECT_EQ(value(0, "select count(*) from messages"), std::to_string(kAll));
  EXPECT_EQ(value(0, "select count(*) from outbox where kind = 'message'"), std::to_string(kAll));
}

// The plan of a connection's first batch stays: it must be the right one for all that come after it.
TEST_F(ShardWriterTest, LooksKeysUpAlsoWhereItPlannedWhileThereWereNone) {
  constexpr int kBatches = 20;
  constexpr int kBatch = 20;
  must(admin_[0]->execute("vacuum (analyze)"));
  {
    PostgresShardWriter writer(target(0));
    for (int b = 0; b < kBatches; ++b) {
      std::vector<domain::Draft> drafts;
      for (int i = 0; i < kBatch; ++i) drafts.push_back(draft(group_, alice_, std::to_string(b * kBatch + i)));
      ASSERT_TRUE(writer.write(drafts, kNow + b));
    }
  }  // its end has it say what it read
  const auto look_ups = [&] {
    return std::stoi(value(0, "select idx_scan from pg_stat_user_indexes where indexrelname = 'message_keys_pkey'"));
  };
  EXPECT_TRUE(testing::eventually([&] { return look_ups() >= kBatches * kBatch; })) << look_ups();
}

// Keeps a conversation's row locked until advisory lock `gate` is free. Busy all the time: an idle transaction would be
// ended by the server.
void hold(io::postgres::Target target, const base::Ulid& conversation, int gate) {
  io::postgres::Connection connection(std::move(target));
  auto held = connection.transaction([&](pqxx::work& work) -> base::Status {
    work.exec("select from conversations where conversation_id = '" + conversation.uuid_text() + "' for update");
    work.exec("select pg_advisory_xact_lock(" + std::to_string(gate) + ")");
    return {};
  });
  EXPECT_TRUE(held) << held.error().message;
}

// The first batch locks its rows before the conversation exists, the second one after: the first must not count from
// what the second is about to change.
TEST_F(ShardWriterTest, NumbersAConversationOnceThatIsMadeWhileABatchWaits) {
  const auto made = id_on(0);
  auto late_row = group_of({alice_, bob_});  // locked after `made`
  while (domain::bucket_of(late_row) <= domain::bucket_of(made)) late_row = group_of({alice_, bob_});
  const auto named = [](io::postgres::Target where, const char* application) {
    where.application = application;
    where.statement_timeout = std::chrono::minutes(1);
    return where;
  };
  const auto waiting = [this](const std::string& who, const std::string& for_whom) {
    return chat::testing::eventually([&] {
      return value(0,
                   "select count(*) from pg_stat_activity a join pg_stat_activity b on b.pid = any "
                   "(pg_blocking_pids(a.pid)) where a.application_name = '" +
                       who + "' and b.application_name = '" + for_whom + "'") != "0";
    });
  };
  io::postgres::Connection gates(named(admin_[0]->target(), "gates"));
  must(gates.execute("select pg_advisory_lock(1), pg_advisory_lock(2)"));
  std::thread first_hold([&] { hold(named(admin_[0]->target(), "first hold"), group_, 1); });
  std::thread second_hold([&] { hold(named(admin_[0]->target(), "second hold"), late_row, 2); });
  EXPECT_TRUE(waiting("first hold", "gates") && waiting("second hold", "gates"));

  PostgresShardWriter first(named(target(0), "first"));
  PostgresShardWriter second(named(target(0), "second"));
  const std::vector<domain::Draft> first_batch{draft(group_, alice_, "1a"), draft(made, alice_, "1b")};
  const std::vector<domain::Draft> second_batch{draft(made, bob_, "2a"), draft(late_row, bob_, "2b")};
  ports::Result<std::vector<ports::Written>> first_answer;
  ports::Result<std::vector<ports::Written>> second_answer;
  std::thread first_write([&] { first_answer = first.write(first_batch, kNow + 5); });
  EXPECT_TRUE(waiting("first", "first hold"));
  EXPECT_TRUE(run(store().create_group(made, "made late", alice_, {alice_, bob_}, kNow)));
  std::thread second_write([&] { second_answer = second.write(second_batch, kNow); });
  EXPECT_TRUE(waiting("second", "second hold"));
  must(gates.execute("select pg_advisory_unlock(1)"));
  EXPECT_TRUE(waiting("first", "second"));
  must(gates.execute("select pg_advisory_unlock(2)"));
  for (auto* thread : {&first_hold, &second_hold, &first_write, &second_write}) thread->join();

  ASSERT_TRUE(second_answer) << second_answer.error().message;
  EXPECT_EQ(second_answer->at(0).ack.seq, 1);
  ASSERT_FALSE(first_answer);
  EXPECT_EQ(first_answer.error().code, ports::WriteErrc::unreachable) << first_answer.error().message;
  const auto again = first.write(first_batch, kNow + 5);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->at(1).ack.seq, 2);
  EXPECT_EQ(again->at(1).ack.rev, 2);
}

TEST_F(ShardWriterTest, AscendsAlsoWhereTheClockStepsBack) {
  const auto first = write_one(writer_, draft(group_, alice_, "a"), kNow + 60'000);
  const auto second = write_one(writer_, draft(group_, alice_, "b"), kNow - 3'600'000);
  EXPECT_EQ(second.ack.server_timestamp, first.ack.server_timestamp + 1);
  EXPECT_LT(first.ack.message_id, second.ack.message_id);
}

TEST_F(ShardWriterTest, GivesARepeatTheFirstAnswerAlsoWithOtherContent) {
  const auto first = write_one(writer_, draft(group_, alice_, "same", "one"));
  const auto again = write_one(writer_, draft(group_, alice_, "same", "two"), kNow + 5000);
  EXPECT_EQ(again.kind, Kind::duplicate);
  EXPECT_TRUE(again.ack.duplicate);
  EXPECT_EQ(again.ack.seq, first.ack.seq);
  EXPECT_EQ(again.ack.rev, first.ack.rev);
  EXPECT_EQ(again.ack.message_id, first.ack.message_id);
  EXPECT_EQ(again.ack.server_timestamp, first.ack.server_timestamp);
  EXPECT_EQ(write_one(writer_, draft(group_, bob_, "same")).kind, Kind::stored) << "keys are a sender's own";
  EXPECT_EQ(value(0, "select content from messages where seq = 1"), "one");
}

TEST_F(ShardWriterTest, FindsRepeatsInsideOneBatch) {
  const std::vector<domain::Draft> drafts = {draft(group_, alice_, "x", "first"), draft(group_, alice_, "y"),
                                             draft(group_, alice_, "x", "second"), draft(group_, bob_, "x")};
  const auto written = writer_.write(drafts, kNow);
  ASSERT_TRUE(written);
  EXPECT_EQ(written->at(0).ack.seq, 1);
  EXPECT_EQ(written->at(1).ack.seq, 2);
  EXPECT_EQ(written->at(2).kind, Kind::duplicate);
  EXPECT_EQ(written->at(2).ack.message_id, written->at(0).ack.message_id);
  EXPECT_EQ(written->at(2).ack.server_timestamp, written->at(0).ack.server_timestamp);
  EXPECT_EQ(written->at(3).ack.seq, 3);
  EXPECT_EQ(value(0, "select string_agg(content, ',' order by seq) from messages"), "first,hello,hello");
}

TEST_F(ShardWriterTest, RefusesStrangersAndTheRemovedButStillAnswersTheirRepeats) {
  const auto first = write_one(writer_, draft(group_, bob_, "before"));
  ASSERT_TRUE(run(store().remove_member(group_, alice_, bob_)));
  const std::vector<domain::Draft> drafts = {draft(group_, bob_, "before"), draft(group_, bob_, "after"),
                                             draft(group_, eve_, "never"), draft(id_on(0), eve_, "nowhere")};
  const auto written = writer_.write(drafts, kNow);
  ASSERT_TRUE(written);
  EXPECT_EQ(written->at(0).kind, Kind::duplicate);
  EXPECT_EQ(written->at(0).ack.message_id, first.ack.message_id);
  for (int i : {1, 2, 3}) {
    EXPECT_EQ(written->at(static_cast<std::size_t>(i)).kind, Kind::refused);
    EXPECT_EQ(written->at(static_cast<std::size_t>(i)).refusal, domain::Errc::not_found);
  }
  EXPECT_EQ(written->at(2).why, written->at(3).why) << "a stranger must not learn that the group exists";
  EXPECT_EQ(value(0, "select count(*) from messages"), "1");
}

TEST_F(ShardWriterTest, AnswersRepeatsInADeletedConversationAndRefusesNewMessages) {
  const auto first = write_one(writer_, draft(group_, alice_, "kept"));
  ASSERT_TRUE(run(store().remove_conversation(group_, alice_)));
  EXPECT_EQ(write_one(writer_, draft(group_, alice_, "kept")).ack.message_id, first.ack.message_id);
  EXPECT_EQ(write_one(writer_, draft(group_, alice_, "new")).refusal, domain::Errc::not_found);
}

TEST_F(ShardWriterTest, RefusesAReplyToWhatIsNotThere) {
  auto reply = draft(group_, alice_, "r");
  for (std::int64_t seq : {std::int64_t{0}, std::int64_t{1}, INT64_MAX}) {
    reply.reply_to_seq = seq;
    const auto written = write_one(writer_, reply);
    EXPECT_EQ(written.kind, Kind::refused) << seq;
    EXPECT_EQ(written.refusal, domain::Errc::bad_request);
  }
  write_one(writer_, draft(group_, alice_, "base"));
  reply.reply_to_seq = 1;
  EXPECT_EQ(write_one(writer_, reply).kind, Kind::stored);
}

TEST_F(ShardWriterTest, KeepsOtherPeoplesOrderWhereSomeDraftsAreRefused) {
  const std::vector<domain::Draft> drafts = {draft(group_, alice_, "1"), draft(group_, eve_, "2"),
                                             draft(group_, bob_, "3")};
  const auto written = writer_.write(drafts, kNow);
  ASSERT_TRUE(written);
  EXPECT_EQ(written->at(0).ack.seq, 1);
  EXPECT_EQ(written->at(1).kind, Kind::refused);
  EXPECT_EQ(written->at(2).ack.seq, 2);
}

TEST_F(ShardWriterTest, ReturnsHostileContentByteForByte) {
  std::string large;
  for (int i = 0; i < 100'000; ++i) large += "\xF0\x9F\x92\xA9";
  const std::vector<std::string> contents = {R"(quotes " ' and \ back\\slashes \n {curly,"array"} NULL $1)",
                                             "line\nbreaks\r\n\ttabs \x01\x7f",
                                             "NULL",
                                             "",
                                             " ",
                                             "\xE2\x80\xAE right to left \xEF\xBB\xBF bom",
                                             "'; drop table messages; --",
                                             large};
  std::vector<domain::Draft> drafts;
  for (std::size_t i = 0; i < contents.size(); ++i)
    drafts.push_back(draft(group_, alice_, "\"k\\" + std::to_string(i) + ",{}'", contents[i]));
  const auto written = writer_.write(drafts, kNow);
  ASSERT_TRUE(written) << written.error().message;
  std::map<std::int64_t, domain::Message> read;
  for (std::int64_t after = 0; after < static_cast<std::int64_t>(contents.size());) {
    const auto page = run(store().history(group_, bob_, {std::nullopt, after, 50}));
    ASSERT_TRUE(page);
    ASSERT_FALSE(page->items.empty());
    for (const auto& message : page->items) read[message.seq] = message;
    after = page->items.back().seq;
  }
  for (std::size_t i = 0; i < contents.size(); ++i) {
    EXPECT_EQ(read[static_cast<std::int64_t>(i) + 1].content, contents[i]);
    EXPECT_EQ(read[static_cast<std::int64_t>(i) + 1].client_msg_id, drafts[i].client_msg_id);
  }
}

TEST_F(ShardWriterTest, SaysThatTheDatabaseRefusedABatchThatHoldsBytesItCanNotKeep) {
  const std::vector<domain::Draft> drafts = {draft(group_, alice_, "good"), draft(group_, alice_, "bad", "\xff\xfe")};
  const auto written = writer_.write(drafts, kNow);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ports::WriteErrc::rejected);
  EXPECT_EQ(value(0, "select count(*) from messages"), "0");
  EXPECT_EQ(write_one(writer_, drafts[0]).ack.seq, 1);
}

TEST_F(ShardWriterTest, StoresNothingOnAShardThatDoesNotOwnTheBucket) {
  PostgresShardWriter wrong(target(1));
  const auto elsewhere = group_of({alice_, bob_}, 1);
  const std::vector<domain::Draft> drafts = {draft(group_, alice_, "a"), draft(elsewhere, alice_, "b")};
  const auto written = wrong.write(drafts, kNow);
  ASSERT_TRUE(written);
  EXPECT_EQ(written->at(0).kind, Kind::moved);
  EXPECT_EQ(written->at(0).owner, "shard-0");
  EXPECT_EQ(written->at(0).epoch, 1);
  EXPECT_EQ(written->at(1).kind, Kind::stored) << "the rest of the batch goes on";
  EXPECT_EQ(value(1, "select count(*) from messages"), "1");
  EXPECT_EQ(value(1, "select count(*) from message_keys"), "1");
}

TEST_F(ShardWriterTest, IsFencedByANewOwnerAlsoInTheMiddleOfTheRush) {
  constexpr int kWriters = 6;
  std::atomic<bool> fenced{false};
  std::atomic<int> started{0};
  std::atomic<int> moved{0};
  std::atomic<int> late{0};
  std::atomic<int> errors{0};
  std::vector<std::thread> threads;
  for (int w = 0; w < kWriters; ++w) {
    threads.emplace_back([&, w] {
      PostgresShardWriter writer(target(0));
      for (int i = 0; i < 2000; ++i) {
        const bool after = fenced.load();
        const auto one = draft(group_, alice_, std::to_string(w) + ":" + std::to_string(i));
        const auto written = writer.write({&one, 1}, kNow);
        if (!written) {
          ++errors;
          return;
        }
        ++started;
        if (after && written->at(0).kind == Kind::stored) ++late;
        if (written->at(0).kind == Kind::moved) {
          ++moved;
          return;
        }
      }
    });
  }
  ASSERT_TRUE(chat::testing::eventually([&] { return started.load() > 50; }));
  own(0, 0, 2047, 1, 2);
  fenced = true;
  const auto at_fence = value(0, "select count(*) from messages");
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(errors.load(), 0);
  EXPECT_EQ(moved.load(), kWriters);
  EXPECT_EQ(late.load(), 0);
  EXPECT_EQ(value(0, "select count(*) from messages"), at_fence);
}

TEST_F(ShardWriterTest, RefusesOwnershipOfAnOlderEpochAndOfAnotherOwnerInTheSame) {
  own(0, 0, 63, 1, 5);
  const auto older = admin_[0]->execute("select chat_own(0, 127, 'shard-0', 4)");
  ASSERT_FALSE(older);
  EXPECT_NE(older.error().message.find("CH003"), std::string::npos) << older.error().message;
  EXPECT_FALSE(admin_[0]->execute("select chat_own(10, 10, 'shard-0', 5)"));
  EXPECT_EQ(value(0, "select chat_own(0, 63, 'shard-1', 5)"), "0") << "the same again changes nothing";
  EXPECT_EQ(value(0, "select count(*) from bucket_ranges"), "3");
}

TEST_F(ShardWriterTest, IsTheOnlyWayInForTheDaemonsRole) {
  io::postgres::Connection chat(target(0));
  for (const char* sql : {"delete from messages", "update bucket_owners set owner = 'shard-0'",
                          "insert into outbox "
                          "(bucket, conversation_id, kind, payload) values (1, gen_random_uuid(), 'x', '')",
                          "select chat_own(0, 1, 'shard-0', 9)", "select chat_identify('x')", "truncate users"}) {
    const auto result = chat.execute(sql);
    ASSERT_FALSE(result) << sql;
    EXPECT_NE(result.error().message.find("42501"), std::string::npos) << result.error().message;
  }
}

TEST_F(ShardWriterTest, StoresOnceWhateverAKilledServerLeavesUnknown) {
  chat::testing::PostgresServer& server = this->server(0);
  std::vector<domain::Draft> drafts;
  for (int i = 0; i < 50; ++i) drafts.push_back(draft(group_, alice_, "key-" + std::to_string(i)));
  std::atomic<int> writes{0};
  std::atomic<bool> failed{false};
  std::thread sender([&] {
    for (std::size_t i = 0; i < drafts.size() && !failed; ++i) {
      const auto written = writer_.write({&drafts[i], 1}, kNow);
      ++writes;
      if (!written) failed = true;
    }
  });
  EXPECT_TRUE(chat::testing::eventually([&] { return writes.load() >= 3; }));
  server.kill9();
  sender.join();
  server.start();
  const auto written = writer_.write(drafts, kNow);
  ASSERT_TRUE(written) << written.error().message;
  for (std::size_t i = 0; i < drafts.size(); ++i) EXPECT_EQ(written->at(i).ack.seq, static_cast<std::int64_t>(i) + 1);
  EXPECT_EQ(value(0, "select count(*) from messages"), "50");
}

TEST_F(ShardWriterTest, SaysUnreachableWhereNothingCanHaveBeenStored) {
  auto nowhere = target(0);
  nowhere.port = 1;
  PostgresShardWriter writer(nowhere);
  const auto one = draft(group_, alice_, "x");
  const auto written = writer.write({&one, 1}, kNow);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ports::WriteErrc::unreachable);
}

}  // namespace
}  // namespace chat::adapters
