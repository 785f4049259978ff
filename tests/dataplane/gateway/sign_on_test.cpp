#include "tests/dataplane/gateway/gateway_fixture.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/run_task.hpp"

namespace chat::gateway {
namespace {

using testing::eventually;
using testing::SocketClient;

class SignOnTest : public GatewayFixture {};
TEST_OVER_TCP_AND_TLS(SignOnTest);

TEST_P(SignOnTest, SignsOnByHeaderAndSaysWhoOneIs) {
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

TEST_P(SignOnTest, SignsOnByTheFirstFrame) {
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

TEST_P(SignOnTest, ClosesWhoSignsOnBadlyInTheFirstFrame) {
  start();
  for (const auto& first : {frame({{"type", "auth"}, {"token", "wrong"}}), frame({{"type", "ping"}}), std::string("{"),
                            frame({{"type", "auth"}})}) {
    SocketClient anyone(port, calls());
    ASSERT_EQ(anyone.connect(), 101);
    anyone.send(first);
    EXPECT_EQ(anyone.closed_with(), 4401) << first;
  }
}

TEST_P(SignOnTest, ClosesWhoDoesNotSignOnInTime) {
  options.session.auth_timeout = std::chrono::milliseconds(100);
  start();
  SocketClient silent(port, calls());
  ASSERT_EQ(silent.connect(), 101);
  EXPECT_EQ(silent.closed_with(), 4401);
}

TEST_P(SignOnTest, RefusesUpgradesWithAProblem) {
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

TEST_P(SignOnTest, LimitsThoseWithoutAGoodTokenAndNotTheOthers) {
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

TEST_P(SignOnTest, ClosesOneConnectionTooManyOfAUser) {
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

TEST_P(SignOnTest, IsFullAtTheMaximumThatTheMapGives) {
  map.limits.connections_per_gateway = 1;
  router = domain::Router(map);
  start();
  auto first = client(kAliceToken);
  SocketClient second(port, calls());
  EXPECT_EQ(second.connect({{"Authorization", "Bearer " + kBobToken}}), 503);
  EXPECT_FALSE(second.response[boost::beast::http::field::retry_after].empty());
}

TEST_P(SignOnTest, ACrowdIsLetInOneAfterTheOtherAndNobodyIsForgotten) {
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

TEST_P(SignOnTest, WhoDoesNotGetATurnInTimeIsSentAway) {
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

TEST_P(SignOnTest, WhoSignsOnByTheFirstFrameWaitsForATurnToo) {
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

TEST_P(SignOnTest, WhoLeftWhileWaitingIsNotSignedOn) {
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

}  // namespace
}  // namespace chat::gateway
