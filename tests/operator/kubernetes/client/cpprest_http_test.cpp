#include "operator/kubernetes/client/cpprest_http.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <thread>

#include "tests/support/eventually.hpp"
#include "tests/support/run_task.hpp"

namespace chatop::kubernetes {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Answers each connection's first request with `head`, then sends `pieces` of 64 KiB in chunks, then ends it. On a
// thread of its own. `silent`: says nothing more, or nothing at all, and keeps the connection.
class PlainServer {
 public:
  PlainServer(std::string head, std::size_t pieces, bool silent = false)
      : acceptor_(io_, {boost::asio::ip::address_v4::loopback(), 0}) {
    address_ = "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
    thread_ = std::thread([this, head = std::move(head), pieces, silent] { serve(head, pieces, silent); });
  }
  ~PlainServer() {
    stopping_ = true;
    error_code ignored;
    tcp::socket last(io_);
    last.connect({boost::asio::ip::address_v4::loopback(), acceptor_.local_endpoint().port()}, ignored);
    thread_.join();
  }
  PlainServer(const PlainServer&) = delete;
  PlainServer& operator=(const PlainServer&) = delete;
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] std::size_t sent() const { return sent_; }
  [[nodiscard]] std::string last_request() const { return request_; }  // once it was answered

 private:
  void serve(const std::string& head, std::size_t pieces, bool silent) {
    std::vector<std::unique_ptr<tcp::socket>> kept;
    while (!stopping_) {
      auto socket = std::make_unique<tcp::socket>(acceptor_.accept());
      if (stopping_) return;
      error_code failed;
      boost::asio::streambuf request;
      if (!head.empty()) {
        auto size = boost::asio::read_until(*socket, request, "\r\n\r\n", failed);
        request_.assign(boost::asio::buffers_begin(request.data()),
                        boost::asio::buffers_begin(request.data()) + static_cast<std::ptrdiff_t>(size));
        boost::asio::write(*socket, boost::asio::buffer(head), failed);
      }
      const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
      for (std::size_t i = 0; i < pieces && !failed; ++i)
        sent_ += boost::asio::write(*socket, boost::asio::buffer(chunk), failed);
      if (pieces > 0 && !failed) boost::asio::write(*socket, boost::asio::buffer("0\r\n\r\n", 5), failed);
      if (silent) kept.push_back(std::move(socket));
    }
  }
  boost::asio::io_context io_;
  tcp::acceptor acceptor_;
  std::string address_;
  std::string request_;
  std::atomic<std::size_t> sent_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

const std::string kChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";

class CpprestHttpTest : public ::testing::Test {
 protected:
  std::unique_ptr<CpprestHttp> connect(const PlainServer& server, const std::string& token = {}) {
    Access access;
    access.server = server.address();
    access.token.text = token;
    return std::make_unique<CpprestHttp>(io_.get_executor(), access, clock_);
  }
  Request get(std::size_t most_bytes = 1024UL * 1024, milliseconds within = seconds(60)) {
    Request request;
    request.method = "GET";
    request.target = "/api?x=a%2Fb";
    request.deadline = clock_.steady() + within;
    request.most_bytes = most_bytes;
    return request;
  }
  template <class T>
  T run(chat::base::Task<T> task) {
    return chat::testing::run_task(io_, std::move(task), seconds(120));
  }
  boost::asio::io_context io_;
  chat::base::SystemClock clock_;
};

TEST_F(CpprestHttpTest, BringsAnAnswerWhateverItsStatus) {
  PlainServer server("HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbusy",
                     0);
  auto http = connect(server);
  auto answer = run(http->send(get()));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 429);
  EXPECT_EQ(answer->body, "busy");
  EXPECT_EQ(answer->retry_after, "7");
  EXPECT_NE(server.last_request().find("GET /api?x=a%2Fb HTTP/1.1\r\n"), std::string::npos) << server.last_request();
}

TEST_F(CpprestHttpTest, ATokenIsNotToldToWhoCanNotProveWhoHeIs) {
  PlainServer server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}", 0);
  ASSERT_TRUE(run(connect(server, "secret")->send(get())));
  EXPECT_EQ(server.last_request().find("secret"), std::string::npos);
}

TEST_F(CpprestHttpTest, ARedirectIsNotFollowed) {
  PlainServer server(
      "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 0);
  auto answer = run(connect(server)->send(get()));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 302);
}

TEST_F(CpprestHttpTest, ABodyBeyondItsBoundIsRefused) {
  PlainServer server(kChunked, 100);
  auto answer = run(connect(server)->send(get(1024UL * 1024)));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ApiErrc::malformed);
}

TEST_F(CpprestHttpTest, ABodyWithinItsBoundIsWhole) {
  PlainServer server(kChunked, 100);
  auto answer = run(connect(server)->send(get(100UL * 0x10000)));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, std::string(100UL * 0x10000, 'x'));
}

TEST_F(CpprestHttpTest, ACallEndsAtItsDeadline) {
  PlainServer server("", 0, true);
  auto http = connect(server);
  auto answer = run(http->send(get(1, milliseconds(200))));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ApiErrc::unreachable);
}

TEST_F(CpprestHttpTest, AReaderWhoDoesNotReadHoldsTheSenderBack) {
  constexpr std::size_t kPieces = 1'024;  // 64 MiB
  PlainServer server(kChunked, kPieces);
  auto http = connect(server);
  auto stream = run(http->open(get(1024UL * 1024), seconds(60)));
  ASSERT_TRUE(stream) << stream.error().message;
  std::size_t before = 0;
  auto looked = clock_.steady();
  ASSERT_TRUE(chat::testing::eventually(
      [&] {  // until nothing more was sent for a while
        if (server.sent() != before) looked = clock_.steady();
        before = server.sent();
        return before > 0 && clock_.steady() - looked > milliseconds(500);
      },
      seconds(60)));
  EXPECT_LT(server.sent(), kPieces * 0x10000 / 2) << "what waits is bounded; the rest is with its sender";
  std::size_t read = 0;
  for (auto part = run((*stream)->read()); part && !part->empty(); part = run((*stream)->read())) read += part->size();
  EXPECT_EQ(read, kPieces * 0x10000) << "and nothing is lost";
}

TEST_F(CpprestHttpTest, AStreamThatIsSilentTooLongFails) {
  PlainServer server("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", 0, true);
  auto http = connect(server);
  auto stream = run(http->open(get(), seconds(1)));
  ASSERT_TRUE(stream) << stream.error().message;
  EXPECT_FALSE(run((*stream)->read()));
}

TEST_F(CpprestHttpTest, AStreamThatIsRefusedSaysWhy) {
  PlainServer server("HTTP/1.1 410 Gone\r\nContent-Length: 21\r\nConnection: close\r\n\r\n{\"message\":\"too old\"}",
                     0);
  auto stream = run(connect(server)->open(get(), seconds(60)));
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().code, ApiErrc::gone);
  EXPECT_EQ(stream.error().message, "too old");
}

TEST_F(CpprestHttpTest, ItsEndEndsWhatIsUnderWay) {
  PlainServer server(kChunked, 1'000'000);
  auto http = connect(server);
  auto stream = run(http->open(get(), seconds(60)));
  ASSERT_TRUE(stream) << stream.error().message;
  http.reset();
  auto last = run((*stream)->read());
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().code, ApiErrc::unreachable);
}

TEST_F(CpprestHttpTest, AServerThatIsNotThereIsUnreachable) {
  std::unique_ptr<CpprestHttp> http;
  {
    PlainServer server("", 0);
    http = connect(server);
  }
  EXPECT_EQ(run(http->send(get())).error().code, ApiErrc::unreachable);
}

}  // namespace
}  // namespace chatop::kubernetes
