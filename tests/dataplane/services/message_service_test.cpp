#include "dataplane/services/message_service.hpp"

#include <gtest/gtest.h>

#include "dataplane/base/json.hpp"
#include "tests/dataplane/services/fake_chat.hpp"
#include "tests/dataplane/services/fake_publisher.hpp"
#include "tests/dataplane/services/fake_shard.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/run_task.hpp"

namespace chat::services {
namespace {

using base::Ulid;
using testing::eventually;
using testing::FakeShard;
using testing::run_task;
using namespace std::chrono_literals;

Ulid id(std::uint8_t last) {
  Ulid value;
  value.bytes[15] = last;
  return value;
}

const Ulid kConversation = id(1);
const Ulid kAnn = id(101);
const Ulid kBob = id(102);

// What the shard holds, read back: changes and members of the one conversation; receipts that move forward only.
class ReadBack final : public testing::FakeStore {
 public:
  explicit ReadBack(FakeShard& shard) : shard_(shard) {}
  base::Task<base::Result<ports::Changes>> changes(Ulid conversation, Ulid viewer, std::int64_t after,
                                                   int limit) override {
    if (mine(conversation, viewer) == nullptr) co_return unknown();
    ports::Changes changes;
    for (const auto& message : shard_.messages(conversation)) {
      if (message.rev > after && changes.items.size() < static_cast<std::size_t>(limit))
        changes.items.push_back(message);
      changes.head = {conversation, message.seq, message.rev, 1, 2};
    }
    co_return changes;
  }
  base::Task<base::Result<std::vector<domain::Head>>> heads_of(Ulid user, std::vector<Ulid> asked) override {
    std::vector<domain::Head> heads;
    for (const auto& conversation : asked) {
      if (auto* found = mine(conversation, user)) heads.push_back(found->row.head);
    }
    co_return heads;
  }
  base::Task<base::Result<std::vector<ports::DeviceCursor>>> cursors(Ulid, std::string device,
                                                                     std::vector<Ulid> asked) override {
    std::vector<ports::DeviceCursor> found;
    for (const auto& conversation : asked) {
      if (device == "phone" && confirmed.contains(conversation))
        found.push_back({conversation, confirmed[conversation]});
    }
    co_return found;
  }
  base::Task<std::vector<base::Result<ReceiptAnswer>>> record(std::vector<domain::Receipt> receipts) override {
    batches.push_back(receipts.size());
    boost::asio::steady_timer gate(co_await boost::asio::this_coro::executor, 5ms);
    co_await base::sleep_until(gate, gate.expiry());
    std::vector<base::Result<ReceiptAnswer>> answers;
    for (const auto& receipt : receipts) {
      if (mine(receipt.conversation_id, receipt.user_id) == nullptr) {
        answers.push_back(unknown());
        continue;
      }
      auto& at = read[receipt.user_id];
      ReceiptAnswer answer{receipt.seq > at, {receipt.conversation_id, 9, 9, 1, 2}, {kAnn, kBob}};
      at = std::max(at, receipt.seq);
      answers.push_back(answer);
    }
    co_return answers;
  }
  std::map<Ulid, std::int64_t> confirmed;
  std::map<Ulid, std::int64_t> read;
  std::vector<std::size_t> batches;

 private:
  FakeShard& shard_;
};

class MessageServiceTest : public ::testing::Test {
 protected:
  MessageServiceTest()
      : router_(map()), store_(*shard_), fan_out_(publisher_, metrics_, [this](const std::string& push) {
          pushes_.emplace_back();
          ASSERT_TRUE(pushes_.back().ParseFromString(push));
        }) {
    shard_->members = {kAnn, kBob};
    options_.first_backoff = 1ms;
    run_task(io_, store_.create_one_on_one(kConversation, kAnn, kBob, 1));
    directory_.index[kAnn].insert(kConversation);
  }
  static domain::ClusterMap map() {
    domain::ClusterMap map;
    map.version = 1;
    map.shards = {{"shard-0", {"127.0.0.1", 1}}};
    map.buckets = {{0, 4095, "shard-0", 1}};
    map.limits.content_characters = 10;
    return map;
  }
  void limits(const domain::Limits& limits) {
    auto newer = map();
    newer.version = router_.map().version + 1;
    newer.limits = limits;
    router_.adopt(newer);
  }
  MessageService& service() {
    if (!service_) {
      commits_ = std::make_unique<CommitRouter>(
          io_.get_executor(), clock_, log_, metrics_, router_,
          [this](const domain::Shard&) { return std::make_unique<testing::FakeShardWriter>(shard_); }, options_);
      service_ = std::make_unique<MessageService>(MessageService::Parts{
          io_.get_executor(), clock_, log_, metrics_, router_, *commits_, store_, directory_, fan_out_});
    }
    return *service_;
  }
  base::Result<domain::Ack> send(const std::string& key, const std::string& content = "hi", bool vip = false) {
    domain::Draft draft;
    draft.conversation_id = kConversation;
    draft.sender_id = kAnn;
    draft.client_msg_id = key;
    draft.content = content;
    std::optional<base::Result<domain::Ack>> answer;
    service().send(draft, vip, "trace", [&](base::Result<domain::Ack> ack) { answer = std::move(ack); });
    if (!eventually(io_, [&] { return answer.has_value(); })) return base::fail(domain::Errc::moderated, "no answer");
    return *answer;
  }
  pb::BusEvent event(std::size_t at) {
    pb::BusEvent event;
    EXPECT_TRUE(event.ParseFromString(publisher_.published.at(at).second));
    return event;
  }

  boost::asio::io_context io_;
  base::SystemClock clock_;
  base::Log log_{"test", base::Level::error};
  base::Metrics metrics_;
  std::shared_ptr<FakeShard> shard_ = std::make_shared<FakeShard>();  // shared with its writers
  domain::Router router_;
  GroupCommitOptions options_;
  ReadBack store_;
  testing::FakeDirectory directory_;
  testing::FakePublisher publisher_;
  std::vector<pb::Push> pushes_;
  FanOut fan_out_;
  std::unique_ptr<CommitRouter> commits_;
  std::unique_ptr<MessageService> service_;
};

std::string channel(const Ulid& user) { return ports::user_channel(user.text()); }

TEST_F(MessageServiceTest, AnAcknowledgedMessageIsStoredAndToldToEveryMembersChannelOnce) {
  auto ack = send("a");
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->seq, 1);
  ASSERT_EQ(shard_->messages(kConversation).size(), 1u);
  ASSERT_EQ(publisher_.published.size(), 1u);
  EXPECT_EQ(publisher_.published[0].first, (std::vector<std::string>{channel(kAnn), channel(kBob)}));
  EXPECT_EQ(event(0).kind(), pb::BusEvent::MESSAGE);
  EXPECT_EQ(event(0).head().rev(), 1);
  auto frame = base::Json::parse(event(0).frame());
  EXPECT_EQ(frame["type"], "message");
  EXPECT_EQ(frame["content"], "hi");
  EXPECT_EQ(frame["message_id"], ack->message_id.text());
}

TEST_F(MessageServiceTest, AboveThirtyTwoMembersTheConversationsChannelIsToldOnce) {
  shard_->members.assign(33, kBob);
  ASSERT_TRUE(send("a"));
  ASSERT_EQ(publisher_.published.size(), 1u);
  EXPECT_EQ(publisher_.published[0].first, std::vector<std::string>{ports::conversation_channel(kConversation.text())});
}

TEST_F(MessageServiceTest, ARepeatGetsTheFirstAnswerAndIsNotToldAgain) {
  auto first = send("a", "one");
  auto second = send("a", "two");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(second->message_id, first->message_id);
  EXPECT_EQ(second->server_timestamp, first->server_timestamp);
  EXPECT_TRUE(second->duplicate);
  EXPECT_EQ(publisher_.published.size(), 1u);
}

TEST_F(MessageServiceTest, WhenTheBusFailsTheGatewaysAreToldDirectly) {
  publisher_.away = true;
  ASSERT_TRUE(send("a"));
  ASSERT_EQ(pushes_.size(), 1u);
  EXPECT_EQ(pushes_[0].channels(0), channel(kAnn));
  EXPECT_EQ(pushes_[0].channels_size(), 2);
  pb::BusEvent pushed;
  ASSERT_TRUE(pushed.ParseFromString(pushes_[0].event()));
  EXPECT_EQ(base::Json::parse(pushed.frame())["content"], "hi");
}

TEST_F(MessageServiceTest, AMessageWhoseFirstTryWasInDoubtIsToldWhenItIsFound) {
  shard_->fail_next(FakeShard::Fault::unknown_stored);
  auto ack = send("a");
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->seq, 1);
  ASSERT_TRUE(eventually(io_, [this] { return publisher_.published.size() == 1; }));
  EXPECT_EQ(publisher_.published[0].first, (std::vector<std::string>{channel(kAnn), channel(kBob)}));
  EXPECT_EQ(base::Json::parse(event(0).frame())["seq"], 1);
}

TEST_F(MessageServiceTest, RefusesWhatIsTooLongOrEmptyBeforeAnythingIsWritten) {
  EXPECT_EQ(send("a", "").error().code, domain::Errc::bad_request);
  EXPECT_EQ(send("b", "12345678901").error().code, domain::Errc::too_large);
  EXPECT_TRUE(send("c", "ääääääääää"));  // ten characters in twenty bytes
  EXPECT_EQ(shard_->messages(kConversation).size(), 1u);
}

TEST_F(MessageServiceTest, ARefusalOfTheShardReachesTheSender) {
  limits({});
  auto refused = send("a", "not a member");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, domain::Errc::not_found);
  EXPECT_TRUE(publisher_.published.empty());
}

TEST_F(MessageServiceTest, AUsersLimitHoldsWithATimeToWaitAndVipsHaveMore) {
  domain::Limits few;
  few.messages_per_minute_per_user = 60;
  few.message_burst = 2;
  few.vip_factor = 3;
  limits(few);
  EXPECT_TRUE(send("a"));
  EXPECT_TRUE(send("b"));
  auto limited = send("c");
  ASSERT_FALSE(limited);
  EXPECT_EQ(limited.error().code, domain::Errc::rate_limited);
  EXPECT_GT(limited.error().retry_after.count(), 0);
  EXPECT_LE(limited.error().retry_after, 1001ms);
  EXPECT_EQ(shard_->messages(kConversation).size(), 2u);
}

TEST_F(MessageServiceTest, VipsHaveTheirFactorOfTheBurst) {
  domain::Limits few;
  few.messages_per_minute_per_user = 60;
  few.message_burst = 2;
  few.vip_factor = 3;
  limits(few);
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(send("k" + std::to_string(i), "hi", true)) << i;
  EXPECT_FALSE(send("k6", "hi", true));
}

TEST_F(MessageServiceTest, AConversationsLimitHolds) {
  domain::Limits few;
  few.messages_per_minute_per_user = 0;
  few.messages_per_minute_per_conversation = 3;
  limits(few);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(send("k" + std::to_string(i)));
  EXPECT_EQ(send("k3").error().code, domain::Errc::rate_limited);
}

TEST_F(MessageServiceTest, NoLimitIsNoLimit) {
  domain::Limits none;
  none.messages_per_minute_per_user = 0;
  none.messages_per_minute_per_conversation = 0;
  none.content_characters = 0;
  limits(none);
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(send("k" + std::to_string(i), std::string(1000, 'x')));
}

TEST_F(MessageServiceTest, ReceiptsThatArriveWhileABatchIsWrittenAreTheNextBatch) {
  std::vector<base::Status> answers;
  for (std::int64_t seq : {1, 3, 2, 4}) {
    domain::Receipt receipt;
    receipt.conversation_id = kConversation;
    receipt.user_id = kBob;
    receipt.seq = seq;
    receipt.kind = domain::ReceiptKind::read;
    service().receipt(receipt, [&](base::Status status) { answers.push_back(status); });
    ASSERT_TRUE(eventually(io_, [this] { return store_.batches.size() == 1; }));
  }
  ASSERT_TRUE(eventually(io_, [&] { return answers.size() == 4; }));
  EXPECT_EQ(store_.batches, (std::vector<std::size_t>{1, 3}));
  ASSERT_EQ(publisher_.published.size(), 3u);  // 2 came after 3: nobody needs to hear of it
  EXPECT_EQ(event(0).kind(), pb::BusEvent::RECEIPT);
  auto frame = base::Json::parse(event(1).frame());
  EXPECT_EQ(frame["seq"], 3);
  EXPECT_EQ(frame["user_id"], kBob.text());
  EXPECT_EQ(frame["status"], "read");
}

TEST_F(MessageServiceTest, AStrangersReceiptIsRefusedAndNotTold) {
  domain::Receipt receipt;
  receipt.conversation_id = kConversation;
  receipt.user_id = id(7);
  receipt.seq = 1;
  std::optional<base::Status> answer;
  service().receipt(receipt, [&](base::Status status) { answer = status; });
  ASSERT_TRUE(eventually(io_, [&] { return answer.has_value(); }));
  EXPECT_EQ(answer->error().code, domain::Errc::not_found);
  EXPECT_TRUE(publisher_.published.empty());
}

TEST_F(MessageServiceTest, AnAnnouncementGoesToTheAudienceAndTheSubjectsEachOnce) {
  ports::MessagePath::Announcement announcement;
  announcement.conversation_id = kConversation;
  announcement.head.conversation_id = kConversation;
  announcement.change = "member_removed";
  announcement.subjects = {id(9), kBob};
  announcement.audience = {kAnn, kBob};
  announcement.frame = "{}";
  service().announce(announcement);
  announcement.audience.clear();
  service().announce(announcement);
  ASSERT_EQ(publisher_.published.size(), 2u);
  EXPECT_EQ(publisher_.published[0].first, (std::vector<std::string>{channel(kAnn), channel(kBob), channel(id(9))}));
  EXPECT_EQ(publisher_.published[1].first, (std::vector<std::string>{ports::conversation_channel(kConversation.text()),
                                                                     channel(id(9)), channel(kBob)}));
  EXPECT_EQ(event(0).change(), "member_removed");
  EXPECT_EQ(event(0).subjects_size(), 2);
}

TEST_F(MessageServiceTest, ASyncStartsWhereItWasNamedElseWhereTheDeviceConfirmedElseAtTheBeginning) {
  const Ulid confirmed = id(2), fresh = id(3), foreign = id(4);
  for (const auto& conversation : {confirmed, fresh}) {
    run_task(io_, store_.create_one_on_one(conversation, kAnn, kBob, 1));
    directory_.index[kAnn].insert(conversation);
  }
  run_task(io_, store_.create_one_on_one(foreign, kBob, id(7), 1));
  store_.confirmed[confirmed] = 5;
  store_.confirmed[kConversation] = 3;
  auto points = run_task(io_, service().sync_points(kAnn, "phone", {{kConversation, 8}, {foreign, 0}}, true));
  ASSERT_TRUE(points);
  std::map<Ulid, std::int64_t> from;
  for (const auto& point : *points) from[point.conversation_id] = point.after_rev;
  EXPECT_EQ(from, (std::map<Ulid, std::int64_t>{{kConversation, 8}, {confirmed, 5}, {fresh, 0}}));
  auto named_only = run_task(io_, service().sync_points(kAnn, "phone", {{kConversation, 8}}, false));
  ASSERT_TRUE(named_only);
  EXPECT_EQ(named_only->size(), 1u);
}

TEST_F(MessageServiceTest, SigningOnGivesTheHeadsOfMyConversationsOrTheFailure) {
  auto heads = run_task(io_, service().sign_on(kAnn));
  ASSERT_TRUE(heads);
  ASSERT_EQ(heads->size(), 1u);
  EXPECT_EQ(heads->front().conversation_id, kConversation);
  directory_.down = true;
  EXPECT_FALSE(run_task(io_, service().sign_on(kAnn)));
}

TEST_F(MessageServiceTest, StoppingAnswersWhatWasTaken) {
  shard_->hold();
  std::optional<base::Result<domain::Ack>> answer;
  domain::Draft draft;
  draft.conversation_id = kConversation;
  draft.sender_id = kAnn;
  draft.client_msg_id = "a";
  draft.content = "hi";
  service().send(draft, false, "", [&](base::Result<domain::Ack> ack) { answer = std::move(ack); });
  ASSERT_TRUE(shard_->wait_for_write());
  shard_->release();
  run_task(io_, service().stop(clock_.steady() + 5s));
  ASSERT_TRUE(eventually(io_, [&] { return answer.has_value(); }));
  EXPECT_TRUE(answer->has_value());
  EXPECT_EQ(publisher_.published.size(), 1u);
}

TEST(SendLimitsTest, KeepsAtMostSoManyKeysAndForgetsTheOneNotUsedForLongest) {
  TokenBuckets buckets(2);
  const base::SteadyTime now{std::chrono::hours(1)};
  EXPECT_TRUE(buckets.of(id(1)).take(1, 1, now).allowed);
  EXPECT_TRUE(buckets.of(id(2)).take(1, 1, now).allowed);
  EXPECT_FALSE(buckets.of(id(1)).take(1, 1, now).allowed);
  EXPECT_TRUE(buckets.of(id(3)).take(1, 1, now).allowed);  // 2 is forgotten
  EXPECT_EQ(buckets.size(), 2u);
  EXPECT_FALSE(buckets.of(id(1)).take(1, 1, now).allowed);
  EXPECT_TRUE(buckets.of(id(2)).take(1, 1, now).allowed);
}

}  // namespace
}  // namespace chat::services
