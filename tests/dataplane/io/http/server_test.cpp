#include "dataplane/io/http/server.hpp"

#include "dataplane/io/http/client.hpp"
#include "tests/dataplane/io/http/server_fixture.hpp"
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

TEST_F(ServerTest, TakesAChunkedBodyByteByByte) {
  serve();
  Raw raw(io_, port_);
  const std::string head = " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (char byte : "POST /none" + head + "0\r\n\r\n" + "POST /trailer" + head + "0;a=b\r\nT: x\r\n\r\n" + "POST /two" +
                       head + "3\r\nabc\r\n1;a\r\nd\r\n0\r\n\r\n") {
    raw.send(std::string(1, byte));
    io_.run_for(milliseconds(1));
  }
  EXPECT_TRUE(raw.gets("POST /none 0"));
  EXPECT_TRUE(raw.gets("POST /trailer 0"));
  EXPECT_TRUE(raw.gets("POST /two 4"));
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
