#include "dataplane/adapters/postgres_store.hpp"

#include "tests/dataplane/adapters/two_shards.hpp"

namespace chat::adapters {
namespace {

using Ids = std::vector<base::Ulid>;
using IdSet = std::set<base::Ulid>;

IdSet set_of(const Ids& ids) { return {ids.begin(), ids.end()}; }

class StoreTest : public chat::testing::TwoShards {
 protected:
  void say(base::Ulid conversation, base::Ulid sender, int count, const std::string& content = "hello") {
    std::vector<domain::Draft> drafts;
    for (int i = 0; i < count; ++i)
      drafts.push_back(draft(conversation, sender, "m" + std::to_string(said_++), content));
    PostgresShardWriter writer(target(domain::bucket_of(conversation) / 2048));
    const auto written = writer.write(drafts, kNow);
    must(written);
    for (const auto& one : *written) ASSERT_EQ(one.kind, ports::Written::Kind::stored) << one.why;
  }
  // An edit, as the issue that brings edits will write it: the next rev, no new seq.
  void edit(base::Ulid conversation, std::int64_t seq, const std::string& content) {
    const auto shard = domain::bucket_of(conversation) / 2048;
    const auto id = "'" + conversation.uuid_text() + "'";
    must(admin_[shard]->execute("with c as (update conversations set last_rev = last_rev + 1 where conversation_id = " +
                                id + " returning *), m as (update messages set content = '" + content +
                                "', rev = c.last_rev, edited_ms = 1 from c where messages.conversation_id = " + id +
                                " and messages.seq = " + std::to_string(seq) +
                                ") insert into message_changes select bucket, conversation_id, last_rev, " +
                                std::to_string(seq) + ", last_seq from c"));
  }
  domain::Receipt receipt(base::Ulid conversation, base::Ulid user, std::int64_t seq, domain::ReceiptKind kind) {
    domain::Receipt out;
    out.conversation_id = conversation;
    out.user_id = user;
    out.device_id = "phone";
    out.seq = seq;
    out.kind = kind;
    return out;
  }
  base::Result<ports::Store::ReceiptAnswer> record_one(domain::Receipt one) {
    return run(store().record({std::move(one)})).at(0);
  }
  static domain::Errc code_of(const base::Error& error) { return static_cast<domain::Errc>(error.code.value()); }
  template <class R>
  static void expect_refused(const R& result, domain::Errc code) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, make_error_code(code)) << result.error().message;
  }

  base::Ulid alice_ = id_on(0);
  base::Ulid bob_ = id_on(1);
  base::Ulid carol_ = id_on(0);
  base::Ulid eve_ = id_on(1);
  int said_ = 0;
};

TEST_F(StoreTest, MakesAOneOnOneOnceFromBothSides) {
  const auto id = domain::one_on_one_id(alice_, bob_);
  EXPECT_EQ(told(run(store().create_one_on_one(id, alice_, bob_, kNow))), "yes");
  EXPECT_EQ(told(run(store().create_one_on_one(id, bob_, alice_, kNow + 5))), "no");
  const auto seen = run(store().conversation(id, bob_));
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_EQ(seen->conversation.type, domain::ConversationType::one_on_one);
  EXPECT_EQ(seen->other_user_id, alice_);
  EXPECT_EQ(seen->conversation.created_at, kNow);
  EXPECT_EQ(seen->conversation.head.member_count, 2);
  EXPECT_FALSE(seen->last_message);
  expect_refused(run(store().rename(id, alice_, "x")), domain::Errc::bad_request);
  expect_refused(run(store().remove_member(id, alice_, alice_)), domain::Errc::bad_request);
}

TEST_F(StoreTest, ShowsNothingToStrangers) {
  const auto group = group_of({alice_, bob_});
  say(group, alice_, 3);
  expect_refused(run(store().conversation(group, eve_)), domain::Errc::not_found);
  expect_refused(run(store().history(group, eve_, {})), domain::Errc::not_found);
  expect_refused(run(store().changes(group, eve_, 0, 10)), domain::Errc::not_found);
  expect_refused(run(store().members(group, eve_, std::nullopt, 10)), domain::Errc::not_found);
  expect_refused(run(store().rename(group, eve_, "x")), domain::Errc::not_found);
  expect_refused(run(store().add_members(group, eve_, {eve_}, 0, kNow)), domain::Errc::not_found);
  expect_refused(run(store().remove_member(group, eve_, alice_)), domain::Errc::not_found);
  expect_refused(run(store().remove_conversation(group, eve_)), domain::Errc::not_found);
  expect_refused(run(store().set_role(group, eve_, eve_, domain::Role::owner)), domain::Errc::not_found);
  expect_refused(record_one(receipt(group, eve_, 1, domain::ReceiptKind::read)), domain::Errc::not_found);
  EXPECT_TRUE(run(store().summaries(eve_, {group}, true))->empty());
  EXPECT_TRUE(run(store().heads_of(eve_, {group}))->empty());
  EXPECT_EQ(run(store().heads({group}))->size(), 1u);
}

TEST_F(StoreTest, KeepsRolesApart) {
  const auto group = group_of({alice_, bob_, carol_});
  expect_refused(run(store().rename(group, bob_, "x")), domain::Errc::forbidden);
  expect_refused(run(store().add_members(group, bob_, {eve_}, 0, kNow)), domain::Errc::forbidden);
  expect_refused(run(store().remove_member(group, bob_, carol_)), domain::Errc::forbidden);
  expect_refused(run(store().remove_conversation(group, bob_)), domain::Errc::forbidden);
  expect_refused(run(store().set_role(group, bob_, bob_, domain::Role::owner)), domain::Errc::forbidden);
  ASSERT_TRUE(run(store().set_role(group, alice_, bob_, domain::Role::admin)));
  EXPECT_TRUE(run(store().rename(group, bob_, "renamed by an admin")));
  EXPECT_EQ(run(store().conversation(group, carol_))->conversation.name, "renamed by an admin");
  expect_refused(run(store().remove_member(group, bob_, alice_)), domain::Errc::forbidden);
  expect_refused(run(store().set_role(group, bob_, carol_, domain::Role::admin)), domain::Errc::forbidden);
  expect_refused(run(store().remove_member(group, alice_, eve_)), domain::Errc::not_found);
  expect_refused(run(store().set_role(group, alice_, eve_, domain::Role::admin)), domain::Errc::not_found);
  expect_refused(run(store().set_role(group, alice_, alice_, domain::Role::member)), domain::Errc::conflict);
  EXPECT_TRUE(run(store().remove_member(group, bob_, carol_)));
}

TEST_F(StoreTest, HandsOwnershipOnWhenTheOwnerLeaves) {
  const auto group = group_of({alice_, bob_, carol_});
  ASSERT_TRUE(run(store().set_role(group, alice_, carol_, domain::Role::admin)));
  const auto left = run(store().remove_member(group, alice_, alice_));
  ASSERT_TRUE(left);
  EXPECT_EQ(left->changed, Ids{alice_});
  EXPECT_EQ(set_of(left->members), (IdSet{bob_, carol_}));
  EXPECT_EQ(left->head.members_rev, 2);
  EXPECT_EQ(left->head.member_count, 2);
  EXPECT_EQ(run(store().conversation(group, carol_))->my_role, domain::Role::owner);
  EXPECT_EQ(run(store().conversation(group, bob_))->my_role, domain::Role::member);
  ASSERT_TRUE(run(store().set_role(group, carol_, bob_, domain::Role::owner)));
  EXPECT_EQ(run(store().conversation(group, carol_))->my_role, domain::Role::admin);
  ASSERT_TRUE(run(store().remove_member(group, bob_, bob_)));
  const auto last = run(store().remove_member(group, carol_, carol_));
  ASSERT_TRUE(last);
  EXPECT_EQ(last->head.member_count, 0);
  expect_refused(run(store().conversation(group, carol_)), domain::Errc::not_found);
}

TEST_F(StoreTest, AddsMembersOnceWithinTheLimitAndTellsTheOutbox) {
  const auto group = group_of({alice_, bob_});
  say(group, alice_, 4);
  expect_refused(run(store().add_members(group, alice_, {carol_, eve_}, 3, kNow)), domain::Errc::too_large);
  EXPECT_EQ(run(store().conversation(group, alice_))->conversation.head.member_count, 2) << "all or nothing";
  const auto added = run(store().add_members(group, alice_, {bob_, carol_, carol_}, 3, kNow));
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_EQ(added->changed, Ids{carol_});
  EXPECT_EQ(set_of(added->members), (IdSet{alice_, bob_, carol_}));
  EXPECT_EQ(added->head.members_rev, 2);
  EXPECT_EQ(added->head.seq, 4);
  const auto again = run(store().add_members(group, alice_, {carol_}, 3, kNow));
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->changed.empty());
  EXPECT_EQ(again->head.members_rev, 2) << "nothing changed";
  const auto seen = run(store().conversation(group, carol_));
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->unread, 0) << "who joins has nothing unread";
  EXPECT_EQ(value(0, "select string_agg(kind, ',' order by id) from outbox where kind <> 'message'"),
            "conversation_created,member_added");
  EXPECT_EQ(value(0, "select payload from outbox where kind = 'member_added'"),
            "{\"members_rev\" : 2, \"user_ids\" : [\"" + carol_.uuid_text() + "\"]}");
}

TEST_F(StoreTest, CutsTheEventsOfALargeGroup) {
  Ids everyone{alice_};
  for (int i = 0; i < 1200; ++i) everyone.push_back(base::new_ulid(kNow));
  const auto group = group_of(everyone);
  EXPECT_EQ(value(0, "select count(*) from outbox"), "3");
  EXPECT_EQ(value(0, "select sum(json_array_length(payload::json -> 'user_ids')) from outbox"), "1201");
  Ids paged;
  std::optional<base::Ulid> after;
  for (;;) {
    const auto page = run(store().members(group, alice_, after, 500));
    ASSERT_TRUE(page);
    if (page->empty()) break;
    for (const auto& member : *page) paged.push_back(member.user_id);
    after = paged.back();
  }
  EXPECT_EQ(set_of(paged), set_of(everyone));
  EXPECT_EQ(paged.size(), everyone.size());
  const auto answer = run(store().membership(group, {alice_, eve_}));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->members, Ids{alice_});
  EXPECT_EQ(answer->head.member_count, 1201);
  const auto removed = run(store().remove_conversation(group, alice_));
  ASSERT_TRUE(removed);
  EXPECT_EQ(set_of(removed->changed), set_of(everyone));
}

TEST_F(StoreTest, PagesThroughHistoryBothWays) {
  const auto group = group_of({alice_, bob_});
  say(group, alice_, 25);
  const auto seqs = [](const ports::Page& page) {
    std::vector<std::int64_t> out;
    for (const auto& message : page.items) out.push_back(message.seq);
    return out;
  };
  using Seqs = std::vector<std::int64_t>;
  struct Row {
    ports::HistoryQuery query;
    Seqs seqs;
    bool has_more;
  };
  const Row rows[] = {
      {{std::nullopt, std::nullopt, 3}, {23, 24, 25}, true},
      {{23, std::nullopt, 3}, {20, 21, 22}, true},
      {{4, std::nullopt, 3}, {1, 2, 3}, false},
      {{3, std::nullopt, 3}, {1, 2}, false},
      {{1, std::nullopt, 3}, {}, false},
      {{0, std::nullopt, 3}, {}, false},
      {{INT64_MAX, std::nullopt, 2}, {24, 25}, true},
      {{std::nullopt, 0, 2}, {1, 2}, true},
      {{std::nullopt, 23, 5}, {24, 25}, false},
      {{std::nullopt, 25, 5}, {}, false},
      {{std::nullopt, INT64_MAX, 5}, {}, false},
  };
  for (const auto& row : rows) {
    const auto page = run(store().history(group, bob_, row.query));
    ASSERT_TRUE(page) << page.error().message;
    EXPECT_EQ(seqs(*page), row.seqs) << row.query.before.value_or(-1) << " " << row.query.after.value_or(-1);
    EXPECT_EQ(page->has_more, row.has_more) << row.query.before.value_or(-1) << " " << row.query.after.value_or(-1);
  }
}

TEST_F(StoreTest, EndsAPageEarlyAtAboutOneMebibyte) {
  const auto group = group_of({alice_, bob_});
  for (int i = 0; i < 6; ++i) say(group, alice_, 1, std::string(400'000, 'x'));
  const auto newest = run(store().history(group, bob_, {std::nullopt, std::nullopt, 50}));
  ASSERT_TRUE(newest);
  ASSERT_EQ(newest->items.size(), 3u);
  EXPECT_EQ(newest->items.back().seq, 6);
  EXPECT_TRUE(newest->has_more);
  const auto first = run(store().history(group, bob_, {std::nullopt, 0, 50}));
  ASSERT_TRUE(first);
  ASSERT_EQ(first->items.size(), 3u);
  EXPECT_EQ(first->items.front().seq, 1);
  EXPECT_TRUE(first->has_more);
  const auto changes = run(store().changes(group, bob_, 0, 200));
  ASSERT_TRUE(changes);
  EXPECT_EQ(changes->items.size(), 3u);
  EXPECT_EQ(changes->head.rev, 6);
}

TEST_F(StoreTest, AnswersEveryRevWithTheContentOfNow) {
  const auto group = group_of({alice_, bob_});
  say(group, alice_, 3);          // rev 1…3
  edit(group, 2, "first edit");   // rev 4
  say(group, bob_, 2);            // rev 5, 6: seq 4, 5
  edit(group, 5, "second edit");  // rev 7
  edit(group, 2, "last edit");    // rev 8
  say(group, bob_, 1);            // rev 9: seq 6
  const std::vector<std::int64_t> seqs = {1, 2, 3, 2, 4, 5, 5, 2, 6};
  for (std::int64_t after = 0; after <= 9; ++after) {
    for (int limit : {1, 2, 100}) {
      const auto changes = run(store().changes(group, bob_, after, limit));
      ASSERT_TRUE(changes) << changes.error().message;
      EXPECT_EQ(changes->head.rev, 9);
      EXPECT_EQ(changes->head.seq, 6);
      const auto expected = std::min<std::int64_t>(limit, 9 - after);
      ASSERT_EQ(static_cast<std::int64_t>(changes->items.size()), expected) << after;
      for (std::int64_t i = 0; i < expected; ++i) {
        const auto& item = changes->items[static_cast<std::size_t>(i)];
        EXPECT_EQ(item.rev, after + 1 + i);
        EXPECT_EQ(item.seq, seqs[static_cast<std::size_t>(after + i)]);
        EXPECT_EQ(item.content, item.seq == 2 ? "last edit" : item.seq == 5 ? "second edit" : "hello");
        EXPECT_EQ(item.edited_at.has_value(), item.seq == 2 || item.seq == 5);
      }
    }
  }
  EXPECT_TRUE(run(store().changes(group, bob_, INT64_MAX, 10))->items.empty());
}

TEST_F(StoreTest, CountsUnreadAndNeverTakesAReceiptBack) {
  const auto group = group_of({alice_, bob_});
  say(group, alice_, 5);
  say(group, bob_, 2);
  auto unread = [&](base::Ulid user) { return run(store().conversation(group, user))->unread; };
  EXPECT_EQ(unread(bob_), 5);
  EXPECT_EQ(unread(alice_), 2);
  const auto answer = record_one(receipt(group, bob_, 3, domain::ReceiptKind::read));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->moved);
  EXPECT_EQ(set_of(answer->members), (IdSet{alice_, bob_}));
  EXPECT_EQ(unread(bob_), 2);
  EXPECT_FALSE(record_one(receipt(group, bob_, 3, domain::ReceiptKind::read))->moved);
  EXPECT_FALSE(record_one(receipt(group, bob_, 2, domain::ReceiptKind::read))->moved);
  EXPECT_FALSE(record_one(receipt(group, bob_, 3, domain::ReceiptKind::delivered))->moved) << "read implies delivered";
  EXPECT_EQ(unread(bob_), 2);
  EXPECT_TRUE(record_one(receipt(group, bob_, 6, domain::ReceiptKind::delivered))->moved);
  EXPECT_EQ(unread(bob_), 2);
  EXPECT_TRUE(record_one(receipt(group, bob_, 5, domain::ReceiptKind::read))->moved);
  EXPECT_EQ(unread(bob_), 0);
  expect_refused(record_one(receipt(group, bob_, 8, domain::ReceiptKind::read)), domain::Errc::bad_request);
  const auto members = run(store().members(group, alice_, std::nullopt, 10));
  ASSERT_TRUE(members);
  for (const auto& member : *members) {
    if (member.user_id != bob_) continue;
    EXPECT_EQ(member.delivered_seq, 6);
    EXPECT_EQ(member.read_seq, 5);
  }
  must(admin_[0]->execute("update messages set deleted = true where seq = 6"));
  EXPECT_EQ(unread(alice_), 1) << "what is deleted is not unread";
}

TEST_F(StoreTest, RecordsABatchOverBothShardsAndAnswersEachInOrder) {
  const auto here = group_of({alice_, bob_, carol_}, 0);
  const auto there = group_of({alice_, bob_}, 1);
  say(here, alice_, 4);
  say(there, alice_, 4);
  const auto answers = run(store().record(
      {receipt(here, bob_, 2, domain::ReceiptKind::delivered), receipt(there, bob_, 4, domain::ReceiptKind::read),
       receipt(here, bob_, 1, domain::ReceiptKind::delivered), receipt(here, bob_, 1, domain::ReceiptKind::read),
       receipt(here, eve_, 1, domain::ReceiptKind::read), receipt(here, carol_, 9, domain::ReceiptKind::read),
       receipt(here, carol_, 4, domain::ReceiptKind::read)}));
  ASSERT_EQ(answers.size(), 7u);
  const std::vector<int> moved = {1, 1, 0, 1, -1, -1, 1};
  for (std::size_t i = 0; i < moved.size(); ++i) {
    EXPECT_EQ(answers[i].has_value(), moved[i] >= 0) << i;
    if (!answers[i]) continue;
    EXPECT_EQ(answers[i]->moved, moved[i] == 1) << i;
    const std::size_t told_to = i == 1 ? 2 : 3;
    EXPECT_EQ(answers[i]->members.size(), moved[i] == 1 ? told_to : 0) << i;
  }
  EXPECT_EQ(answers[4].error().code, make_error_code(domain::Errc::not_found));
  EXPECT_EQ(answers[5].error().code, make_error_code(domain::Errc::bad_request));
}

TEST_F(StoreTest, RemembersWhatADeviceConfirmedAndOnlyForwards) {
  const auto group = group_of({alice_, bob_});
  say(group, alice_, 5);
  auto confirm = [&](std::int64_t rev, std::string device) {
    auto one = receipt(group, bob_, 1, domain::ReceiptKind::delivered);
    one.rev = rev;
    one.device_id = std::move(device);
    return record_one(one);
  };
  auto cursor = [&](std::string device) {
    const auto found = run(store().cursors(bob_, std::move(device), {group, id_on(1)}));
    must(found);
    return found->empty() ? -1 : found->front().rev;
  };
  EXPECT_EQ(cursor("phone"), -1);
  ASSERT_TRUE(confirm(4, "phone"));
  ASSERT_TRUE(confirm(2, "phone"));
  ASSERT_TRUE(confirm(1, "laptop"));
  EXPECT_EQ(cursor("phone"), 4);
  EXPECT_EQ(cursor("laptop"), 1);
  EXPECT_FALSE(confirm(6, "phone"));
  EXPECT_EQ(cursor("phone"), 4);
}

TEST_F(StoreTest, SummarisesConversationsOfAllShardsAtOnce) {
  Ids ids;
  for (int i = 0; i < 6; ++i) ids.push_back(group_of({alice_, bob_}, i % 2));
  say(ids[0], alice_, 2, "last words");
  ids.push_back(id_on(0));  // unknown
  const auto with = run(store().summaries(bob_, ids, true));
  ASSERT_TRUE(with) << with.error().message;
  EXPECT_EQ(with->size(), 6u);
  for (const auto& one : *with) {
    const bool first = one.conversation.conversation_id == ids[0];
    EXPECT_EQ(one.last_message.has_value(), first);
    if (first) {
      EXPECT_EQ(one.last_message->content, "last words");
      EXPECT_EQ(one.last_message->seq, 2);
      EXPECT_EQ(one.last_activity_at, one.last_message->created_at);
      EXPECT_EQ(one.unread, 2);
    }
  }
  const auto without = run(store().summaries(bob_, ids, false));
  for (const auto& one : *without) EXPECT_FALSE(one.last_message);
  EXPECT_EQ(run(store().heads_of(bob_, ids))->size(), 6u);
  EXPECT_TRUE(run(store().heads_of(bob_, {}))->empty());
}

}  // namespace
}  // namespace chat::adapters
