#include "dataplane/gateway/ordered_stream.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <optional>

#include "dataplane/io/tls/handshake.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/run_task.hpp"

namespace chat::gateway {
namespace {

namespace testing = chat::testing;

using boost::asio::ip::tcp;
using boost::system::error_code;

// A stream and its peer over loopback, plain or with TLS.
class OrderedStreamTest : public ::testing::TestWithParam<const char*> {
 protected:
  OrderedStreamTest() {
    tcp::acceptor acceptor(io_, {boost::asio::ip::address_v4::loopback(), 0});
    tcp::socket calling(io_);
    calling.connect(acceptor.local_endpoint());
    if (std::string(GetParam()) == "tcp") {
      peer_.emplace(std::move(calling));
      stream_.emplace(acceptor.accept());
    } else {
      shake_hands(std::move(calling), acceptor.accept());
    }
    stream_->socket().set_option(tcp::socket::send_buffer_size(4096));
    peer_->socket().set_option(tcp::socket::receive_buffer_size(4096));
  }
  void shake_hands(tcp::socket calling, tcp::socket called) {
    peer_.emplace(std::move(calling), client_->context(), "127.0.0.1");
    io::tls::Stream served(std::move(called), secure_->context());
    std::optional<base::Status> ended;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    boost::asio::co_spawn(io_, io::tls::handshake(*peer_, deadline),
                          [&](const std::exception_ptr&, base::Status status) { ended = std::move(status); });
    EXPECT_TRUE(testing::run_task(io_, io::tls::handshake(served, deadline)));
    run([&] { return ended.has_value(); });
    EXPECT_TRUE(*ended);
    stream_.emplace(std::move(served));
  }
  // As Beast writes; true once it has completed.
  void write(const std::string& bytes, bool& done) {
    boost::asio::async_write(*stream_, boost::asio::buffer(bytes),
                             [&done, size = bytes.size()](error_code error, std::size_t n) {
                               EXPECT_FALSE(error);
                               EXPECT_EQ(n, size);
                               done = true;
                             });
  }
  void upgrade() {
    bool done = false;
    write(kAnswer, done);
    EXPECT_FALSE(done) << "never from inside";
    run([&] { return done; });
    EXPECT_EQ(read(kAnswer.size()), kAnswer);
  }
  template <class Until>
  void run(Until until) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    io_.restart();
    while (!until() && io_.run_one_until(deadline) > 0) {
    }
    ASSERT_TRUE(until());
  }
  std::string read(std::size_t size) {
    std::string bytes(size, '\0');
    bool done = false;
    boost::asio::async_read(*peer_, boost::asio::buffer(bytes), [&](error_code error, std::size_t) {
      EXPECT_FALSE(error) << error.message();
      done = true;
    });
    run([&] { return done; });
    return bytes;
  }
  // More than the kernel takes while the peer does not read.
  std::string fill() {
    std::string sent;
    const auto frame = make_frame(std::string(64 * 1024, 'f'));
    while (stream_->queue().empty()) {
      EXPECT_TRUE(stream_->push(frame));
      EXPECT_FALSE(stream_->flush());
      sent += *frame;
    }
    return sent;
  }

  // The peer reads as much as comes, from now on.
  void collect() {
    peer_->async_read_some(boost::asio::buffer(piece_), [this](error_code error, std::size_t n) {
      got_.append(piece_, 0, n);
      if (!error) collect();
    });
  }

  const std::string kAnswer = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
  const std::string kPong = "\x8A\x01p";
  const std::string kClose = "\x88\x02\x03\xE8";
  boost::asio::io_context io_;
  base::Log log_{"test", base::Level::error};
  testing::Authority authority_;
  testing::TlsFiles files_{authority_.issue(), authority_.certificate()};
  std::unique_ptr<io::tls::Source> secure_ = testing::source_of(io_, log_, files_.server());
  std::unique_ptr<io::tls::Source> client_ =
      testing::source_of(io_, log_, files_.client_without_certificate({io::tls::Peer::Check::ca_and_host, {}}));
  std::optional<io::tls::Stream> peer_;
  std::optional<OrderedStream> stream_;
  std::string piece_ = std::string(16 * 1024, '\0');
  std::string got_;
};

INSTANTIATE_TEST_SUITE_P(Over, OrderedStreamTest, ::testing::Values("tcp", "tls"),
                         [](const auto& over) { return std::string(over.param); });

TEST_P(OrderedStreamTest, ManyFramesLeaveInTheirOrder) {
  upgrade();
  std::string sent;
  for (int i = 0; i < 200; ++i) {
    const auto frame = make_frame(std::to_string(i));
    ASSERT_TRUE(stream_->push(frame));
    sent += *frame;
  }
  EXPECT_FALSE(stream_->flush());
  EXPECT_TRUE(stream_->queue().empty());
  EXPECT_EQ(read(sent.size()), sent);
}

TEST_P(OrderedStreamTest, WhatBeastWritesWaitsForTheFramesBeforeItAndCompletesWhenItHasLeft) {
  upgrade();
  auto sent = fill();
  bool done = false;
  write(kPong, done);
  const auto after = make_frame("after");
  ASSERT_TRUE(stream_->push(after));
  io_.restart();
  io_.poll();
  EXPECT_FALSE(done) << "the socket takes no more";
  collect();
  run([&] { return done; });
  sent += kPong + *after;
  // Whoever pushed is who flushes.
  while (!stream_->all_left()) {
    ASSERT_FALSE(stream_->flush());
    io_.poll();
  }
  run([&] { return got_.size() >= sent.size(); });
  EXPECT_TRUE(got_ == sent);
}

TEST_P(OrderedStreamTest, NothingFollowsACloseFrame) {
  upgrade();
  bool done = false;
  const auto before = make_frame("before");
  ASSERT_TRUE(stream_->push(before));
  write(kClose, done);
  EXPECT_TRUE(stream_->closing());
  EXPECT_TRUE(stream_->push(make_frame("after")));
  bool pong = false;
  write(kPong, pong);
  run([&] { return done && pong; });
  stream_->socket().shutdown(tcp::socket::shutdown_send);
  const auto sent = *before + kClose;
  EXPECT_EQ(read(sent.size()), sent);
  char more = 0;
  std::optional<error_code> ended;
  peer_->async_read_some(boost::asio::buffer(&more, 1), [&](error_code error, std::size_t) { ended = error; });
  run([&] { return ended.has_value(); });
  EXPECT_EQ(ended, boost::asio::error::eof);
}

TEST_P(OrderedStreamTest, WhatWasDroppedCompletesToo) {
  upgrade();
  fill();
  bool pong = false;
  bool done = false;
  write(kPong, pong);
  stream_->drop_waiting();
  write(kClose, done);
  collect();
  run([&] { return pong && done && stream_->queue().empty(); });
}

TEST_P(OrderedStreamTest, SaysWhenThePeerHasGone) {
  upgrade();
  peer_->socket().set_option(tcp::socket::linger(true, 0));
  peer_->socket().close();
  error_code error;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!error && std::chrono::steady_clock::now() < deadline) {
    ASSERT_TRUE(stream_->push(make_frame("x")));
    error = stream_->flush();
  }
  EXPECT_TRUE(error);
}

}  // namespace
}  // namespace chat::gateway
