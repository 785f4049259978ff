#include <atomic>

#include "tests/dataplane/gateway/gateway_fixture.hpp"
#include "tests/support/eventually.hpp"

namespace chat::gateway {
namespace {

using testing::eventually;
using testing::id_of;

class MisuseTest : public GatewayFixture {};
TEST_OVER_TCP_AND_TLS(MisuseTest);

TEST_P(MisuseTest, BadFramesGetAnErrorAndTheConnectionStays) {
  start();
  auto alice = client(kAliceToken);
  struct Case {
    std::string frame;
    std::string code;
  };
  const auto other = id_of(99).text();
  const std::vector<Case> cases = {
      {"", "bad_request"},
      {"{", "bad_request"},
      {"[]", "bad_request"},
      {"null", "bad_request"},
      {"{}", "bad_request"},
      {R"({"type":5})", "bad_request"},
      {R"({"type":"unheard-of"})", "bad_request"},
      {R"({"type":"typing","conversation_id":"x","active":true})", "bad_request"},
      {R"({"type":"auth","token":"alice-token"})", "bad_request"},
      {R"({"type":"msg.send"})", "bad_request"},
      {R"({"type":"sync","conversations":[]})", "bad_request"},
      {R"({"type":"sync","conversations":{")" + kConversation.text() + R"(":-1}})", "bad_request"},
      {R"({"type":"receipt","conversation_id":")" + kConversation.text() + R"(","seq":1.5,"status":"read"})",
       "bad_request"},
      {R"({"type":"receipt","conversation_id":")" + other + R"(","seq":1,"status":"read"})", "not_found"},
      {R"({"type":"msg.send","conversation_id":")" + other + R"(","content":"x","client_msg_id":"1"})", "not_found"},
      {R"({"type":"msg.send","conversation_id":")" + kConversation.text() + R"(","content":"","client_msg_id":"1"})",
       "bad_request"},
      {R"({"type":"msg.send","conversation_id":")" + kConversation.text() +
           R"(","content":"\ud800","client_msg_id":"1"})",
       "bad_request"},
      {R"({"type":"msg.send","conversation_id":")" + kConversation.text() +
           "\",\"content\":\"a\xFF\",\"client_msg_id\":\"1\"}",
       "bad_request"},
      {"\xC3", "bad_request"},
      {R"({"type":"ping","id":)" + std::string(5000, '[') + std::string(5000, ']') + "}", "bad_request"},
  };
  for (const auto& one : cases) {
    alice->send(one.frame);
    auto error = alice->read();
    ASSERT_TRUE(error) << one.frame;
    EXPECT_EQ(error->at("type"), "error") << one.frame;
    EXPECT_EQ(error->at("code"), one.code) << one.frame;
    EXPECT_TRUE(error->at("message").is_string());
  }
  alice->send(R"({"type":"ping"})");
  EXPECT_TRUE(alice->read_type("pong"));
}

TEST_P(MisuseTest, GoingOnWithBadFramesEndsTheConnection) {
  start();
  auto alice = client(kAliceToken);
  for (int i = 0; i < 150; ++i) alice->send("{");
  EXPECT_EQ(alice->closed_with(), 1008);
}

TEST_P(MisuseTest, GoingOnPastTheLimitsEndsTheConnection) {
  messages.refuse_sends = true;
  start();
  auto alice = client(kAliceToken);
  alice->send(send_frame("x", "first"));
  auto error = alice->read();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->at("code"), "rate_limited");
  EXPECT_EQ(error->at("retry_after_ms"), 1000);
  EXPECT_EQ(error->at("id"), "first");
  for (int i = 0; i < 250; ++i) alice->send(send_frame("x", std::to_string(i)));
  EXPECT_EQ(alice->closed_with(), 1008);
}

TEST_P(MisuseTest, TooLongAFrameAndABinaryOneClose) {
  start();
  auto alice = client(kAliceToken);
  auto bob = client(kBobToken);
  alice->send(std::string(domain::kMaxFrameBytes + 1, 'x'));
  EXPECT_EQ(alice->closed_with(), 1009);
  bob->send_binary("\x01\x02");
  EXPECT_EQ(bob->closed_with(), 1003);
}

// Found by the fuzzer: both ends closed at once, each waited for the other inside Beast, and the connection stayed.
TEST_P(MisuseTest, NonsenseRightBehindWhatClosesTheConnectionEndsItToo) {
  using std::string_literals::operator""s;
  options.connection.close_timeout = std::chrono::milliseconds(200);
  start();
  const auto binary = "\x82\x81\0\0\0\0x"s;
  const auto reserved = "\x85\x80\0\0\0\0"s;
  for (const auto& token : {kAliceToken, kBobToken}) client(token)->send_raw(binary + reserved);
  EXPECT_TRUE(eventually([&] {
    base::Json status;
    on_loop([&] { gateway->add_status(status); });
    return status.at("connections") == 0;
  }));
}

TEST_P(MisuseTest, TheLongestFrameIsRead) {
  start();
  auto alice = client(kAliceToken);
  std::string longest = R"({"type":"ping","x":")";
  longest += std::string(domain::kMaxFrameBytes - longest.size() - 2, 'x') + "\"}";
  ASSERT_EQ(longest.size(), domain::kMaxFrameBytes);
  alice->send(longest);
  EXPECT_TRUE(alice->read_type("pong"));
}

TEST_P(MisuseTest, SilenceClosesAndAnySignOfLifeDoesNot) {
  options.session.heartbeat_timeout = std::chrono::milliseconds(400);
  start();
  auto silent = client(kAliceToken);
  auto pinging = client(kAliceToken);
  auto talking = client(kBobToken);
  std::atomic<bool> stop_talking{false};
  std::thread life([&] {
    while (!stop_talking) {
      pinging->ping();
      talking->send(R"({"type":"ping"})");
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  });
  EXPECT_EQ(silent->closed_with(), 4408);
  stop_talking = true;
  life.join();
  pinging->send(R"({"type":"ping"})");
  EXPECT_TRUE(pinging->read_type("pong"));
  EXPECT_TRUE(talking->read_type("pong"));
}

TEST_P(MisuseTest, ASlowReaderIsClosedAndNobodyElseWaits) {
  options.connection.close_timeout = std::chrono::milliseconds(300);
  start();
  auto slow = client(kAliceToken);
  auto bob = client(kBobToken);
  const std::string large(50'000, 'x');
  constexpr int kMany = 400;  // 20 MB: more than the kernel and the queue keep
  std::atomic<int> read_by_bob{0};
  std::thread reader([&] {
    for (int i = 0; i < kMany; ++i) {
      auto message = bob->read();
      ASSERT_TRUE(message) << i;
      EXPECT_EQ(message->at("rev"), i + 1);
      ++read_by_bob;
    }
  });
  for (int i = 0; i < kMany; ++i) {
    say(kBob, large);
    EXPECT_TRUE(eventually([&] { return read_by_bob + 10 > i; }));  // at the pace of the one who reads
  }
  reader.join();
  EXPECT_TRUE(eventually([&] { return on_loop([&] { return gateway->hub().connections_of(kAlice) == 0; }); }));
  const auto code = slow->closed_with();
  EXPECT_TRUE(code == 1008 || code == 1006) << code;
  bob->send(R"({"type":"ping"})");
  EXPECT_TRUE(bob->read_type("pong"));
}

}  // namespace
}  // namespace chat::gateway
