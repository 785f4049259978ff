#pragma once
#include <gmock/gmock.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <nlohmann/json.hpp>

#include "dataplane/io/http/server.hpp"
#include "tests/support/eventually.hpp"

namespace chat::io::http {

// A client that writes bytes and collects what comes back.
class Raw {
 public:
  Raw(boost::asio::io_context& io, std::uint16_t port) : io_(io), socket_(io) {
    socket_.connect({boost::asio::ip::address_v4::loopback(), port});
    read();
  }
  void send(const std::string& bytes) {
    boost::system::error_code ignored;  // a server may have closed: what it said is what a test looks at
    boost::asio::write(socket_, boost::asio::buffer(bytes), ignored);
  }
  bool gets(const std::string& part) {
    return chat::testing::eventually(io_, [&] { return received.find(part) != std::string::npos; });
  }
  bool sees_close(std::chrono::milliseconds within = std::chrono::seconds(5)) {
    return chat::testing::eventually(
        io_, [&] { return closed; }, within);
  }
  boost::asio::ip::tcp::socket& socket() { return socket_; }
  std::string received;
  bool closed = false;
  bool reset = false;

 private:
  void read() {
    socket_.async_read_some(boost::asio::buffer(chunk_),
                            [this, alive = std::weak_ptr(alive_)](boost::system::error_code error, std::size_t got) {
                              if (alive.expired()) return;
                              received.append(chunk_.data(), got);
                              closed = static_cast<bool>(error);
                              reset = error == boost::asio::error::connection_reset;
                              if (!error) read();
                            });
  }
  boost::asio::io_context& io_;
  boost::asio::ip::tcp::socket socket_;
  std::array<char, 4096> chunk_{};
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // a cancelled read's handler comes after this has gone
};

class ServerTest : public ::testing::Test {
 protected:
  void serve(ServerLimits limits = {}, bool with_upgrade = false) {
    server_.emplace(io_.get_executor(), log_, limits);
    auto port = server_->listen({"127.0.0.1", 0}, false);
    ASSERT_TRUE(port);
    port_ = *port;
    UpgradeHandler upgrade;
    if (with_upgrade)
      upgrade = [this](tls::Stream socket, Request request, Peer) {
        return upgraded(std::move(socket), std::move(request));
      };
    server_->serve([this](Request request, Peer peer) { return handle(std::move(request), std::move(peer)); },
                   std::move(upgrade));
  }
  base::Task<Response> handle(Request request, Peer peer) {
    ++handled_;
    if (request.target() == "/slow")
      co_await base::sleep_until(slow_, std::chrono::steady_clock::now() + std::chrono::seconds(30));
    std::string body(request.method_string());
    body += " " + std::string(request.target()) + " " + std::to_string(request.body().size()) + " " +
            peer.address.to_string();
    co_return reply(request, status::ok, body, "text/plain");
  }
  base::Task<> upgraded(tls::Stream socket, Request request) {
    boost::system::error_code error;
    auto token = boost::asio::redirect_error(boost::asio::use_awaitable, error);
    std::string text = "HTTP/1.1 101 Switching Protocols\r\n\r\nfrom " + std::string(request.target()) + "|";
    co_await boost::asio::async_write(socket, boost::asio::buffer(text), token);
    std::array<char, 64> chunk{};
    while (!error) {
      auto got = co_await socket.async_read_some(boost::asio::buffer(chunk), token);
      if (!error) co_await boost::asio::async_write(socket, boost::asio::buffer(chunk, got), token);
    }
  }
  // A problem of this status and code, and the end of the connection.
  void expect_problem(Raw& raw, const std::string& status, const std::string& code) {
    EXPECT_TRUE(raw.sees_close());
    EXPECT_FALSE(raw.reset);
    EXPECT_THAT(raw.received, ::testing::StartsWith("HTTP/1.1 " + status));
    EXPECT_THAT(raw.received, ::testing::HasSubstr("application/problem+json"));
    EXPECT_THAT(raw.received, ::testing::HasSubstr("Connection: close"));
    auto body = nlohmann::json::parse(raw.received.substr(raw.received.find("\r\n\r\n") + 4), nullptr, false);
    EXPECT_EQ(body.value("code", ""), code) << raw.received;
    EXPECT_EQ(std::to_string(body.value("status", 0)), status);
  }

  base::Log log_{"test", base::Level::error};
  boost::asio::io_context io_;
  boost::asio::steady_timer slow_{io_};
  std::optional<Server> server_;
  std::uint16_t port_ = 0;
  int handled_ = 0;
};

}  // namespace chat::io::http
