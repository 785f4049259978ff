#pragma once
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <future>
#include <thread>

#include "dataplane/gateway/gateway.hpp"
#include "tests/dataplane/gateway/fakes.hpp"
#include "tests/dataplane/gateway/socket_client.hpp"
#include "tests/support/certificates.hpp"

namespace chat::gateway {

inline const Ulid kConversation = testing::id_of(100);
inline const Ulid kAlice = testing::id_of(1);
inline const Ulid kBob = testing::id_of(2);
inline const std::string kAliceToken = "alice-token";
inline const std::string kBobToken = "bob-token";

// A gateway on real sockets, plain or with TLS, over fake ports. It runs on a thread of its own; tests touch the fakes
// through on_loop(). Each file of tests derives from it and says TEST_OVER_TCP_AND_TLS(its name).
class GatewayFixture : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    tokens.identities[kAliceToken] = {kAlice, "alice", "phone", testing::id_of(200), INT64_MAX};
    tokens.identities[kBobToken] = {kBob, "bob", "laptop", testing::id_of(201), INT64_MAX};
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
  std::unique_ptr<testing::SocketClient> client(const std::string& token) {
    auto socket = std::make_unique<testing::SocketClient>(port, calls());
    EXPECT_EQ(socket->connect({{"Authorization", "Bearer " + token}}), 101);
    auto ready = socket->read();
    EXPECT_TRUE(ready && ready->at("type") == "ready");
    return socket;
  }
  const io::tls::Source* calls() const { return with_tls ? client_side.get() : nullptr; }
  static std::string frame(base::Json json) { return json.dump(); }
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

#define TEST_OVER_TCP_AND_TLS(Suite)                                     \
  INSTANTIATE_TEST_SUITE_P(Over, Suite, ::testing::Values("tcp", "tls"), \
                           [](const auto& over) { return std::string(over.param); })

}  // namespace chat::gateway
