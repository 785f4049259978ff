#include "dataplane/adapters/rpc_message_path.hpp"

#include <gtest/gtest.h>

#include <set>

#include "dataplane/domain/errors.hpp"
#include "dataplane/io/rpc/channel.hpp"
#include "dataplane/protocol/convert.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/run_task.hpp"

namespace chat::adapters {
namespace {

using base::Ulid;
using testing::eventually;
using testing::run_task;
using namespace std::chrono_literals;

Ulid id(std::uint8_t first) {
  Ulid value;
  value.bytes[0] = first;
  return value;
}

domain::Draft draft(std::uint8_t conversation) {
  domain::Draft made;
  made.conversation_id = id(conversation);
  made.sender_id = id(200);
  made.client_msg_id = "key";
  made.content = "hi";
  return made;
}

// A chat-messages instance that answers as it is told.
class Instance {
 public:
  Instance(boost::asio::io_context& io, const base::Log& log, std::uint16_t port = 0)
      : server_(io.get_executor(), log,
                [this](const io::rpc::Peer& peer, std::uint64_t call, std::string_view payload) {
                  handle(peer, call, payload);
                }) {
    auto listening = server_.listen({"127.0.0.1", port});
    EXPECT_TRUE(listening);
    port_ = *listening;
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::size_t callers() const { return server_.peers(); }
  void push_to_all(const std::string& payload) { server_.push_to_all(payload); }
  void answer_later() {
    for (auto& [peer, call, request] : held_) peer.answer(call, reply_to(request).SerializeAsString());
    held_.clear();
  }

  std::size_t calls = 0;
  bool frozen = false;                // takes calls and does not answer
  bool slow = false;                  // lets calls wait, but not heartbeats
  std::size_t busy = 0;               // so many calls are answered `unavailable`
  std::optional<base::Error> refuse;  // all calls are answered so
  std::set<Ulid> conversations;       // that were sent to
  pb::Request last;

 private:
  void handle(const io::rpc::Peer& peer, std::uint64_t call, std::string_view payload) {
    pb::Request request;
    ASSERT_TRUE(request.ParseFromArray(payload.data(), static_cast<int>(payload.size())));
    if (!request.has_time()) {  // heartbeats come at any time
      ++calls;
      last = request;
    }
    if (request.has_send()) conversations.insert(*protocol::id_of(request.send().conversation_id()));
    if (frozen || (slow && !request.has_time())) return held_.emplace_back(peer, call, request), void();
    peer.answer(call, reply_to(request).SerializeAsString());
  }
  pb::Reply reply_to(const pb::Request& request) {
    pb::Reply reply;
    if (!request.has_time() && (busy > 0 || refuse)) {
      base::Error error{make_error_code(domain::Errc::unavailable), "busy", 5ms};
      if (busy > 0) --busy;
      protocol::to_pb(refuse.value_or(error), *reply.mutable_error());
    } else if (request.has_send()) {
      reply.mutable_send()->set_message_id(protocol::id_bytes(id(9)));
      reply.mutable_send()->set_seq(7);
      reply.mutable_send()->set_rev(8);
      reply.mutable_send()->set_server_timestamp(1000);
      reply.mutable_send()->set_duplicate(true);
    } else if (request.has_heads() || request.has_sign_on()) {
      protocol::to_pb(domain::Head{id(1), 2, 3, 4, 5}, *reply.mutable_heads()->add_heads());
    } else if (request.has_changes()) {
      protocol::to_pb(domain::Head{id(1), 2, 3, 4, 5}, *reply.mutable_changes()->mutable_head());
      protocol::to_pb(domain::Message{}, *reply.mutable_changes()->add_items());
    } else if (request.has_membership()) {
      protocol::to_pb(domain::Head{id(1), 2, 3, 4, 5}, *reply.mutable_membership()->mutable_head());
      *reply.mutable_membership()->add_members() = request.membership().users(0);
    } else if (request.has_sync_points()) {
      auto* point = reply.mutable_sync_points()->add_points();
      *point = request.sync_points().named(0);
      protocol::to_pb(domain::Head{id(1), 2, 3, 4, 5}, *point->mutable_head());
    } else if (request.has_time()) {
      reply.set_time_ms(12345);
    } else {
      reply.mutable_done();
    }
    return reply;
  }

  io::rpc::Server server_;
  std::uint16_t port_ = 0;
  std::vector<std::tuple<io::rpc::Peer, std::uint64_t, pb::Request>> held_;
};

class RpcMessagePathTest : public ::testing::Test {
 protected:
  RpcMessagePathTest() {
    instances_.push_back(std::make_unique<Instance>(io_, log_));
    instances_.push_back(std::make_unique<Instance>(io_, log_));
    path_.emplace(io_.get_executor(), log_, [this](const std::vector<std::string>& channels, std::string_view event) {
      pushes_.emplace_back(channels, std::string(event));
    });
  }
  void connect() {
    path_->update(map());
    ASSERT_TRUE(eventually(io_, [this] { return path_->reachable(); }));
    // Both, so that rendezvous has a choice.
    ASSERT_TRUE(eventually(io_, [this] { return both_connected(); }));
  }
  domain::ClusterMap map() {
    domain::ClusterMap map;
    for (std::size_t i = 0; i < instances_.size(); ++i) {
      map.messages.push_back({"messages-" + std::to_string(i), {"127.0.0.1", ports_[i] = port_of(i)}});
    }
    return map;
  }
  std::uint16_t port_of(std::size_t i) { return instances_[i] ? instances_[i]->port() : ports_[i]; }
  bool both_connected() { return instances_[0]->callers() == 1 && instances_[1]->callers() == 1; }
  static std::string hello() {
    pb::Push push;
    push.add_channels("user:x");
    push.set_event("e");
    return push.SerializeAsString();
  }
  base::Result<domain::Ack> send(std::uint8_t conversation, std::chrono::milliseconds timeout = 5s) {
    return run_task(io_, path_->send(draft(conversation), {"trace", true}, timeout));
  }

  boost::asio::io_context io_;
  base::Log log_{"test", base::Level::error};
  std::vector<std::unique_ptr<Instance>> instances_;
  std::map<std::size_t, std::uint16_t> ports_;
  std::vector<std::pair<std::vector<std::string>, std::string>> pushes_;
  std::optional<RpcMessagePath> path_;
};

TEST_F(RpcMessagePathTest, ASendComesBackWithItsAck) {
  connect();
  auto ack = send(1);
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->client_msg_id, "key");
  EXPECT_EQ(ack->conversation_id, id(1));
  EXPECT_EQ(ack->message_id, id(9));
  EXPECT_EQ(ack->seq, 7);
  EXPECT_EQ(ack->rev, 8);
  EXPECT_EQ(ack->server_timestamp, 1000);
  EXPECT_TRUE(ack->duplicate);
  const auto& asked = instances_[0]->calls > 0 ? instances_[0]->last : instances_[1]->last;
  EXPECT_EQ(asked.trace_id(), "trace");
  EXPECT_TRUE(asked.send().vip());
}

TEST_F(RpcMessagePathTest, AConversationsSendsGoToOneInstanceAndConversationsToBoth) {
  connect();
  for (int round = 0; round < 2; ++round) {
    for (int conversation = 0; conversation < 40; ++conversation) {
      ASSERT_TRUE(send(static_cast<std::uint8_t>(conversation)));
    }
  }
  std::vector<Ulid> shared;
  std::set_intersection(instances_[0]->conversations.begin(), instances_[0]->conversations.end(),
                        instances_[1]->conversations.begin(), instances_[1]->conversations.end(),
                        std::back_inserter(shared));
  EXPECT_TRUE(shared.empty());
  EXPECT_GT(instances_[0]->conversations.size(), 5u);
  EXPECT_GT(instances_[1]->conversations.size(), 5u);
}

TEST_F(RpcMessagePathTest, WhenAnInstanceDiesItsCallsUnderWayEndAtTheOther) {
  connect();
  for (auto& instance : instances_) instance->frozen = true;
  std::size_t answered = 0;
  for (int conversation = 0; conversation < 40; ++conversation) {
    path_->send(draft(static_cast<std::uint8_t>(conversation)), {}, 5s, [&](base::Result<domain::Ack> ack) {
      EXPECT_TRUE(ack);
      ++answered;
    });
  }
  ASSERT_TRUE(eventually(io_, [this] { return instances_[0]->calls + instances_[1]->calls == 40; }));
  ASSERT_GT(instances_[0]->calls, 0u);
  instances_[0].reset();
  instances_[1]->frozen = false;
  instances_[1]->answer_later();
  EXPECT_TRUE(eventually(io_, [&] { return answered == 40; }));
}

TEST_F(RpcMessagePathTest, WhenAllAreAwayACallWaitsForOneThatComesBack) {
  connect();
  auto map_then = map();
  for (auto& instance : instances_) instance.reset();
  ASSERT_TRUE(eventually(io_, [this] { return !path_->reachable(); }));
  std::optional<base::Result<domain::Ack>> answer;
  path_->send(draft(1), {}, 10s, [&](base::Result<domain::Ack> ack) { answer = std::move(ack); });
  io_.run_for(50ms);
  EXPECT_FALSE(answer);
  instances_[1] = std::make_unique<Instance>(io_, log_, ports_[1]);
  ASSERT_TRUE(eventually(
      io_, [&] { return answer.has_value(); }, 8s));
  EXPECT_TRUE(*answer);
}

TEST_F(RpcMessagePathTest, ACallThatNobodyAnswersEndsInItsTimeAsUnavailable) {
  path_->update({});
  const auto begun = std::chrono::steady_clock::now();
  auto ack = send(1, 200ms);
  ASSERT_FALSE(ack);
  EXPECT_EQ(ack.error().code, domain::Errc::unavailable);
  EXPECT_GT(ack.error().retry_after.count(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);
}

TEST_F(RpcMessagePathTest, CallsAtAFrozenInstanceGoElsewhereAndItIsAvoidedUntilItAnswersAgain) {
  connect();
  instances_[0]->frozen = true;
  std::size_t answered = 0;
  for (int conversation = 0; conversation < 40; ++conversation) {
    path_->send(draft(static_cast<std::uint8_t>(conversation)), {}, 20s, [&](base::Result<domain::Ack> ack) {
      EXPECT_TRUE(ack);
      ++answered;
    });
  }
  ASSERT_TRUE(eventually(
      io_, [&] { return answered == 40; }, 10s));
  const auto calls = instances_[0]->calls;
  EXPECT_GT(calls, 0u);
  for (int conversation = 0; conversation < 40; ++conversation)
    ASSERT_TRUE(send(static_cast<std::uint8_t>(conversation)));
  EXPECT_EQ(instances_[0]->calls, calls);
  instances_[0]->frozen = false;
  EXPECT_TRUE(eventually(
      io_,
      [&] {
        for (int conversation = 0; conversation < 40; ++conversation)
          EXPECT_TRUE(send(static_cast<std::uint8_t>(conversation)));
        return instances_[0]->calls > calls;
      },
      10s));
}

TEST_F(RpcMessagePathTest, ACallThatWaitsAtALivingInstanceIsNotSentTwice) {
  connect();
  for (auto& instance : instances_) instance->slow = true;
  std::optional<base::Result<domain::Ack>> answer;
  path_->send(draft(1), {}, 20s, [&](base::Result<domain::Ack> ack) { answer = std::move(ack); });
  io_.run_for(4500ms);  // longer than a frozen instance is waited for
  EXPECT_FALSE(answer);
  EXPECT_EQ(instances_[0]->calls + instances_[1]->calls, 1u);
  for (auto& instance : instances_) instance->answer_later();
  ASSERT_TRUE(eventually(io_, [&] { return answer.has_value(); }));
  EXPECT_TRUE(*answer);
}

TEST_F(RpcMessagePathTest, ABusyInstanceIsAskedAgainAndARefusalIsNot) {
  connect();
  for (auto& instance : instances_) instance->busy = 1;
  EXPECT_TRUE(send(1));
  for (auto& instance : instances_) {
    instance->busy = 0;
    instance->calls = 0;
    instance->refuse = base::Error{make_error_code(domain::Errc::rate_limited), "slower", 700ms};
  }
  auto refused = send(1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, domain::Errc::rate_limited);
  EXPECT_EQ(refused.error().retry_after, 700ms);
  EXPECT_EQ(instances_[0]->calls + instances_[1]->calls, 1u);
}

TEST_F(RpcMessagePathTest, AnInstanceThatLeavesTheMapIsLeftAndItsCallsGoOn) {
  connect();
  instances_[0]->frozen = true;
  std::size_t answered = 0;
  for (int conversation = 0; conversation < 40; ++conversation) {
    path_->send(draft(static_cast<std::uint8_t>(conversation)), {}, 5s, [&](base::Result<domain::Ack> ack) {
      EXPECT_TRUE(ack);
      ++answered;
    });
  }
  ASSERT_TRUE(eventually(io_, [this] { return instances_[0]->calls > 0; }));
  auto smaller = map();
  smaller.messages.erase(smaller.messages.begin());
  path_->update(smaller);
  EXPECT_TRUE(eventually(io_, [&] { return answered == 40; }));
}

TEST_F(RpcMessagePathTest, EveryOtherCallComesBackToo) {
  connect();
  auto heads = run_task(io_, path_->heads({id(1)}));
  ASSERT_TRUE(heads);
  EXPECT_EQ(heads->front().rev, 3);
  EXPECT_TRUE(run_task(io_, path_->heads({}))->empty());
  EXPECT_EQ(run_task(io_, path_->sign_on(id(1)))->size(), 1u);
  auto changes = run_task(io_, path_->changes(id(1), id(2), 0, 10));
  ASSERT_TRUE(changes);
  EXPECT_EQ(changes->items.size(), 1u);
  EXPECT_EQ(changes->head.member_count, 5);
  auto membership = run_task(io_, path_->membership(id(1), {id(2)}));
  ASSERT_TRUE(membership);
  EXPECT_EQ(membership->members, std::vector<Ulid>{id(2)});
  auto points = run_task(io_, path_->sync_points(id(2), "phone", {{id(1), 4}}, false));
  ASSERT_TRUE(points);
  EXPECT_EQ(points->front().after_rev, 4);
  EXPECT_TRUE(run_task(io_, path_->receipt({id(1), id(2), "phone", 1, 2, domain::ReceiptKind::delivered, 0})));
  EXPECT_TRUE(run_task(io_, path_->announce({id(1), {}, "renamed", {id(2)}, {}, "{}"})));
  EXPECT_EQ(*run_task(io_, path_->time()), 12345);
}

TEST_F(RpcMessagePathTest, WhatIsPushedReachesTheHook) {
  connect();
  pushes_.clear();
  instances_[1]->push_to_all(hello());
  instances_[1]->push_to_all("not a push \xff");
  ASSERT_TRUE(eventually(io_, [this] { return !pushes_.empty(); }));
  EXPECT_EQ(pushes_[0].first, std::vector<std::string>{"user:x"});
  EXPECT_EQ(pushes_[0].second, "e");
}

TEST_F(RpcMessagePathTest, StoppingEndsCallsUnderWay) {
  connect();
  for (auto& instance : instances_) instance->frozen = true;
  std::optional<base::Result<domain::Ack>> answer;
  path_->send(draft(1), {}, 10s, [&](base::Result<domain::Ack> ack) { answer = std::move(ack); });
  ASSERT_TRUE(eventually(io_, [this] { return instances_[0]->calls + instances_[1]->calls == 1; }));
  path_->stop();
  ASSERT_TRUE(eventually(
      io_, [&] { return answer.has_value(); }, 2s));
  EXPECT_EQ(answer->error().code, domain::Errc::unavailable);
}

}  // namespace
}  // namespace chat::adapters
