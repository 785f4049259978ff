#include <gmock/gmock.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "dataplane/io/http/client.hpp"
#include "dataplane/io/http/server.hpp"
#include "dataplane/io/tls/handshake.hpp"
#include "dataplane/io/tls/handshake_slots.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/run_task.hpp"

namespace chat::io::http {
namespace {

using boost::asio::ip::tcp;
using chat::testing::Authority;
using chat::testing::eventually;
using chat::testing::run_task;
using chat::testing::source_of;
using chat::testing::TlsFiles;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A server with a plain port and one with TLS.
class SecureServerTest : public ::testing::Test {
 protected:
  void serve(ServerLimits limits = {}) {
    server_.emplace(io_.get_executor(), log_, limits);
    secure_port_ = *server_->listen({"127.0.0.1", 0}, false, secure_.get());
    plain_port_ = *server_->listen({"127.0.0.1", 0}, false);
    server_->serve([](Request request, Peer) { return handle(std::move(request)); },
                   [](tls::Stream stream, Request, Peer) { return echo(std::move(stream)); });
  }
  static base::Task<Response> handle(Request request) {
    co_return reply(request, status::ok, std::to_string(request.body().size()) + request.body(), "text/plain");
  }
  static base::Task<> echo(tls::Stream stream) {
    std::array<char, 64> chunk{};
    boost::system::error_code error;
    auto token = boost::asio::redirect_error(boost::asio::use_awaitable, error);
    co_await boost::asio::async_write(stream, boost::asio::buffer("welcome", 7), token);
    while (!error) {
      const auto got = co_await stream.async_read_some(boost::asio::buffer(chunk), token);
      if (!error) co_await boost::asio::async_write(stream, boost::asio::buffer(chunk, got), token);
    }
  }
  base::Result<Response> ask(std::uint16_t port, const tls::Source* secure, std::string body = "x") {
    auto request = post_json("/", std::move(body));
    return run_task(io_, fetch({"127.0.0.1", port}, std::move(request), seconds(10), 4'000'000, secure));
  }
  // What a client that writes `bytes` gets until the connection is closed.
  std::string told(const std::string& bytes) {
    tcp::socket socket(io_);
    socket.connect({boost::asio::ip::address_v4::loopback(), secure_port_});
    boost::asio::write(socket, boost::asio::buffer(bytes));
    std::string got;
    std::array<char, 4096> chunk{};
    bool closed = false;
    std::function<void()> read = [&] {
      socket.async_read_some(boost::asio::buffer(chunk), [&](boost::system::error_code error, std::size_t size) {
        got.append(chunk.data(), size);
        closed = static_cast<bool>(error);
        if (!closed) read();
      });
    };
    read();
    EXPECT_TRUE(eventually(io_, [&] { return closed; }));
    return got;
  }

  base::Log log_{"test", base::Level::error};
  boost::asio::io_context io_;
  Authority authority_;
  TlsFiles files_{authority_.issue(), authority_.certificate()};
  std::unique_ptr<tls::Source> secure_ = source_of(io_, log_, files_.server());
  std::unique_ptr<tls::Source> client_ =
      source_of(io_, log_, files_.client_without_certificate({tls::Peer::Check::ca_and_host, {}}));
  std::optional<Server> server_;
  std::uint16_t secure_port_ = 0;
  std::uint16_t plain_port_ = 0;
};

TEST_F(SecureServerTest, AnswersOverTlsAndPlainBesideEachOther) {
  serve();
  for (const std::size_t size : {1, 15'000, 1'500'000}) {
    const std::string body(size, 'b');
    for (auto [port, secure] :
         {std::pair(secure_port_, client_.get()), std::pair<std::uint16_t, tls::Source*>(plain_port_, nullptr)}) {
      auto answer = ask(port, secure, body);
      ASSERT_TRUE(answer) << answer.error().message;
      EXPECT_TRUE(answer->body() == std::to_string(size) + body);
    }
  }
  EXPECT_FALSE(ask(plain_port_, client_.get()));
}

TEST_F(SecureServerTest, AClientThatSpeaksPlainHttpIsToldSo) {
  serve();
  const auto answer = told("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(answer, HasSubstr("this port speaks TLS"));
  EXPECT_EQ(ask(secure_port_, nullptr)->result_int(), 400U);
}

TEST_F(SecureServerTest, WhatIsNeitherTlsNorHttpIsClosed) {
  serve();
  (void)told(std::string(100, '\x01'));
  EXPECT_TRUE(eventually(io_, [this] { return server_->connections() == 0; }));
}

TEST_F(SecureServerTest, AHandshakeThatDoesNotComeToAnEndIsClosed) {
  ServerLimits limits;
  limits.handshake_timeout = milliseconds(100);
  serve(limits);
  EXPECT_EQ(told(""), "");
  EXPECT_EQ(told(std::string("\x16\x03\x01\x02\x00\x01", 6)), "");  // the beginning of a ClientHello
  EXPECT_TRUE(eventually(io_, [this] { return server_->connections() == 0; }));
}

TEST_F(SecureServerTest, SilentClientsHoldUpNobody) {
  serve();
  std::vector<tcp::socket> silent;
  for (std::size_t i = 0; i < tls::HandshakeSlots::kMost; ++i) {
    silent.emplace_back(io_).connect({boost::asio::ip::address_v4::loopback(), secure_port_});
  }
  ASSERT_TRUE(eventually(io_, [&] { return server_->connections() == silent.size(); }));
  // As soon as the first of them has had its time.
  EXPECT_TRUE(eventually(io_, [this] { return ask(secure_port_, client_.get()).has_value(); }));
  EXPECT_GE(server_->connections(), silent.size() - 2);
}

TEST_F(SecureServerTest, AnUpgradeTakesTheStreamOver) {
  serve();
  const auto deadline = steady_clock::now() + seconds(5);
  auto stream = run_task(io_, tls::connect({"127.0.0.1", secure_port_}, client_.get(), deadline));
  ASSERT_TRUE(stream);
  std::string got;
  std::array<char, 64> chunk{};
  bool written = false;
  const auto write = [&](const std::string& text) {
    written = false;
    boost::asio::async_write(*stream, boost::asio::buffer(text),
                             [&](boost::system::error_code error, std::size_t) { written = !error; });
    EXPECT_TRUE(eventually(io_, [&] { return written; }));
  };
  const auto reads = [&](const std::string& text) {
    got.clear();
    stream->async_read_some(boost::asio::buffer(chunk),
                            [&](boost::system::error_code, std::size_t size) { got.assign(chunk.data(), size); });
    return eventually(io_, [&] { return got == text; });
  };
  write("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  EXPECT_TRUE(reads("welcome"));
  write("and back");
  EXPECT_TRUE(reads("and back"));
}

}  // namespace
}  // namespace chat::io::http
