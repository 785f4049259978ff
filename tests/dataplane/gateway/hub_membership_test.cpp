// Who is a member meanwhile: conversations and people that come and go.
#include "tests/dataplane/gateway/hub_fixture.hpp"

namespace chat::gateway {
namespace {

using testing::id_of;

TEST_F(HubTest, ANewConversationReachesThoseWhoAreConnected) {
  Recorder alice, bob;
  sign_on(kAlice, alice);
  sign_on(kBob, bob);
  messages.create(kConversation, {kAlice, kBob});
  messages.say(kConversation, kAlice, "hello");
  EXPECT_TRUE(soon([&] { return bob.of(kConversation) == Revs{1} && alice.of(kConversation) == Revs{1}; }));
  EXPECT_TRUE(bob.heard("created"));
  EXPECT_EQ(bob.others.size(), 1U);
}

TEST_F(HubTest, AConversationWhoseAnnouncementWasLostIsTakenUpWithItsFirstMessage) {
  Recorder bob;
  sign_on(kBob, bob);
  messages.create(kConversation, {kAlice, kBob}, false);
  bus.lose = 1;
  messages.say(kConversation, kAlice, "lost too");
  messages.say(kConversation, kAlice, "arrives");
  EXPECT_TRUE(soon([&] { return bob.of(kConversation) == (Revs{1, 2}); }));
}

TEST_F(HubTest, AConversationThatWasNeverHeardOfIsFoundByCheckingUsers) {
  Recorder bob;
  sign_on(kBob, bob);
  messages.create(kConversation, {kAlice, kBob}, false);
  bus.lose = 1;
  messages.say(kConversation, kAlice, "lost, like the announcement");
  hub.bus_ready();
  EXPECT_TRUE(soon([&] { return bob.of(kConversation) == Revs{1}; }));
}

TEST_F(HubTest, WhoIsAddedGetsWhatComesAfterAndNothingBefore) {
  messages.create(kConversation, {kAlice, kBob});
  Recorder alice, carol;
  sign_on(kAlice, alice);
  sign_on(kCarol, carol);
  messages.say(kConversation, kAlice, "before carol");
  EXPECT_TRUE(soon([&] { return alice.of(kConversation) == Revs{1}; }));
  messages.add(kConversation, kCarol);
  messages.say(kConversation, kAlice, "after carol");
  EXPECT_TRUE(soon([&] { return carol.of(kConversation) == Revs{2}; }));
  EXPECT_TRUE(carol.heard("member_added"));
  EXPECT_EQ(alice.of(kConversation), (Revs{1, 2}));
}

TEST_F(HubTest, WhoIsAddedIsToldWhereToCatchUpWhenOthersWereFaster) {
  messages.create(kConversation, {kAlice, kBob});
  Recorder alice, carol;
  sign_on(kAlice, alice);
  sign_on(kCarol, carol);
  bus.hold = true;
  messages.add(kConversation, kCarol);
  messages.say(kConversation, kAlice, "carol's first");
  auto held = bus.held;
  bus.release({});
  // Alice's copy of the message comes long before anything of Carol's.
  bus.hear(ports::user_channel(kAlice.text()), held[1].second);
  EXPECT_TRUE(soon([&] { return alice.of(kConversation) == Revs{1}; }));
  bus.hear(ports::user_channel(kCarol.text()), held[0].second);
  EXPECT_TRUE(soon([&] { return carol.catch_ups.contains(kConversation); }));
  EXPECT_EQ(carol.catch_ups[kConversation], 0);
}

TEST_F(HubTest, WhoIsAddedBeforeOthersHeardWhatWasSaidIsNotGivenThat) {
  messages.create(kConversation, {kAlice, kBob});
  Recorder alice, carol;
  sign_on(kAlice, alice);
  sign_on(kCarol, carol);
  bus.hold = true;
  messages.say(kConversation, kBob, "before carol");
  messages.add(kConversation, kCarol);
  bus.hear(ports::user_channel(kCarol.text()), bus.held[1].second);
  EXPECT_TRUE(soon([&] { return carol.catch_ups.contains(kConversation); }));
  EXPECT_EQ(carol.catch_ups[kConversation], 1);
}

TEST_F(HubTest, WhoWasRemovedHearsOfItAndGetsNothingMore) {
  messages.create(kConversation, {kAlice, kBob, kCarol});
  Recorder alice, carol;
  sign_on(kAlice, alice);
  sign_on(kCarol, carol);
  messages.remove(kConversation, kCarol);
  messages.say(kConversation, kAlice, "among ourselves");
  EXPECT_TRUE(soon([&] { return alice.of(kConversation) == Revs{1}; }));
  settle();
  EXPECT_EQ(carol.of(kConversation), Revs{});
  EXPECT_TRUE(carol.heard("member_removed"));
  EXPECT_EQ(carol.others.size(), 1U);
  EXPECT_EQ(carol.left, std::vector<Ulid>{kConversation});
  EXPECT_TRUE(alice.heard("member_removed"));
  EXPECT_TRUE(alice.left.empty());
}

TEST_F(HubTest, ALostRemovalIsNoticedByTheNextMessageBeforeItIsDelivered) {
  messages.create(kConversation, {kAlice, kBob, kCarol});
  Recorder alice, carol;
  sign_on(kAlice, alice);
  sign_on(kCarol, carol);
  messages.remove(kConversation, kCarol, false);
  messages.say(kConversation, kAlice, "among ourselves");
  EXPECT_TRUE(soon([&] { return alice.of(kConversation) == Revs{1}; }));
  settle();
  EXPECT_EQ(carol.of(kConversation), Revs{});
}

TEST_F(HubTest, WhileTheMembershipCanNotBeReadNobodyGetsAnythingAndAfterwardsEverything) {
  messages.create(kConversation, {kAlice, kBob, kCarol});
  Recorder alice, carol;
  sign_on(kAlice, alice);
  sign_on(kCarol, carol);
  messages.remove(kConversation, kCarol, false);
  messages.say(kConversation, kAlice, "one");
  messages.away = true;
  settle();
  EXPECT_EQ(alice.of(kConversation), Revs{});
  messages.away = false;
  EXPECT_TRUE(soon([&] { return alice.of(kConversation) == Revs{1}; }));
  EXPECT_EQ(carol.of(kConversation), Revs{});
}

TEST_F(HubTest, LargeGroupsComeOverTheirOwnChannelAndSubjectsHearOnce) {
  std::set<Ulid> members;
  for (std::uint8_t n = 1; n <= 40; ++n) members.insert(id_of(n));
  messages.create(kConversation, members);
  Recorder alice, bob, newcomer;
  sign_on(kAlice, alice);
  sign_on(kBob, bob);
  sign_on(id_of(50), newcomer);
  EXPECT_EQ(bus.channels.count(ports::conversation_channel(kConversation.text())), 1U);
  messages.say(kConversation, kAlice, "to all");
  messages.add(kConversation, id_of(50));
  messages.say(kConversation, kAlice, "to the newcomer too");
  EXPECT_TRUE(soon([&] { return bob.of(kConversation) == (Revs{1, 2}); }));
  EXPECT_TRUE(soon([&] { return newcomer.of(kConversation) == Revs{2}; }));
  settle();
  EXPECT_EQ(newcomer.others.size(), 1U);
  EXPECT_EQ(bob.others.size(), 1U);
}

// What the store was asked says nothing about somebody who came while the answer was on its way.
TEST_F(HubTest, WhoComesWhileTheMembershipIsReadStaysAMember) {
  messages.create(kConversation, {kAlice, kBob});
  Recorder alice, bob;
  sign_on(kAlice, alice);
  messages.hold_memberships = true;
  have_membership_read();
  sign_on(kBob, bob);
  messages.say(kConversation, kAlice, "while it is read");
  EXPECT_TRUE(soon([&] { return bob.of(kConversation) == Revs{1}; }));
  release_memberships();
  settle();
  EXPECT_EQ(hub.delivered(kBob, kConversation), 1);
  messages.say(kConversation, kAlice, "afterwards");
  EXPECT_TRUE(soon([&] { return bob.of(kConversation) == (Revs{1, 2}); }));
  EXPECT_TRUE(bob.catch_ups.empty());
}

// Their copies of the news of it are lost: the next message brings them back, and not what they saw before.
TEST_F(HubTest, WhoComesBackUnheardOfCatchesUpFromWhereTheyLeft) {
  messages.create(kConversation, {kAlice, kBob, kCarol});
  Recorder alice, carol;
  sign_on(kAlice, alice);
  sign_on(kCarol, carol);
  for (int i = 0; i < 3; ++i) messages.say(kConversation, kAlice, "seen");
  EXPECT_TRUE(soon([&] { return carol.of(kConversation) == (Revs{1, 2, 3}); }));
  messages.remove(kConversation, kCarol);
  EXPECT_TRUE(soon([&] { return !hub.delivered(kCarol, kConversation); }));
  messages.say(kConversation, kAlice, "among ourselves");
  EXPECT_TRUE(soon([&] { return alice.of(kConversation) == (Revs{1, 2, 3, 4}); }));
  bus.lose = 1;
  messages.add(kConversation, kCarol);
  messages.say(kConversation, kAlice, "carol is back");
  EXPECT_TRUE(soon([&] { return alice.of(kConversation).size() == 5; }));
  EXPECT_TRUE(soon([&] { return hub.delivered(kCarol, kConversation) == 5; }));
  settle();
  const auto shown = carol.catch_ups.contains(kConversation) ? carol.catch_ups[kConversation] : 3;
  EXPECT_GE(shown, 3) << "what carol saw already is sent again";
}

TEST_F(HubTest, NewsOfARemovalThatComesAfterTheyAreBackIsOld) {
  auto& conversation = messages.create(kConversation, {kAlice, kCarol});
  Recorder carol;
  sign_on(kCarol, carol);
  bus.hold = true;
  messages.remove(kConversation, kCarol);
  const auto removal = bus.held.front().second;
  bus.release({0});
  messages.add(kConversation, kCarol);
  messages.say(kConversation, kAlice, "carol is back");
  EXPECT_TRUE(soon([&] { return carol.of(kConversation) == Revs{1}; }));
  EXPECT_EQ(carol.left.size(), 1U);
  hub.on_push({ports::user_channel(kCarol.text())}, removal);
  settle();
  EXPECT_EQ(carol.left.size(), 1U);
  EXPECT_EQ(hub.delivered(kCarol, conversation.id), 1);
}

TEST_F(HubTest, ADeletedLargeGroupSaysSoOnceToEveryMember) {
  std::set<Ulid> members;
  for (std::uint8_t n = 1; n <= 40; ++n) members.insert(id_of(n));
  auto& conversation = messages.create(kConversation, members);
  Recorder alice, bob;
  sign_on(kAlice, alice);
  sign_on(kBob, bob);
  std::vector<std::string> channels{ports::conversation_channel(kConversation.text())};
  for (const auto& member : members) channels.push_back(ports::user_channel(member.text()));
  ++conversation.members_rev;
  const auto frame = protocol::conversation_frame(kConversation, "deleted", {});
  const auto event =
      messages.event(conversation, pb::BusEvent::CONVERSATION, frame, {members.begin(), members.end()}, "deleted");
  messages.conversations.erase(kConversation);
  bus.publish(channels, event);
  EXPECT_TRUE(soon([&] { return hub.conversations() == 0; }));
  settle();
  EXPECT_EQ(alice.others.size(), 1U);
  EXPECT_EQ(bob.others.size(), 1U);
}

TEST_F(HubTest, ADeletedConversationSaysSoAndIsForgotten) {
  auto& conversation = messages.create(kConversation, {kAlice, kBob});
  Recorder alice, bob;
  sign_on(kAlice, alice);
  sign_on(kBob, bob);
  const auto channels = messages.channels(conversation, {});
  ++conversation.members_rev;
  const auto frame = protocol::conversation_frame(kConversation, "deleted", {});
  const auto event = messages.event(conversation, pb::BusEvent::CONVERSATION, frame, {}, "deleted");
  messages.conversations.erase(kConversation);
  bus.publish(channels, event);
  EXPECT_TRUE(soon([&] { return hub.conversations() == 0; }));
  EXPECT_EQ(alice.others.size(), 1U);
  EXPECT_EQ(bob.others.size(), 1U);
}

}  // namespace
}  // namespace chat::gateway
