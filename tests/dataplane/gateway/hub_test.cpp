#include "dataplane/gateway/hub.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/dataplane/gateway/fakes.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/run_task.hpp"

namespace chat::gateway {
namespace {

using testing::eventually;
using testing::id_of;
using testing::run_task;

const Ulid kConversation = id_of(100);
const Ulid kAlice = id_of(1);
const Ulid kBob = id_of(2);
const Ulid kCarol = id_of(3);

// A connection that writes down what it gets.
class Recorder final : public Client {
 public:
  const Ulid& session_id() const override { return session; }
  void attached() override { ready = true; }
  void change(const Ulid& conversation, std::int64_t rev, const Frame& frame) override {
    EXPECT_TRUE(ready);
    revs[conversation].push_back(rev);
    frames.push_back(std::string(text_of(frame)));
    last = frame;
  }
  void send(const Frame& frame) override {
    EXPECT_TRUE(ready);
    others.push_back(std::string(text_of(frame)));
  }
  void removed(const Ulid& conversation, const Frame& frame) override {
    left.push_back(conversation);
    send(frame);
  }
  void catch_up(const Ulid& conversation, std::int64_t from) override { catch_ups[conversation] = from; }
  void close(CloseCode code, std::string_view) override { closed = code; }

  std::vector<std::int64_t> of(const Ulid& conversation) { return revs[conversation]; }
  [[nodiscard]] bool heard(const std::string& change) const {
    return std::any_of(others.begin(), others.end(),
                       [&](const auto& frame) { return frame.find("\"" + change + "\"") != std::string::npos; });
  }

  Ulid session = id_of(200);
  bool ready = false;
  std::map<Ulid, std::vector<std::int64_t>> revs;
  std::vector<std::string> frames;
  std::vector<std::string> others;
  std::vector<Ulid> left;
  std::map<Ulid, std::int64_t> catch_ups;
  Frame last;
  std::optional<CloseCode> closed;
};

class HubTest : public ::testing::Test {
 protected:
  HubTest() {
    bus.hear = [this](auto channel, auto event) { hub.on_bus(channel, event); };
    hub.start();
    hub.bus_ready();
  }
  ~HubTest() override { run_task(io, hub.stop()); }

  static HubOptions options() {
    HubOptions options;
    options.reorder = std::chrono::milliseconds(20);
    options.compare = std::chrono::seconds(3600);  // tests that want it say so
    options.compare_lost = std::chrono::milliseconds(50);
    options.sign_on = std::chrono::milliseconds(100);
    return options;
  }
  void sign_on(const Ulid& user, Recorder& client) { run_task(io, hub.attach(user, client)); }
  bool soon(const std::function<bool()>& predicate) { return eventually(io, predicate); }
  // Everything that is on its way has arrived.
  void settle() {
    bool passed = false;
    boost::asio::steady_timer timer(io, std::chrono::milliseconds(120));
    timer.async_wait([&](auto) { passed = true; });
    ASSERT_TRUE(soon([&] { return passed; }));
  }

  using Revs = std::vector<std::int64_t>;
  boost::asio::io_context io;
  base::Log log{"test", base::Level::error};
  base::SystemClock clock;
  base::Metrics registry;
  GatewayMetrics metrics{registry};
  testing::FakeBus bus{io};
  testing::FakeMessages messages{bus, clock};
  Hub hub{{io.get_executor(), log, clock, messages, bus, metrics}, options()};
};

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
