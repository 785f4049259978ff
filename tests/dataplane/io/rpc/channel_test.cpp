#include "dataplane/io/rpc/channel.hpp"

#include <gmock/gmock.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <thread>

#include "tests/support/eventually.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/run_task.hpp"

namespace chat::io::rpc {
namespace {

using boost::asio::ip::tcp;
using chat::testing::eventually;
using chat::testing::run_task;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A server that answers "echo …", keeps "hold" unanswered, and a client of it.
class ChannelTest : public ::testing::Test {
 protected:
  void serve() {
    server_.emplace(io_.get_executor(), log_, [this](const Peer& peer, std::uint64_t call, std::string_view payload) {
      if (payload == "hold") {
        held_.emplace_back(peer, call);
      } else if (call != 0) {
        peer.answer(call, "echo " + std::string(payload));
      }
    });
    auto port = server_->listen({"127.0.0.1", port_});
    ASSERT_TRUE(port) << port.error().message;
    port_ = *port;
  }
  void connect(ClientOptions options = {}) {
    options.where = {"127.0.0.1", port_};
    client_.emplace(io_.get_executor(), log_, options,
                    [this](std::string_view payload) { pushed_.emplace_back(payload); });
    client_->start();
    ASSERT_TRUE(eventually(io_, [this] { return client_->connected() && server_->peers() > 0; }));
  }
  base::Result<std::string> call(std::string payload, milliseconds timeout = seconds(5)) {
    return run_task(io_, client_->call(std::move(payload), timeout));
  }

  base::Log log_{"test", base::Level::error};
  boost::asio::io_context io_;
  std::uint16_t port_ = 0;
  std::vector<std::pair<Peer, std::uint64_t>> held_;
  std::vector<std::string> pushed_;
  std::optional<Server> server_;
  std::optional<Client> client_;
};

TEST_F(ChannelTest, AnswersGoToTheirCalls) {
  serve();
  connect();
  EXPECT_EQ(*call("hello"), "echo hello");
  EXPECT_EQ(*call(""), "echo ");
  std::string binary("\0\xFF\r\n", 4);
  EXPECT_EQ(*call(binary), "echo " + binary);
}

TEST_F(ChannelTest, ManyCallsInFlightAreAllAnswered) {
  serve();
  connect();
  int right = 0;
  for (int i = 0; i < 10'000; ++i) {
    auto text = std::to_string(i);
    client_->call(text, seconds(10), [&right, text](const base::Result<std::string>& answer) {
      if (answer && *answer == "echo " + text) ++right;
    });
  }
  EXPECT_EQ(right, 0);  // never from inside call()
  EXPECT_TRUE(eventually(io_, [&] { return right == 10'000; }));
}

TEST_F(ChannelTest, AnswersMayComeInAnyOrder) {
  serve();
  connect();
  std::vector<std::string> ended;
  for (int i = 0; i < 2; ++i)
    client_->call("hold", seconds(5), [&](const base::Result<std::string>& answer) { ended.push_back(*answer); });
  ASSERT_TRUE(eventually(io_, [&] { return held_.size() == 2; }));
  held_[1].first.answer(held_[1].second, "second");
  held_[0].first.answer(held_[0].second, "first");
  ASSERT_TRUE(eventually(io_, [&] { return ended.size() == 2; }));
  EXPECT_EQ(ended, (std::vector<std::string>{"second", "first"}));
}

TEST_F(ChannelTest, CallWithoutAnAnswerTimesOutAndALateOneIsIgnored) {
  serve();
  connect();
  auto late = call("hold", milliseconds(50));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::timeout);
  held_[0].first.answer(held_[0].second, "late");
  EXPECT_EQ(*call("next"), "echo next");
}

TEST_F(ChannelTest, ShortTimeoutIsKeptBehindALongOne) {
  serve();
  connect();
  client_->call("hold", seconds(60), [](const base::Result<std::string>&) {});
  auto began = std::chrono::steady_clock::now();
  EXPECT_FALSE(call("hold", milliseconds(50)));
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(2));
}

TEST_F(ChannelTest, ServerPushesToEveryPeer) {
  serve();
  connect();
  server_->push_to_all("news");
  ASSERT_TRUE(eventually(io_, [&] { return pushed_.size() == 1; }));
  EXPECT_EQ(pushed_[0], "news");
}

TEST_F(ChannelTest, CallsInFlightEndWithClosedWhenTheServerGoesAndTheClientReconnects) {
  serve();
  connect();
  std::optional<base::Result<std::string>> ended;
  client_->call("hold", seconds(30), [&](base::Result<std::string> answer) { ended = std::move(answer); });
  ASSERT_TRUE(eventually(io_, [&] { return held_.size() == 1; }));
  server_.reset();
  ASSERT_TRUE(eventually(io_, [&] { return ended.has_value(); }));
  ASSERT_FALSE(*ended);
  EXPECT_EQ(ended->error().code, Errc::closed);
  held_[0].first.answer(held_[0].second, "to nobody");  // a peer that has gone drops it
  auto away = call("x");
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, Errc::not_connected);
  serve();
  ASSERT_TRUE(eventually(io_, [&] { return client_->connected(); }));
  EXPECT_EQ(*call("again"), "echo again");
}

TEST_F(ChannelTest, StopEndsCallsInFlight) {
  serve();
  connect();
  int ended = 0;
  client_->call("hold", seconds(30), [&](const base::Result<std::string>& answer) {
    EXPECT_EQ(answer.error().code, Errc::closed);
    ++ended;
  });
  client_->stop();
  EXPECT_TRUE(eventually(io_, [&] { return ended == 1; }));
  EXPECT_FALSE(client_->connected());
}

TEST_F(ChannelTest, BoundsWhatIsInFlightAndQueued) {
  serve();
  ClientOptions options;
  options.max_in_flight = 2;
  connect(options);
  std::vector<std::error_code> ended;
  for (int i = 0; i < 3; ++i)
    client_->call("hold", milliseconds(200),
                  [&](const base::Result<std::string>& a) { ended.push_back(a.error().code); });
  ASSERT_TRUE(eventually(io_, [&] { return ended.size() == 3; }));
  EXPECT_EQ(ended[0], Errc::full);
  EXPECT_EQ(ended[1], Errc::timeout);
  client_.reset();
  options = {};
  options.max_queued_bytes = 1000;
  connect(options);
  auto full = call(std::string(2000, 'x'));
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Errc::full);
  EXPECT_TRUE(call("x"));
}

TEST_F(ChannelTest, LargestFramePassesAndALargerOneIsRefused) {
  serve();
  connect();
  auto large = call(std::string(kMaxFrameBytes - 8 - 5, 'x'));
  ASSERT_TRUE(large) << large.error().message;
  EXPECT_EQ(large->size(), kMaxFrameBytes - 8);
  auto refused = call(std::string(kMaxFrameBytes, 'x'));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::too_large);
  EXPECT_TRUE(call("x"));
}

TEST_F(ChannelTest, FramesThatCannotBeCloseTheirConnectionOnly) {
  serve();
  connect();
  for (std::string_view wrong :
       {std::string_view("\x01\x00\x00\x01........", 12), std::string_view("\0\0\0\x07.......", 11),
        std::string_view("\xFF\xFF\xFF\xFF........", 12)}) {
    tcp::socket raw(io_);
    raw.connect({boost::asio::ip::address_v4::loopback(), port_});
    boost::asio::write(raw, boost::asio::buffer(wrong.data(), wrong.size()));
    std::optional<boost::system::error_code> closed;
    char byte = 0;
    raw.async_read_some(boost::asio::buffer(&byte, 1),
                        [&](boost::system::error_code error, std::size_t) { closed = error; });
    EXPECT_TRUE(eventually(io_, [&] { return closed.has_value(); }));
    EXPECT_TRUE(closed && *closed);
  }
  EXPECT_TRUE(call("x"));
}

TEST_F(ChannelTest, FramesCutAnywhereAreReadWhole) {
  serve();
  tcp::socket raw(io_);
  raw.connect({boost::asio::ip::address_v4::loopback(), port_});
  raw.set_option(tcp::no_delay(true));
  const std::string frames("\0\0\0\x0A\0\0\0\0\0\0\0\x01hi\0\0\0\x09\0\0\0\0\0\0\0\x02!", 27);
  for (char byte : frames) {
    boost::asio::write(raw, boost::asio::buffer(&byte, 1));
    io_.run_for(milliseconds(1));
  }
  std::string answer(37, ' ');
  bool read = false;
  boost::asio::async_read(raw, boost::asio::buffer(answer),
                          [&](boost::system::error_code error, std::size_t) { read = !error; });
  ASSERT_TRUE(eventually(io_, [&] { return read; }));
  EXPECT_EQ(answer, std::string("\0\0\0\x0F\0\0\0\0\0\0\0\x01", 12) + "echo hi" +
                        std::string("\0\0\0\x0E\0\0\0\0\0\0\0\x02", 12) + "echo !");
}

TEST_F(ChannelTest, PeerThatDoesNotReadIsClosedAtItsBound) {
  serve();
  tcp::socket raw(io_);
  raw.connect({boost::asio::ip::address_v4::loopback(), port_});
  ASSERT_TRUE(eventually(io_, [&] { return server_->peers() == 1; }));
  const std::string megabyte(1024 * 1024, 'x');
  int pushed = 0;
  ASSERT_TRUE(eventually(io_, [&] {
    server_->push_to_all(megabyte);
    ++pushed;
    return server_->peers() == 0;
  }));
  EXPECT_GE(pushed, 60);
  EXPECT_LT(pushed, 120);
}

TEST_F(ChannelTest, StoppingServerStillSendsWhatItOwes) {
  serve();
  connect();
  std::optional<base::Result<std::string>> ended;
  client_->call("hold", seconds(30), [&](base::Result<std::string> answer) { ended = std::move(answer); });
  ASSERT_TRUE(eventually(io_, [&] { return held_.size() == 1; }));
  boost::asio::steady_timer timer(io_, milliseconds(100));
  timer.async_wait(
      [&](boost::system::error_code) { held_[0].first.answer(held_[0].second, std::string(5'000'000, 'x')); });
  auto began = std::chrono::steady_clock::now();
  run_task(io_, server_->stop(seconds(5)));
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(3));
  ASSERT_TRUE(eventually(io_, [&] { return ended.has_value(); }));
  ASSERT_TRUE(*ended) << ended->error().message;
  EXPECT_EQ((*ended)->size(), 5'000'000u);
}

TEST_F(ChannelTest, StoppingServerDoesNotWaitLongerThanItsGrace) {
  serve();
  connect();
  client_->call("hold", seconds(30), [](const base::Result<std::string>&) {});
  ASSERT_TRUE(eventually(io_, [&] { return held_.size() == 1; }));
  auto began = std::chrono::steady_clock::now();
  run_task(io_, server_->stop(milliseconds(200)));
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(2));
  EXPECT_EQ(server_->peers(), 0u);
}

}  // namespace
}  // namespace chat::io::rpc
