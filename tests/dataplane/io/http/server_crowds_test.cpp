// More connections than the server takes, than it has files for, than have said anything yet.
#include <sys/resource.h>
#include <unistd.h>

#include <deque>

#include "tests/dataplane/io/http/server_fixture.hpp"

namespace chat::io::http {
namespace {

using boost::asio::ip::tcp;
using chat::testing::eventually;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

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

}  // namespace
}  // namespace chat::io::http
