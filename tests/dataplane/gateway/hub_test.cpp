// Who gets what: order, gaps, what is lost without a trace.
#include "tests/dataplane/gateway/hub_fixture.hpp"

namespace chat::gateway {
namespace {

using testing::id_of;
using testing::run_task;

TEST_F(HubTest, GivesAMessageToEveryConnectionOfEveryMemberOnceAndSharesTheFrame) {
  messages.create(kConversation, {kAlice, kBob});
  Recorder phone, laptop, bob, carol;
  sign_on(kAlice, phone);
  sign_on(kAlice, laptop);
  sign_on(kBob, bob);
  sign_on(kCarol, carol);
  messages.say(kConversation, kAlice, "hello");  // published on both users' channels
  messages.say(kConversation, kBob, "hi");
  EXPECT_TRUE(soon([&] { return bob.of(kConversation).size() == 2; }));
  settle();
  EXPECT_EQ(phone.of(kConversation), (Revs{1, 2}));
  EXPECT_EQ(laptop.of(kConversation), (Revs{1, 2}));
  EXPECT_EQ(bob.of(kConversation), (Revs{1, 2}));
  EXPECT_EQ(carol.of(kConversation), Revs{});
  EXPECT_EQ(phone.last.get(), bob.last.get());
  EXPECT_EQ(messages.membership_calls, 0);
  EXPECT_EQ(messages.changes_calls, 0);
}

TEST_F(HubTest, StartsAtTheHeadThatSignOnSaw) {
  messages.create(kConversation, {kAlice, kBob});
  for (int i = 0; i < 5; ++i) messages.say(kConversation, kBob, "before");
  Recorder alice;
  sign_on(kAlice, alice);
  messages.say(kConversation, kBob, "after");
  EXPECT_TRUE(soon([&] { return !alice.of(kConversation).empty(); }));
  EXPECT_EQ(alice.of(kConversation), Revs{6});
}

TEST_F(HubTest, PutsWhatArrivesOutOfOrderInOrderWithoutAskingTheStore) {
  messages.create(kConversation, {kAlice, kBob});
  Recorder alice;
  sign_on(kAlice, alice);
  bus.hold = true;
  for (int i = 0; i < 4; ++i) messages.say(kConversation, kBob, "x");
  bus.release({2, 0, 3, 1});
  EXPECT_TRUE(soon([&] { return alice.of(kConversation).size() == 4; }));
  EXPECT_EQ(alice.of(kConversation), (Revs{1, 2, 3, 4}));
  EXPECT_EQ(messages.changes_calls, 0);
}

TEST_F(HubTest, FillsAGapFromTheStore) {
  messages.create(kConversation, {kAlice, kBob});
  Recorder alice, bob;
  sign_on(kAlice, alice);
  sign_on(kBob, bob);
  messages.say(kConversation, kBob, "one");
  bus.lose = 2;
  messages.say(kConversation, kBob, "two, lost");
  messages.say(kConversation, kBob, "three, lost");
  messages.say(kConversation, kBob, "four");
  EXPECT_TRUE(soon([&] { return alice.of(kConversation).size() == 4; }));
  EXPECT_EQ(alice.of(kConversation), (Revs{1, 2, 3, 4}));
  EXPECT_EQ(bob.of(kConversation), (Revs{1, 2, 3, 4}));
  EXPECT_NE(alice.frames[1].find("two, lost"), std::string::npos);
  EXPECT_EQ(messages.changes_calls, 1);
}

TEST_F(HubTest, FindsTheLostLastMessageByComparingHeads) {
  messages.create(kConversation, {kAlice, kBob});
  Recorder alice;
  sign_on(kAlice, alice);
  bus.lose = 1;
  messages.say(kConversation, kBob, "lost, and nothing comes after it");
  settle();
  EXPECT_EQ(alice.of(kConversation), Revs{});
  hub.bus_lost();  // compares often while the bus is away
  EXPECT_TRUE(soon([&] { return alice.of(kConversation) == Revs{1}; }));
  EXPECT_GE(metrics.heads_behind.Value(), 1);
}

TEST_F(HubTest, ComparesHeadsAsSoonAsTheBusIsBack) {
  messages.create(kConversation, {kAlice, kBob});
  Recorder alice;
  sign_on(kAlice, alice);
  bus.lose = 1;
  messages.say(kConversation, kBob, "lost");
  settle();
  hub.bus_ready();
  EXPECT_TRUE(soon([&] { return alice.of(kConversation) == Revs{1}; }));
}

TEST_F(HubTest, AFilledEditIsAnUpdateAndAFilledMessageIsAMessage) {
  messages.create(kConversation, {kAlice, kBob});
  Recorder alice;
  sign_on(kAlice, alice);
  messages.say(kConversation, kBob, "first");
  bus.lose = 2;
  messages.edit(kConversation, 1, "first, better");
  messages.say(kConversation, kBob, "second");
  messages.say(kConversation, kBob, "third");
  EXPECT_TRUE(soon([&] { return alice.of(kConversation).size() == 4; }));
  EXPECT_NE(alice.frames[1].find("\"message.updated\""), std::string::npos);
  EXPECT_NE(alice.frames[2].find("\"message\""), std::string::npos);
}

TEST_F(HubTest, ReceiptsComeOnceToEveryMember) {
  messages.create(kConversation, {kAlice, kBob});
  Recorder alice, bob;
  sign_on(kAlice, alice);
  sign_on(kBob, bob);
  domain::Receipt receipt{kConversation, kBob, "d", 1, std::nullopt, domain::ReceiptKind::read, 1};
  ASSERT_TRUE(run_task(io, messages.receipt(receipt)));
  EXPECT_TRUE(soon([&] { return alice.others.size() == 1 && bob.others.size() == 1; }));
  settle();
  EXPECT_EQ(alice.others.size(), 1U);
  EXPECT_EQ(bob.others.size(), 1U);
}

TEST_F(HubTest, DirectStreamsDeliverWhileTheBusIsAway) {
  auto& conversation = messages.create(kConversation, {kAlice, kBob});
  Recorder alice;
  sign_on(kAlice, alice);
  bus.up = false;
  hub.bus_lost();
  messages.away = true;  // so that comparing heads can not be what delivers
  messages.say(kConversation, kBob, "directly");
  const auto event =
      messages.event(conversation, pb::BusEvent::MESSAGE, protocol::message_frame(conversation.changes.back()), {}, "");
  hub.on_push(messages.channels(conversation, {}), event);
  EXPECT_EQ(alice.of(kConversation), Revs{1});
}

TEST_F(HubTest, SigningOutClosesThatSessionOnly) {
  Recorder phone, laptop;
  laptop.session = id_of(201);
  sign_on(kAlice, phone);
  sign_on(kAlice, laptop);
  messages.sign_out(kAlice, laptop.session);
  EXPECT_TRUE(soon([&] { return laptop.closed.has_value(); }));
  EXPECT_EQ(laptop.closed, CloseCode::unauthorized);
  EXPECT_FALSE(phone.closed.has_value());
}

TEST_F(HubTest, SignsOnWithoutChatMessagesAndMakesUpForItLater) {
  messages.create(kConversation, {kAlice, kBob});
  messages.say(kConversation, kBob, "old");
  messages.conversations.at(kConversation).changes.back().created_at -= 60'000;
  messages.away = true;
  Recorder alice;
  sign_on(kAlice, alice);
  EXPECT_TRUE(alice.ready);
  messages.away = false;
  bus.lose = 1;
  messages.say(kConversation, kBob, "since alice is there");
  EXPECT_TRUE(soon([&] { return alice.of(kConversation) == Revs{2} || alice.catch_ups.contains(kConversation); }));
}

TEST_F(HubTest, WhoeverLeavesLeavesNothingBehind) {
  std::set<Ulid> members;
  for (std::uint8_t n = 1; n <= 40; ++n) members.insert(id_of(n));
  messages.create(kConversation, members);
  messages.create(id_of(101), {kAlice, kBob});
  Recorder alice, bob;
  sign_on(kAlice, alice);
  sign_on(kBob, bob);
  EXPECT_EQ(hub.conversations(), 2U);
  hub.detach(kAlice, alice);
  EXPECT_EQ(hub.users(), 1U);
  EXPECT_EQ(hub.conversations(), 2U);
  messages.say(kConversation, kBob, "alice is away");
  EXPECT_TRUE(soon([&] { return bob.of(kConversation) == Revs{1}; }));
  EXPECT_EQ(alice.of(kConversation), Revs{});
  hub.detach(kBob, bob);
  EXPECT_EQ(hub.users(), 0U);
  EXPECT_EQ(hub.conversations(), 0U);
  EXPECT_TRUE(bus.channels.empty());
}

TEST_F(HubTest, HoldsNoMoreThanItsBoundAndReadsTheRestFromTheStore) {
  messages.create(kConversation, {kAlice, kBob});
  Recorder alice;
  sign_on(kAlice, alice);
  bus.lose = 1;
  constexpr std::int64_t kMany = 600;  // more than a stream holds
  for (std::int64_t i = 0; i < kMany; ++i) messages.say(kConversation, kBob, "x");
  EXPECT_TRUE(soon([&] { return alice.of(kConversation).size() == kMany; }));
  const auto revs = alice.of(kConversation);
  for (std::int64_t i = 0; i < kMany; ++i) ASSERT_EQ(revs[static_cast<std::size_t>(i)], i + 1);
}

TEST_F(HubTest, EventsThatAreNoneChangeNothing) {
  Recorder alice;
  sign_on(kAlice, alice);
  hub.on_bus(ports::user_channel(kAlice.text()), "\xff\xff not protobuf");
  hub.on_bus("nonsense", "");
  hub.on_bus("user:short", "");
  hub.on_bus(ports::user_channel(kAlice.text()), "");
  settle();
  EXPECT_TRUE(alice.others.empty());
}

}  // namespace
}  // namespace chat::gateway
