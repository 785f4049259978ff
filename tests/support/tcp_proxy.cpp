#include "tests/support/tcp_proxy.hpp"

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <limits>
#include <set>
#include <thread>

namespace chat::testing {

using boost::asio::ip::tcp;
using boost::system::error_code;

namespace {

// A pair of sockets; alive as long as one of its directions has a handler.
struct Pair : std::enable_shared_from_this<Pair> {
  Pair(tcp::socket its_client, boost::asio::io_context& io) : client(std::move(its_client)), server(io) {}
  void close() {
    error_code ignored;
    client.close(ignored);
    server.close(ignored);
  }
  tcp::socket client;
  tcp::socket server;
  std::array<char, 16'384> up{};
  std::array<char, 16'384> down{};
};

}  // namespace

struct TcpProxy::Loop {
  explicit Loop(std::uint16_t target)
      : target_(boost::asio::ip::address_v4::loopback(), target),
        acceptor_(io_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)),
        port_(acceptor_.local_endpoint().port()) {
    accept();
    thread_ = std::thread([this] { io_.run(); });
  }
  ~Loop() {
    io_.stop();
    thread_.join();
  }

  void accept() {
    acceptor_.async_accept([this](error_code failed, tcp::socket client) {
      if (failed) return;
      if (!refuse_) {
        auto pair = std::make_shared<Pair>(std::move(client), io_);
        error_code refused;
        pair->server.connect(target_, refused);  // of this machine: answers at once, one way or the other
        if (!refused) {
          ++connections_;
          pairs_.insert(pair);
          carry(pair, pair->client, pair->server, pair->up, false);
          carry(pair, pair->server, pair->client, pair->down, true);
        }
      }
      accept();
    });
  }

  void carry(const std::shared_ptr<Pair>& pair, tcp::socket& from, tcp::socket& to, std::array<char, 16'384>& buffer,
             bool counted) {
    from.async_read_some(boost::asio::buffer(buffer),
                         [=, this, &from, &to, &buffer](error_code failed, std::size_t size) {
                           if (counted && !failed) {
                             if (size >= budget_) {
                               refuse_ = true;
                               budget_ = std::numeric_limits<std::size_t>::max();
                               return cut();
                             }
                             if (budget_ != std::numeric_limits<std::size_t>::max()) budget_ -= size;
                           }
                           if (failed) return drop(pair);
                           boost::asio::async_write(to, boost::asio::buffer(buffer, size),
                                                    [=, this, &from, &to, &buffer](error_code unwritten, std::size_t) {
                                                      if (unwritten) return drop(pair);
                                                      carry(pair, from, to, buffer, counted);
                                                    });
                         });
  }

  void drop(const std::shared_ptr<Pair>& pair) {
    pair->close();
    pairs_.erase(pair);
  }
  void cut() {
    for (const auto& pair : pairs_) pair->close();
    pairs_.clear();
  }

  boost::asio::io_context io_;
  tcp::endpoint target_;
  tcp::acceptor acceptor_;
  std::uint16_t port_;
  std::set<std::shared_ptr<Pair>> pairs_;
  bool refuse_ = false;
  std::size_t budget_ = std::numeric_limits<std::size_t>::max();
  std::atomic<std::size_t> connections_{0};
  std::thread thread_;
};

TcpProxy::TcpProxy(std::uint16_t target) : loop_(std::make_unique<Loop>(target)) {}
TcpProxy::~TcpProxy() = default;

std::uint16_t TcpProxy::port() const { return loop_->port_; }
std::size_t TcpProxy::connections() const { return loop_->connections_; }

void TcpProxy::cut() {
  boost::asio::post(loop_->io_, [loop = loop_.get()] { loop->cut(); });
}

void TcpProxy::refuse(bool on) {
  boost::asio::post(loop_->io_, [loop = loop_.get(), on] { loop->refuse_ = on; });
}

void TcpProxy::cut_after(std::size_t bytes) {
  boost::asio::post(loop_->io_, [loop = loop_.get(), bytes] { loop->budget_ = bytes; });
}

}  // namespace chat::testing
