#include "dataplane/io/http/server.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <nlohmann/json.hpp>

#include "dataplane/io/http/client.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/run_task.hpp"

namespace chat::io::http {
namespace {

using boost::asio::ip::tcp;
using chat::testing::eventually;
using chat::testing::run_task;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

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
    return eventually(io_, [&] { return received.find(part) != std::string::npos; });
  }
  bool sees_close(milliseconds within = seconds(5)) {
    return eventually(
        io_, [&] { return closed; }, within);
  }
  tcp::socket& socket() { return socket_; }
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
  tcp::socket socket_;
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
    if (request.target() == "/slow") co_await base::sleep_until(slow_, steady_clock::now() + seconds(30));
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
    EXPECT_THAT(raw.received, StartsWith("HTTP/1.1 " + status));
    EXPECT_THAT(raw.received, HasSubstr("application/problem+json"));
    EXPECT_THAT(raw.received, HasSubstr("Connection: close"));
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

TEST_F(ServerTest, AnswersAndKeepsTheConnection) {
  serve();
  Raw raw(io_, port_);
  raw.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(raw.gets("GET /a 0 127.0.0.1"));
  raw.send("POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_TRUE(raw.gets("POST /b 5 127.0.0.1"));
  raw.send("POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
  EXPECT_TRUE(raw.gets("POST /c 7 127.0.0.1"));
  EXPECT_FALSE(raw.closed);
  raw.send("GET /d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(raw.sees_close());
  EXPECT_THAT(raw.received, HasSubstr("GET /d 0"));
  EXPECT_TRUE(eventually(io_, [&] { return server_->connections() == 0; }));
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  serve();
  Raw raw(io_, port_);
  std::string all;
  for (int i = 0; i < 50; ++i)
    all += "POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi";
  raw.send(all);
  ASSERT_TRUE(raw.gets("POST /49 2"));
  std::size_t at = 0;
  for (int i = 0; i < 50; ++i) {
    auto found = raw.received.find("POST /" + std::to_string(i) + " 2");
    ASSERT_NE(found, std::string::npos);
    EXPECT_GE(found, at);
    at = found;
  }
}

TEST_F(ServerTest, TakesARequestByteByByte) {
  serve();
  Raw raw(io_, port_);
  for (char byte : std::string("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")) {
    raw.send(std::string(1, byte));
    io_.run_for(milliseconds(1));
  }
  EXPECT_TRUE(raw.gets("POST /a 3"));
}

TEST_F(ServerTest, HeadGetsTheHeaderOnly) {
  serve();
  Raw raw(io_, port_);
  raw.send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(raw.gets("GET /b"));
  EXPECT_THAT(raw.received, HasSubstr("Content-Length: 19\r\n"));
  EXPECT_THAT(raw.received, Not(HasSubstr("HEAD /a 0")));
}

TEST_F(ServerTest, Http10IsClosedUnlessItAsksOtherwise) {
  serve();
  Raw once(io_, port_);
  once.send("GET /a HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(once.sees_close());
  EXPECT_THAT(once.received, HasSubstr("GET /a 0"));
  Raw kept(io_, port_);
  kept.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_TRUE(kept.gets("GET /a 0"));
  EXPECT_THAT(kept.received, HasSubstr("keep-alive"));
  kept.send("GET /b HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(kept.gets("GET /b 0"));
}

TEST_F(ServerTest, BadRequestsGetAProblem) {
  serve();
  for (const char* wrong : {"\x16\x03\x01\x02\x01\x01\x01\r\n\r\n", "GET\r\n\r\n", "GET /a HTTP/3.7\r\n\r\n",
                            "GET /a HTTP/1.1\r\nno colon\r\n\r\n", "GET /a HTTP/1.1\r\n: x\r\n\r\n",
                            "POST /a HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                            "POST /a HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                            "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    Raw raw(io_, port_);
    raw.send(wrong);
    SCOPED_TRACE(wrong);
    expect_problem(raw, "400", "bad_request");
  }
  EXPECT_EQ(handled_, 0);
}

TEST_F(ServerTest, HeaderBeyondItsLimitIs431) {
  ServerLimits limits;
  limits.header_bytes = 1000;
  serve(limits);
  Raw fits(io_, port_);
  fits.send("GET /a HTTP/1.1\r\nX: " + std::string(900, 'x') + "\r\n\r\n");
  EXPECT_TRUE(fits.gets("GET /a 0"));
  Raw finished(io_, port_);
  finished.send("GET /a HTTP/1.1\r\nX: " + std::string(1000, 'x') + "\r\n\r\n");
  expect_problem(finished, "431", "too_large");
  Raw endless(io_, port_);
  for (int i = 0; i < 300 && !endless.closed; ++i) {
    endless.send(std::string(1000, 'x'));
    io_.poll();
  }
  expect_problem(endless, "431", "too_large");
}

TEST_F(ServerTest, BodyBeyondItsLimitIs413EvenWhileItIsStillSent) {
  ServerLimits limits;
  limits.body_bytes = 100'000;
  serve(limits);
  Raw fits(io_, port_);
  fits.send("POST /a HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + std::string(100'000, 'x'));
  EXPECT_TRUE(fits.gets("POST /a 100000"));
  Raw announced(io_, port_);
  announced.send("POST /a HTTP/1.1\r\nContent-Length: 100001\r\n\r\n" + std::string(100'000, 'x'));
  ASSERT_TRUE(announced.gets("\"status\":413"));
  announced.socket().shutdown(tcp::socket::shutdown_send);
  expect_problem(announced, "413", "too_large");
  Raw chunked(io_, port_);
  chunked.send("POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 30; ++i) {
    chunked.send("2710\r\n" + std::string(10'000, 'x') + "\r\n");
    io_.poll();
  }
  ASSERT_TRUE(chunked.gets("\"status\":413"));
  chunked.socket().shutdown(tcp::socket::shutdown_send);
  expect_problem(chunked, "413", "too_large");
}

TEST_F(ServerTest, ExpectContinueIsAnsweredBeforeTheBody) {
  serve();
  Raw raw(io_, port_);
  raw.send("POST /a HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_TRUE(raw.gets("HTTP/1.1 100 Continue\r\n\r\n"));
  raw.send("hello");
  EXPECT_TRUE(raw.gets("POST /a 5"));
  Raw large(io_, port_);
  large.send("POST /a HTTP/1.1\r\nContent-Length: 50000000\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_TRUE(large.gets("413"));
  EXPECT_THAT(large.received, Not(HasSubstr("100 Continue")));
}

TEST_F(ServerTest, SlowRequestIs408AndASilentConnectionIsJustClosed) {
  ServerLimits limits;
  limits.read_timeout = seconds(1);
  limits.idle_timeout = seconds(1);
  serve(limits);
  Raw silent(io_, port_);
  Raw header(io_, port_);
  header.send("GET /a HTTP/1.1\r\nX: ");
  Raw body(io_, port_);
  body.send("POST /a HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc");
  Raw trickle(io_, port_);
  trickle.send("GET /a HTTP/1.1\r\n");
  for (int i = 0; i < 40 && !trickle.closed; ++i) {  // a byte now and then does not buy time
    io_.run_for(milliseconds(50));
    trickle.send("X");
  }
  expect_problem(header, "408", "bad_request");
  expect_problem(body, "408", "bad_request");
  EXPECT_TRUE(trickle.sees_close());
  EXPECT_TRUE(silent.sees_close());
  EXPECT_EQ(silent.received, "");
  EXPECT_TRUE(eventually(io_, [&] { return server_->connections() == 0; }));
}

TEST_F(ServerTest, ConnectionsBeyondTheLimitAreClosedAtOnce) {
  ServerLimits limits;
  limits.connections = 2;
  serve(limits);
  Raw first(io_, port_);
  Raw second(io_, port_);
  ASSERT_TRUE(eventually(io_, [&] { return server_->connections() == 2; }));
  Raw third(io_, port_);
  EXPECT_TRUE(third.sees_close());
  EXPECT_FALSE(first.closed);
}

TEST_F(ServerTest, WhoeverComesPastTheUnreadOnesWaitsForOneOfThem) {
  ServerLimits limits;
  limits.unread = 2;
  limits.unread_pause = std::chrono::hours(1);
  serve(limits);
  Raw first(io_, port_);
  Raw second(io_, port_);
  ASSERT_TRUE(eventually(io_, [&] { return server_->connections() == 2; }));
  Raw third(io_, port_);
  third.send("GET /third HTTP/1.1\r\n\r\n");
  first.send("GET /first HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(third.gets("GET /third"));
  EXPECT_EQ(server_->connections(), 3U);
  EXPECT_TRUE(first.gets("GET /first"));
}

TEST_F(ServerTest, ThoseWhoSayNothingKeepNobodyOut) {
  ServerLimits limits;
  limits.unread = 2;
  serve(limits);
  std::deque<Raw> silent;
  for (int i = 0; i < 7; ++i) silent.emplace_back(io_, port_);
  Raw raw(io_, port_);
  raw.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(raw.gets("GET /"));
  EXPECT_EQ(server_->connections(), 8U);
}

TEST_F(ServerTest, HandsTheSocketOverForAWebSocket) {
  serve({}, true);
  Raw raw(io_, port_);
  const std::string upgrade = "GET /v1/ws HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n";
  raw.send(upgrade);
  ASSERT_TRUE(raw.gets("101 Switching Protocols\r\n\r\nfrom /v1/ws|"));
  raw.send("frames");
  EXPECT_TRUE(raw.gets("|frames"));
  EXPECT_EQ(server_->connections(), 1u);
  Raw early(io_, port_);
  early.send(upgrade + "frames");
  expect_problem(early, "400", "bad_request");
  Raw other(io_, port_);
  other.send("GET /h2 HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
  EXPECT_TRUE(other.gets("GET /h2 0"));
  raw.socket().close();
  EXPECT_TRUE(eventually(io_, [&] { return server_->connections() == 1; }));
}

TEST_F(ServerTest, StopServesWhatIsBeingServedAndClosesTheIdle) {
  serve();
  Raw idle(io_, port_);
  idle.send("GET /a HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(idle.gets("GET /a 0"));
  Raw busy(io_, port_);
  busy.send("GET /slow HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(eventually(io_, [&] { return handled_ == 2; }));
  boost::asio::steady_timer release(io_, milliseconds(100));
  release.async_wait([this](boost::system::error_code) { slow_.cancel(); });
  run_task(io_, server_->stop(seconds(5)));
  EXPECT_TRUE(busy.sees_close());
  EXPECT_THAT(busy.received, HasSubstr("GET /slow 0"));
  EXPECT_THAT(busy.received, HasSubstr("Connection: close"));
  EXPECT_TRUE(idle.sees_close());
  EXPECT_EQ(server_->connections(), 0u);
  tcp::socket late(io_);
  boost::system::error_code error;
  late.connect({boost::asio::ip::address_v4::loopback(), port_}, error);
  EXPECT_EQ(error, boost::asio::error::connection_refused);
}

TEST_F(ServerTest, StopGivesUpAfterItsGrace) {
  serve();
  Raw busy(io_, port_);
  busy.send("GET /slow HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(eventually(io_, [&] { return handled_ == 1; }));
  auto began = steady_clock::now();
  run_task(io_, server_->stop(milliseconds(200)));
  EXPECT_LT(steady_clock::now() - began, seconds(3));
  EXPECT_TRUE(busy.sees_close());
  slow_.cancel();
  EXPECT_TRUE(eventually(io_, [&] { return server_->connections() == 0; }));
}

TEST_F(ServerTest, OutOfFilesItWaitsWithoutSpinningAndGoesOn) {
  serve();
  Raw client(io_, port_);
  client.send("GET /a HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(client.gets("GET /a 0"));
  tcp::socket waiting(io_, tcp::v4());
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 3;  // what is open stays open; nothing more can be opened
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  boost::system::error_code error;
  waiting.connect({boost::asio::ip::address_v4::loopback(), port_}, error);
  std::size_t turns = 0;
  auto until = steady_clock::now() + milliseconds(500);
  while (steady_clock::now() < until) turns += io_.run_one_until(until);
  client.send("GET /b HTTP/1.1\r\n\r\n");
  bool still_serves = client.gets("GET /b 0");
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_FALSE(error);
  EXPECT_TRUE(still_serves);
  EXPECT_LT(turns, 200u);
  boost::asio::write(waiting, boost::asio::buffer(std::string("GET /c HTTP/1.1\r\n\r\n")));
  EXPECT_TRUE(eventually(io_, [&] { return handled_ == 3; }));
}

TEST_F(ServerTest, TheLastFilesAreNotForConnections) {
  ServerLimits limits;
  limits.leaves_files = true;
  serve(limits);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit few = before;
  few.rlim_cur = 80;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  std::deque<Raw> clients;  // of this process too: each connection takes two files
  while (clients.size() < 40 && server_->file_shortage().times == 0) {
    clients.emplace_back(io_, port_);
    clients.back().send("GET /a HTTP/1.1\r\n\r\n");
    if (!clients.back().gets("HTTP/1.1 ")) break;
  }
  const bool told = clients.back().gets("try again, or another one");
  clients.front().send("GET /b HTTP/1.1\r\n\r\n");
  const bool others_go_on = clients.front().gets("GET /b 0");
  const int left = ::dup(0);
  ::close(left);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(told);
  EXPECT_TRUE(others_go_on);
  EXPECT_GT(left, 0);
  EXPECT_LT(left, 80);
  EXPECT_LT(clients.size(), 40u);
  expect_problem(clients.back(), "503", "unavailable");
}

TEST_F(ServerTest, ClientsThatLeaveAnywhereLeaveNothingBehind) {
  serve();
  const std::string request = "POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello";
  for (std::size_t cut = 0; cut <= request.size(); cut += 3) {
    Raw raw(io_, port_);
    raw.send(request.substr(0, cut));
    io_.run_for(milliseconds(1));
    raw.socket().close();
  }
  EXPECT_TRUE(eventually(io_, [&] { return server_->connections() == 0; }));
}

TEST_F(ServerTest, FetchReadsAnAnswer) {
  serve();
  auto response = run_task(io_, fetch({"127.0.0.1", port_}, put_json("/map", "{}", "token"), seconds(5)));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->result_int(), 200u);
  EXPECT_EQ(response->body(), "PUT /map 2 127.0.0.1");
}

TEST_F(ServerTest, FetchNamesWhatWentWrong) {
  serve();
  auto late = run_task(io_, fetch({"127.0.0.1", port_}, get("/slow"), milliseconds(200)));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ClientErrc::timeout);
  auto large = run_task(io_, fetch({"127.0.0.1", port_}, get("/a"), seconds(5), 3));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, ClientErrc::receive);
  slow_.cancel();
  run_task(io_, server_->stop(seconds(1)));
  auto refused = run_task(io_, fetch({"127.0.0.1", port_}, get("/a"), seconds(5)));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ClientErrc::connect);
}

}  // namespace
}  // namespace chat::io::http
