#include "tests/dataplane/gateway/gateway_fixture.hpp"
#include "tests/support/eventually.hpp"

namespace chat::gateway {
namespace {

using base::Json;
using testing::eventually;
using testing::id_of;
using testing::SocketClient;

class GatewayTest : public GatewayFixture {};
TEST_OVER_TCP_AND_TLS(GatewayTest);

TEST_P(GatewayTest, AMessageIsAcknowledgedAndReachesEveryDevice) {
  start();
  auto phone = client(kAliceToken);
  auto laptop = client(kAliceToken);
  auto bob = client(kBobToken);
  phone->send(send_frame("hello", "m1"));
  std::optional<Json> ack, own;
  for (int i = 0; i < 2; ++i) {
    auto next = phone->read();
    ASSERT_TRUE(next);
    (next->at("type") == "ack" ? ack : own) = next;
  }
  ASSERT_TRUE(ack && own);
  EXPECT_EQ(ack->at("id"), "m1");
  EXPECT_EQ(ack->at("client_msg_id"), "m1");
  EXPECT_EQ(ack->at("seq"), 1);
  EXPECT_EQ(ack->at("rev"), 1);
  EXPECT_EQ(ack->at("status"), "sent");
  for (auto* other : {laptop.get(), bob.get()}) {
    auto message = other->read();
    ASSERT_TRUE(message);
    EXPECT_EQ(message->at("type"), "message");
    EXPECT_EQ(message->at("content"), "hello");
    EXPECT_EQ(message->at("sender_id"), kAlice.text());
    EXPECT_EQ(message->at("rev"), 1);
  }
}

TEST_P(GatewayTest, PingIsAnsweredWithItsId) {
  start();
  auto alice = client(kAliceToken);
  alice->send(R"({"type":"ping","id":17})");
  auto pong = alice->read();
  ASSERT_TRUE(pong);
  EXPECT_EQ(pong->at("type"), "pong");
  EXPECT_EQ(pong->at("id"), 17);
}

TEST_P(GatewayTest, WhileChatMessagesIsAwayNothingIsAcknowledgedAndSocketsStay) {
  start();
  auto alice = client(kAliceToken);
  on_loop([&] { messages.away = true; });
  alice->send(send_frame("x", "m"));
  auto error = alice->read();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->at("type"), "error");
  EXPECT_EQ(error->at("code"), "unavailable");
  EXPECT_EQ(error->at("id"), "m");
  on_loop([&] { messages.away = false; });
  alice->send(send_frame("x", "m"));
  EXPECT_TRUE(alice->read_type("ack"));
}

TEST_P(GatewayTest, ReceiptsReachTheOtherMembers) {
  start();
  auto alice = client(kAliceToken);
  auto bob = client(kBobToken);
  alice->send(
      frame({{"type", "receipt"}, {"conversation_id", kConversation.text()}, {"seq", 0}, {"status", "delivered"}}));
  alice->send(frame({{"type", "receipt"}, {"conversation_id", kConversation.text()}, {"seq", 1}, {"status", "read"}}));
  auto receipt = bob->read_type("receipt");
  ASSERT_TRUE(receipt);
  EXPECT_EQ(receipt->at("user_id"), kAlice.text());
}

TEST_P(GatewayTest, WhoIsAddedLateCatchesUpBeforeTheLiveFrames) {
  const auto group = id_of(101);
  const auto dora = id_of(4);
  tokens.identities["dora-token"] = {dora, "dora", "d", id_of(202), INT64_MAX};
  messages.create(group, {kAlice, kBob}, false);
  start();
  auto alice = client(kAliceToken);
  auto late = client("dora-token");
  on_loop([&] {  // Alice's copies overtake Dora's
    bus.hold = true;
    messages.add(group, dora);
    messages.say(group, kAlice, "one");
    messages.say(group, kAlice, "two");
    auto held = bus.held;
    bus.release({});
    const auto alices = ports::user_channel(kAlice.text());
    const auto doras = ports::user_channel(dora.text());
    bus.hear(alices, held[1].second);
    bus.hear(alices, held[2].second);
    boost::asio::post(io, [this, held, doras] { bus.hear(doras, held[0].second); });
  });
  auto added = late->read_type("conversation");
  ASSERT_TRUE(added);
  on_loop([&] { messages.say(group, kAlice, "three"); });
  for (int rev = 1; rev <= 3; ++rev) {
    auto message = late->read_type("message");
    ASSERT_TRUE(message);
    EXPECT_EQ(message->at("rev"), rev);
  }
}

TEST_P(GatewayTest, WhatASyncAnsweredDoesNotComeAgainWhenTheHubTakesTheMemberUpLater) {
  const auto group = id_of(101);
  const auto dora = id_of(4);
  tokens.identities["dora-token"] = {dora, "dora", "d", id_of(202), INT64_MAX};
  messages.create(group, {kAlice, kBob}, false);
  start();
  auto alice = client(kAliceToken);
  auto late = client("dora-token");
  on_loop([&] {  // nobody tells that Dora was added, and her copy of the first message is lost
    bus.lose = 1;
    messages.add(group, dora);
    bus.hold = true;
    messages.say(group, kAlice, "one");
    auto held = bus.held;
    bus.release({});
    bus.hear(ports::user_channel(kAlice.text()), held.at(0).second);
    messages.first_memberships_fail = messages.membership_calls + 1;  // the hub is slower than her sync
  });
  ASSERT_TRUE(alice->read_type("message"));
  late->send(frame({{"type", "sync"}, {"conversations", {{group.text(), 0}}}}));
  auto synced = late->read();
  ASSERT_TRUE(synced);
  EXPECT_EQ(synced->at("rev"), 1);
  ASSERT_TRUE(late->read_type("sync.done"));
  while (on_loop([&] { return !gateway->hub().delivered(dora, group); })) std::this_thread::yield();
  on_loop([&] { messages.say(group, kAlice, "two"); });
  auto next = late->read_type("message");
  ASSERT_TRUE(next);
  EXPECT_EQ(next->at("rev"), 2);
}

TEST_P(GatewayTest, WhatASyncHadSentBeforeItFailedDoesNotComeAgain) {
  start();
  auto alice = client(kAliceToken);
  constexpr std::int64_t kPage = 200;
  on_loop([&] {  // the hub hears of none, and chat-messages goes away between two pages
    bus.lose = kPage + 1;
    for (std::int64_t rev = 1; rev <= kPage + 1; ++rev) messages.say(kConversation, kBob, "missed");
    const auto calls = messages.changes_calls;
    messages.on_changes = [this, calls] { messages.away = messages.changes_calls == calls + 2; };
  });
  alice->send(frame({{"type", "sync"}, {"conversations", {{kConversation.text(), 0}}}}));
  for (std::int64_t rev = 1; rev <= kPage; ++rev) {
    auto message = alice->read();
    ASSERT_TRUE(message);
    ASSERT_EQ(message->at("rev"), rev);
  }
  auto failed = alice->read();
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->at("type"), "error");
  on_loop([&] {
    messages.away = false;
    messages.say(kConversation, kBob, "live again");
  });
  for (std::int64_t rev = kPage + 1; rev <= kPage + 2; ++rev) {
    auto message = alice->read();
    ASSERT_TRUE(message);
    EXPECT_EQ(message->at("rev"), rev);
  }
}

TEST_P(GatewayTest, NothingOfAConversationComesAfterTheWordThatOneWasRemoved) {
  messages.say(kConversation, kBob, "one");
  start();
  auto alice = client(kAliceToken);
  on_loop([&] {
    messages.on_changes = [this] {  // the word overtakes the answer that was read before
      messages.on_changes = nullptr;
      auto conversation = messages.conversations.at(kConversation);
      ++conversation.members_rev;
      const auto gone =
          messages.event(conversation, pb::BusEvent::CONVERSATION,
                         protocol::conversation_frame(kConversation, "member_removed", {}), {kAlice}, "member_removed");
      bus.hear(ports::user_channel(kAlice.text()), gone);
    };
  });
  alice->send(frame({{"type", "sync"}, {"conversations", {{kConversation.text(), 0}}}}));
  auto first = alice->read();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->at("type"), "conversation");
  auto second = alice->read();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->at("type"), "sync.done");
  EXPECT_EQ(second->at("conversations"), Json::object());
}

TEST_P(GatewayTest, ConnectionsGoOnWhenTheCertificateChanges) {
  if (!with_tls) GTEST_SKIP() << "there is none";
  start();
  auto alice = client(kAliceToken);
  testing::Authority next;
  files.put(next.issue(), next.certificate());
  EXPECT_TRUE(on_loop([this] { return secure->look(std::time(nullptr)); }));
  SocketClient suspicious(port, calls());
  EXPECT_EQ(suspicious.connect(), 0) << "the new certificate is of another CA";
  EXPECT_TRUE(client_side->look(std::time(nullptr)));
  auto bob = client(kBobToken);
  say(kBob, "after");
  EXPECT_TRUE(alice->read_type("message"));
  EXPECT_TRUE(bob->read_type("message"));
}

TEST_P(GatewayTest, SigningOutClosesTheSocketsOfThatSession) {
  start();
  auto alice = client(kAliceToken);
  auto bob = client(kBobToken);
  on_loop([&] { messages.sign_out(kAlice, id_of(200)); });
  EXPECT_EQ(alice->closed_with(), 4401);
  bob->send(R"({"type":"ping"})");
  EXPECT_TRUE(bob->read_type("pong"));
}

TEST_P(GatewayTest, SyncAnswersWhatChangedAndHoldsLiveFramesUntilItIsDone) {
  for (int i = 0; i < 3; ++i) messages.say(kConversation, kBob, "old " + std::to_string(i));
  messages.edit(kConversation, 1, "old 0, edited");
  start();
  auto alice = client(kAliceToken);
  bool said = false;
  on_loop([&] {
    messages.on_changes = [&] {  // while the sync reads, something new is said and comes live
      if (!std::exchange(said, true)) messages.say(kConversation, kBob, "new");
    };
  });
  alice->send(frame({{"type", "sync"}, {"id", "s"}, {"conversations", {{kConversation.text(), 1}}}}));
  std::vector<std::int64_t> revs;
  std::vector<std::string> types;
  for (;;) {
    auto next = alice->read();
    ASSERT_TRUE(next);
    if (next->at("type") == "sync.done") {
      EXPECT_EQ(next->at("id"), "s");
      EXPECT_EQ(next->at("conversations").at(kConversation.text()), revs.back());
      break;
    }
    revs.push_back(next->at("rev"));
    types.push_back(next->at("type"));
  }
  EXPECT_EQ(revs, (std::vector<std::int64_t>{2, 3, 4, 5}));
  EXPECT_EQ(types, (std::vector<std::string>{"message", "message", "message.updated", "message"}));
  on_loop([&] { messages.on_changes = nullptr; });
  say(kBob, "after");
  auto live = alice->read();
  ASSERT_TRUE(live);
  EXPECT_EQ(live->at("rev"), 6);  // and not 5 again
}

TEST_P(GatewayTest, ALiveFrameDuringASyncComesAfterSyncDone) {
  messages.say(kConversation, kBob, "old");
  start();
  auto alice = client(kAliceToken);
  // It is said after the store was read, but before the answer is sent: it is in nothing but the live stream.
  on_loop([&] {
    messages.on_changes = [this] {
      messages.on_changes = nullptr;
      auto& conversation = messages.conversations.at(kConversation);
      const auto kept = conversation.changes;
      messages.say(kConversation, kBob, "live");
      auto hidden = conversation.changes;
      conversation.changes = kept;
      --conversation.seq;
      boost::asio::post(io, [this, hidden] {
        messages.conversations.at(kConversation).changes = hidden;
        ++messages.conversations.at(kConversation).seq;
      });
    };
  });
  alice->send(frame({{"type", "sync"}, {"conversations", Json::object()}}));
  std::vector<std::string> got;
  for (int i = 0; i < 3; ++i) {
    auto next = alice->read();
    ASSERT_TRUE(next);
    got.push_back(next->at("type") == "message" ? std::to_string(next->at("rev").get<int>()) : "done");
  }
  EXPECT_EQ(got, (std::vector<std::string>{"1", "done", "2"}));
}

TEST_P(GatewayTest, ALongSyncGoesAtThePaceOfItsReader) {
  constexpr int kMany = 3000;  // more than a send queue takes
  for (int i = 0; i < kMany; ++i) messages.say(kConversation, kBob, std::string(2000, 'x'));
  start();
  auto alice = client(kAliceToken);
  alice->send(frame({{"type", "sync"}, {"conversations", Json::object()}}));
  for (int i = 0; i < kMany; ++i) {
    auto next = alice->read();
    ASSERT_TRUE(next) << i;
    ASSERT_EQ(next->at("rev"), i + 1);
  }
  auto done = alice->read();
  ASSERT_TRUE(done);
  EXPECT_EQ(done->at("conversations").at(kConversation.text()), kMany);
}

TEST_P(GatewayTest, SyncLeavesOutWhatIsNotMine) {
  start();
  auto alice = client(kAliceToken);
  alice->send(frame({{"type", "sync"}, {"conversations", {{id_of(99).text(), 3}, {kConversation.text(), 1000}}}}));
  auto done = alice->read();
  ASSERT_TRUE(done);
  EXPECT_EQ(done->at("type"), "sync.done");
  EXPECT_EQ(done->at("conversations"), Json({{kConversation.text(), 0}}));
}

TEST_P(GatewayTest, DrainTellsEveryoneThenClosesTheRest) {
  domain::ClusterMap with_others;
  with_others.version = 1;
  with_others.gateways = {{"gateway-0", "ws://self", {}, false},
                          {"gateway-1", "ws://other", {}, false},
                          {"gateway-2", "ws://draining", {}, true}};
  router = domain::Router(with_others);
  start();
  EXPECT_EQ(on_loop([&] { return gateway->not_ready(); }), "");
  auto alice = client(kAliceToken);
  auto bob = client(kBobToken);
  on_loop([&] { gateway->drain({std::chrono::milliseconds(600), 0, 500}); });
  for (auto* one : {alice.get(), bob.get()}) {
    auto notice = one->read();
    ASSERT_TRUE(notice);
    EXPECT_EQ(notice->at("type"), "server_maintenance");
    EXPECT_GT(notice->at("retry_after_ms"), 0);
    EXPECT_LE(notice->at("retry_after_ms"), 600);
    EXPECT_EQ(notice->at("reconnect_url"), "ws://other");
  }
  EXPECT_EQ(on_loop([&] { return gateway->not_ready(); }), "draining");
  SocketClient late(port, calls());
  EXPECT_EQ(late.connect({{"Authorization", "Bearer " + kAliceToken}}), 503);
  alice->send(send_frame("still answered", "m"));
  EXPECT_TRUE(alice->read_type("ack"));
  EXPECT_EQ(alice->closed_with(), 1012);
  EXPECT_EQ(bob->closed_with(), 1012);
  EXPECT_TRUE(eventually([&] {
    return on_loop([&] {
      Json status;
      gateway->add_status(status);
      return status["state"] == "Gone" && status["connections"] == 0;
    });
  }));
}

TEST_P(GatewayTest, DrainEndsEarlyWhenFewAreLeft) {
  start();
  auto alice = client(kAliceToken);
  auto bob = client(kBobToken);
  on_loop([&] { gateway->drain({std::chrono::seconds(3600), 1, 500}); });
  bob->drop();
  ASSERT_TRUE(alice->read_type("server_maintenance"));
  EXPECT_EQ(alice->closed_with(), 1012);
}

TEST_P(GatewayTest, StoppingDrainsAndRefusesNewConnections) {
  start();
  auto alice = client(kAliceToken);
  auto stopped = stop(std::chrono::milliseconds(200));
  ASSERT_TRUE(alice->read_type("server_maintenance"));
  EXPECT_EQ(alice->closed_with(), 1012);
  EXPECT_EQ(stopped.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  SocketClient late(port, calls());
  EXPECT_EQ(late.connect({{"Authorization", "Bearer " + kAliceToken}}), 0);
}

TEST(DrainPlan, IsReadFromJsonAndChecked) {
  auto plan = parse_drain_plan(Json{{"graceSeconds", 7}, {"closeBelow", 3}, {"evictionsPerSecond", 9}});
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->grace, std::chrono::seconds(7));
  EXPECT_EQ(plan->close_below, 3U);
  EXPECT_EQ(plan->evictions_per_second, 9U);
  EXPECT_TRUE(parse_drain_plan(Json::object()));
  for (const auto& bad :
       {Json{{"graceSeconds", -1}}, Json{{"evictionsPerSecond", 0}}, Json{{"closeBelow", "x"}}, Json(5)}) {
    EXPECT_FALSE(parse_drain_plan(bad)) << bad;
  }
}

}  // namespace
}  // namespace chat::gateway
