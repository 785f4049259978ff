#include "dataplane/gateway/gateway.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <thread>

#include "tests/dataplane/gateway/fakes.hpp"
#include "tests/dataplane/gateway/socket_client.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/run_task.hpp"

namespace chat::gateway {
namespace {

using base::Json;
using testing::eventually;
using testing::id_of;
using testing::SocketClient;

const Ulid kConversation = id_of(100);
const Ulid kAlice = id_of(1);
const Ulid kBob = id_of(2);
const std::string kAliceToken = "alice-token";
const std::string kBobToken = "bob-token";

// A gateway on real sockets, plain or with TLS, over fake ports. It runs on a thread of its own; tests touch the fakes
// through on_loop().
class GatewayTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    tokens.identities[kAliceToken] = {kAlice, "alice", "phone", id_of(200), INT64_MAX};
    tokens.identities[kBobToken] = {kBob, "bob", "laptop", id_of(201), INT64_MAX};
    messages.create(kConversation, {kAlice, kBob});
    options.name = "gateway-0";
    options.sweep = std::chrono::milliseconds(20);
    options.hub.compare = std::chrono::seconds(3600);
    options.hub.reorder = std::chrono::milliseconds(20);
  }
  void start() {
    gateway = std::make_unique<Gateway>(
        Gateway::Ports{io.get_executor(), log, registry, clock, router, messages, tokens, presence, limiter, bus},
        options);
    bus.hear = [this](auto channel, auto event) { gateway->hub().on_bus(channel, event); };
    gateway->start();
    gateway->hub().bus_ready();
    auto listening = gateway->listen({"127.0.0.1", 0}, false, with_tls ? secure.get() : nullptr);
    ASSERT_TRUE(listening) << listening.error().message;
    port = *listening;
    thread = std::thread([this] { io.run(); });
  }
  static base::Task<> end(Gateway& gateway, std::chrono::milliseconds grace) {
    co_await gateway.finish(grace);
    co_await gateway.stop();
  }
  std::future<void> stop(std::chrono::milliseconds grace) {
    auto stopped = std::make_shared<std::promise<void>>();
    boost::asio::co_spawn(io, end(*gateway, grace), [stopped](const std::exception_ptr&) { stopped->set_value(); });
    stopped_ = true;
    return stopped->get_future();
  }
  void TearDown() override {
    if (!thread.joinable()) return;
    if (!stopped_) {
      auto stopped = stop(std::chrono::milliseconds(0));
      EXPECT_EQ(stopped.wait_for(std::chrono::seconds(30)), std::future_status::ready);
    }
    work.reset();
    thread.join();
  }
  template <class Function>
  auto on_loop(Function function) {
    std::packaged_task<std::invoke_result_t<Function>()> task(std::move(function));
    auto result = task.get_future();
    boost::asio::post(io, [&task] { task(); });
    return result.get();
  }
  std::int64_t say(Ulid sender, const std::string& content) {
    return on_loop([&] { return messages.say(kConversation, sender, content); });
  }
  std::unique_ptr<SocketClient> client(const std::string& token) {
    auto socket = std::make_unique<SocketClient>(port, calls());
    EXPECT_EQ(socket->connect({{"Authorization", "Bearer " + token}}), 101);
    auto ready = socket->read();
    EXPECT_TRUE(ready && ready->at("type") == "ready");
    return socket;
  }
  const io::tls::Source* calls() const { return with_tls ? client_side.get() : nullptr; }
  static std::string frame(Json json) { return json.dump(); }
  static std::string send_frame(const std::string& content, const std::string& id) {
    return frame({{"type", "msg.send"},
                  {"id", id},
                  {"conversation_id", kConversation.text()},
                  {"content", content},
                  {"client_msg_id", id}});
  }

  boost::asio::io_context io;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
  base::Log log{"test", base::Level::error};
  const bool with_tls = std::string(GetParam()) == "tls";
  testing::Authority authority;
  testing::TlsFiles files{authority.issue(), authority.certificate()};
  std::unique_ptr<io::tls::Source> secure = testing::source_of(io, log, files.server());
  std::unique_ptr<io::tls::Source> client_side =
      testing::source_of(io, log, files.client_without_certificate({io::tls::Peer::Check::ca_and_host, {}}));
  base::SystemClock clock;
  base::Metrics registry;
  domain::ClusterMap map;
  domain::Router router{map};
  testing::FakeBus bus{io};
  testing::FakeMessages messages{bus, clock};
  testing::FakeTokens tokens;
  testing::FakePresence presence;
  testing::FakeLimiter limiter;
  GatewayOptions options;
  std::unique_ptr<Gateway> gateway;
  std::uint16_t port = 0;
  std::thread thread;
  bool stopped_ = false;
};

INSTANTIATE_TEST_SUITE_P(Over, GatewayTest, ::testing::Values("tcp", "tls"),
                         [](const auto& over) { return std::string(over.param); });

TEST_P(GatewayTest, SignsOnByHeaderAndSaysWhoOneIs) {
  start();
  SocketClient alice(port, calls());
  ASSERT_EQ(alice.connect({{"Authorization", "Bearer " + kAliceToken}, {"Sec-WebSocket-Protocol", "chat.v1.json"}}),
            101);
  EXPECT_EQ(alice.response["Sec-WebSocket-Protocol"], "chat.v1.json");
  auto ready = alice.read();
  ASSERT_TRUE(ready);
  EXPECT_EQ(ready->at("type"), "ready");
  EXPECT_EQ(ready->at("user_id"), kAlice.text());
  EXPECT_EQ(ready->at("device_id"), "phone");
  EXPECT_EQ(ready->at("gateway"), "gateway-0");
  EXPECT_EQ(ready->at("heartbeat_seconds"), 30);
  EXPECT_TRUE(ready->at("server_time").is_string());
}

TEST_P(GatewayTest, SignsOnByTheFirstFrame) {
  start();
  SocketClient alice(port, calls());
  ASSERT_EQ(alice.connect(), 101);
  alice.send(frame({{"type", "auth"}, {"id", 7}, {"token", kAliceToken}, {"device_id", "tab"}}));
  auto ready = alice.read();
  ASSERT_TRUE(ready);
  EXPECT_EQ(ready->at("type"), "ready");
  EXPECT_EQ(ready->at("device_id"), "tab");
  EXPECT_EQ(ready->at("id"), 7) << "ready answers the auth frame";
  EXPECT_TRUE(eventually([&] { return on_loop([&] { return limiter.taken.begin()->second == 0; }); }));
}

TEST_P(GatewayTest, ClosesWhoSignsOnBadlyInTheFirstFrame) {
  start();
  for (const auto& first : {frame({{"type", "auth"}, {"token", "wrong"}}), frame({{"type", "ping"}}), std::string("{"),
                            frame({{"type", "auth"}})}) {
    SocketClient anyone(port, calls());
    ASSERT_EQ(anyone.connect(), 101);
    anyone.send(first);
    EXPECT_EQ(anyone.closed_with(), 4401) << first;
  }
}

TEST_P(GatewayTest, ClosesWhoDoesNotSignOnInTime) {
  options.session.auth_timeout = std::chrono::milliseconds(100);
  start();
  SocketClient silent(port, calls());
  ASSERT_EQ(silent.connect(), 101);
  EXPECT_EQ(silent.closed_with(), 4401);
}

TEST_P(GatewayTest, RefusesUpgradesWithAProblem) {
  options.allowed_origins = {"https://chat.example.org"};
  start();
  struct Case {
    SocketClient::Headers headers;
    std::string target;
    int status;
    std::string code;
  };
  const std::string bearer = "Bearer " + kAliceToken;
  const std::vector<Case> cases = {
      {{{"Authorization", "Bearer wrong"}}, "/v1/ws", 401, "unauthorized"},
      {{{"Authorization", "Basic YTpi"}}, "/v1/ws", 401, "unauthorized"},
      {{{"Authorization", bearer}}, "/v1/other", 404, "not_found"},
      {{{"Authorization", bearer}, {"Origin", "https://evil.example"}}, "/v1/ws", 403, "forbidden"},
      {{{"Authorization", bearer}, {"Sec-WebSocket-Protocol", "chat.v1.protobuf"}}, "/v1/ws", 400, "bad_request"},
      {{{"Authorization", bearer}, {"Sec-WebSocket-Version", "8"}}, "/v1/ws", 426, "bad_request"},
  };
  for (const auto& one : cases) {
    SocketClient anyone(port, calls());
    EXPECT_EQ(anyone.connect(one.headers, one.target), one.status);
    EXPECT_EQ(anyone.response[boost::beast::http::field::content_type], "application/problem+json");
    auto body = base::parse_json(anyone.response.body());
    ASSERT_TRUE(body) << anyone.response.body();
    EXPECT_EQ(body->at("code"), one.code);
  }
  for (const auto& headers : std::vector<SocketClient::Headers>{
           {{"Authorization", bearer}, {"Origin", "https://chat.example.org"}},
           {{"Authorization", bearer}, {"Origin", "http://127.0.0.1:8080"}},  // the same host
           {{"Authorization", bearer}, {"Sec-WebSocket-Protocol", "other, chat.v1.json"}},
           {{"Authorization", bearer}, {"Sec-WebSocket-Protocol", "other"}},
           {{"Authorization", "bearer " + kAliceToken}}}) {
    SocketClient anyone(port, calls());
    EXPECT_EQ(anyone.connect(headers), 101);
  }
}

TEST_P(GatewayTest, LimitsThoseWithoutAGoodTokenAndNotTheOthers) {
  map.version = 1;
  map.limits.connects_per_minute_per_address = 3;
  domain::ClusterMap newer = map;
  newer.buckets.push_back({0, domain::kBuckets - 1, "shard-0", 1});
  router = domain::Router(newer);
  start();
  for (int i = 0; i < 3; ++i) {
    SocketClient bad(port, calls());
    EXPECT_EQ(bad.connect({{"Authorization", "Bearer wrong"}}), 401);
  }
  SocketClient bad(port, calls());
  EXPECT_EQ(bad.connect({{"Authorization", "Bearer wrong"}}), 429);
  EXPECT_EQ(bad.response[boost::beast::http::field::retry_after], "7");
  SocketClient without(port, calls());
  EXPECT_EQ(without.connect(), 429);
  client(kAliceToken);
}

TEST_P(GatewayTest, ClosesOneConnectionTooManyOfAUser) {
  map.limits.connections_per_user = 2;
  router = domain::Router(map);
  start();
  auto first = client(kAliceToken);
  auto second = client(kAliceToken);
  SocketClient third(port, calls());
  ASSERT_EQ(third.connect({{"Authorization", "Bearer " + kAliceToken}}), 101);
  EXPECT_EQ(third.closed_with(), 4429);
  client(kBobToken);
  first->drop();
  EXPECT_TRUE(eventually([&] { return on_loop([&] { return presence.connections[kAlice].size() == 1; }); }));
  on_loop([&] { presence.away = true; });  // then each gateway counts its own
  auto again = client(kAliceToken);
  SocketClient fourth(port, calls());
  ASSERT_EQ(fourth.connect({{"Authorization", "Bearer " + kAliceToken}}), 101);
  EXPECT_EQ(fourth.closed_with(), 4429);
}

TEST_P(GatewayTest, IsFullAtTheMaximumThatTheMapGives) {
  map.limits.connections_per_gateway = 1;
  router = domain::Router(map);
  start();
  auto first = client(kAliceToken);
  SocketClient second(port, calls());
  EXPECT_EQ(second.connect({{"Authorization", "Bearer " + kBobToken}}), 503);
  EXPECT_FALSE(second.response[boost::beast::http::field::retry_after].empty());
}

TEST_P(GatewayTest, ACrowdIsLetInOneAfterTheOtherAndNobodyIsForgotten) {
  options.turnstile.per_second = 100;
  options.turnstile.burst = 1;
  options.turnstile.waiting = 4;  // the others wait in the kernel's queue
  map.limits.connections_per_user = 0;
  router = domain::Router(map);
  start();
  constexpr std::size_t kCrowd = 40;
  std::vector<std::future<int>> crowd;
  std::vector<std::unique_ptr<SocketClient>> sockets;
  for (std::size_t i = 0; i < kCrowd; ++i) sockets.push_back(std::make_unique<SocketClient>(port, calls()));
  const auto begun = std::chrono::steady_clock::now();
  for (auto& socket : sockets) {
    crowd.push_back(std::async(std::launch::async, [&socket] {
      return socket->connect({{"Authorization", "Bearer " + kAliceToken}});
    }));
  }
  for (auto& one : crowd) EXPECT_EQ(one.get(), 101);
  for (auto& socket : sockets) EXPECT_TRUE(socket->read_type("ready"));
  EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(350));
}

TEST_P(GatewayTest, WhoDoesNotGetATurnInTimeIsSentAway) {
  options.turnstile.burst = 1;
  options.turnstile.at_once = 1;
  options.turnstile.patience = std::chrono::milliseconds(100);
  options.hub.sign_on = std::chrono::seconds(5);
  messages.away = true;  // so that a sign-on takes long
  start();
  SocketClient alice(port, calls());
  ASSERT_EQ(alice.connect({{"Authorization", "Bearer " + kAliceToken}}), 101);
  SocketClient bob(port, calls());
  EXPECT_EQ(bob.connect({{"Authorization", "Bearer " + kBobToken}}), 503);
  EXPECT_FALSE(bob.response[boost::beast::http::field::retry_after].empty());
  on_loop([&] { messages.away = false; });
  ASSERT_TRUE(alice.read_type("ready"));
  client(kBobToken);
}

TEST_P(GatewayTest, WhoSignsOnByTheFirstFrameWaitsForATurnToo) {
  options.turnstile.at_once = 1;
  options.turnstile.patience = std::chrono::milliseconds(100);
  options.hub.sign_on = std::chrono::seconds(5);
  start();
  SocketClient bob(port, calls());
  ASSERT_EQ(bob.connect(), 101);
  on_loop([&] { messages.away = true; });
  SocketClient alice(port, calls());
  ASSERT_EQ(alice.connect({{"Authorization", "Bearer " + kAliceToken}}), 101);
  bob.send(frame({{"type", "auth"}, {"token", kBobToken}}));
  EXPECT_EQ(bob.closed_with(), 1012);
}

TEST_P(GatewayTest, WhoLeftWhileWaitingIsNotSignedOn) {
  options.turnstile.at_once = 1;
  options.hub.sign_on = std::chrono::seconds(5);
  messages.away = true;
  start();
  SocketClient alice(port, calls());
  ASSERT_EQ(alice.connect({{"Authorization", "Bearer " + kAliceToken}}), 101);
  {
    boost::asio::io_context its_io;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    auto bob = testing::run_task(its_io, io::tls::connect({"127.0.0.1", port}, calls(), deadline));
    ASSERT_TRUE(bob);
    const std::string request =
        "GET /v1/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer " +
        kBobToken + "\r\n\r\n";
    boost::asio::async_write(*bob, boost::asio::buffer(request), [](const auto&, std::size_t) {});
    its_io.restart();
    its_io.run();
    EXPECT_TRUE(eventually([&] { return registry.text().find("chat_gateway_waiting 1") != std::string::npos; }));
    boost::system::error_code ignored;
    bob->end_sending(ignored);
  }
  on_loop([&] { messages.away = false; });
  ASSERT_TRUE(alice.read_type("ready"));
  EXPECT_TRUE(eventually([&] { return registry.text().find("chat_gateway_waiting 0") != std::string::npos; }));
  EXPECT_TRUE(on_loop([&] { return presence.connections[kBob].empty() && gateway->hub().users() == 1; }));
  EXPECT_NE(registry.text().find("chat_gateway_connects_total 1"), std::string::npos);
}

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

TEST_P(GatewayTest, BadFramesGetAnErrorAndTheConnectionStays) {
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

TEST_P(GatewayTest, GoingOnWithBadFramesEndsTheConnection) {
  start();
  auto alice = client(kAliceToken);
  for (int i = 0; i < 150; ++i) alice->send("{");
  EXPECT_EQ(alice->closed_with(), 1008);
}

TEST_P(GatewayTest, GoingOnPastTheLimitsEndsTheConnection) {
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

TEST_P(GatewayTest, TooLongAFrameAndABinaryOneClose) {
  start();
  auto alice = client(kAliceToken);
  auto bob = client(kBobToken);
  alice->send(std::string(domain::kMaxFrameBytes + 1, 'x'));
  EXPECT_EQ(alice->closed_with(), 1009);
  bob->send_binary("\x01\x02");
  EXPECT_EQ(bob->closed_with(), 1003);
}

TEST_P(GatewayTest, TheLongestFrameIsRead) {
  start();
  auto alice = client(kAliceToken);
  std::string longest = R"({"type":"ping","x":")";
  longest += std::string(domain::kMaxFrameBytes - longest.size() - 2, 'x') + "\"}";
  ASSERT_EQ(longest.size(), domain::kMaxFrameBytes);
  alice->send(longest);
  EXPECT_TRUE(alice->read_type("pong"));
}

TEST_P(GatewayTest, SilenceClosesAndAnySignOfLifeDoesNot) {
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

TEST_P(GatewayTest, ASlowReaderIsClosedAndNobodyElseWaits) {
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

TEST_P(GatewayTest, NothingOfAConversationComesAfterTheWordThatOneWasRemoved) {
  messages.say(kConversation, kBob, "one");
  start();
  auto alice = client(kAliceToken);
  on_loop([&] {
    messages.on_changes = [this] {  // the word overtakes the answer that was read before
      messages.on_changes = nullptr;
      const auto& conversation = messages.conversations.at(kConversation);
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

TEST_P(GatewayTest, SigningOutClosesTheSocketsOfThatSession) {
  start();
  auto alice = client(kAliceToken);
  auto bob = client(kBobToken);
  on_loop([&] { messages.sign_out(kAlice, id_of(200)); });
  EXPECT_EQ(alice->closed_with(), 4401);
  bob->send(R"({"type":"ping"})");
  EXPECT_TRUE(bob->read_type("pong"));
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
