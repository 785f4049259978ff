// Bytes to a real server over loopback, in pieces, perhaps read late: what comes back are whole answers in order, no
// more than were asked for, an upgrade comes last, and nothing of the connection is left behind.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/beast/http/parser.hpp>
#include <string>

#include "dataplane/io/http/server.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/input.hpp"
#include "tests/fuzz/run_ready.hpp"

namespace {

namespace beast = boost::beast;
using namespace chat;
using io::http::Request;
using io::http::Response;

// Never destroyed: it ends with the process.
struct Host {
  boost::asio::io_context io;
  base::Log log{"fuzz", base::Level::error};
  io::http::Server server{io.get_executor(), log, limits()};
  std::uint16_t port = 0;
  std::size_t asked = 0;
  std::size_t upgraded = 0;
  bool head = false;  // one was asked for: its answer says a length, and has no body

  Host() {
    server.serve([this](Request request, io::http::Peer) { return answer(std::move(request)); },
                 [this](io::tls::Stream stream, Request, io::http::Peer) { return upgrade(std::move(stream)); });
    const auto listening = server.listen({"127.0.0.1", 0}, false);
    FUZZ_CHECK(listening);
    port = *listening;
    run();
  }
  static io::http::ServerLimits limits() {
    io::http::ServerLimits limits;
    limits.header_bytes = 1024;
    limits.body_bytes = 2048;
    return limits;
  }
  base::Task<Response> answer(Request request) {
    ++asked;
    head = head || request.method() == io::http::verb::head;
    FUZZ_CHECK(upgraded == 0 && request.body().size() <= limits().body_bytes);
    auto response = io::http::reply(request, io::http::status::ok, request.body(), "text/plain");
    co_return response;
  }
  base::Task<> upgrade(io::tls::Stream stream) {
    FUZZ_CHECK(stream.socket().is_open());
    ++upgraded;
    co_return;
  }
  void run() { chat::fuzz::run_ready(io); }
};

Host& one_host() {
  static auto* one = new Host;  // NOLINT(cppcoreguidelines-owning-memory): as it says
  return *one;
}

class Client {
 public:
  explicit Client(Host& at) : host_(at), socket_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
    host_.asked = host_.upgraded = 0;
    host_.head = false;
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(host_.port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* address = reinterpret_cast<const sockaddr*>(&to);  // what the call is made for
    FUZZ_CHECK(socket_ >= 0 && (::connect(socket_, address, sizeof(to)) == 0 || errno == EINPROGRESS));
    while (host_.server.connections() == 0) host_.io.run_one();
  }
  void talk(chat::fuzz::Input input) {
    const std::size_t piece = 1U + input.byte() * 4U;
    const bool reads_late = (input.byte() & 1U) != 0;
    while (!input.empty() && write(input.take(piece))) {
      if (!reads_late) read();
    }
    ::shutdown(socket_, SHUT_WR);
    host_.run();
    read();
    const linger at_once{1, 0};  // no port is kept back for a minute
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    ::close(socket_);
    while (host_.server.connections() > 0) host_.io.run_one();
    if (!host_.head) judge();
  }

 private:
  bool write(std::string_view bytes) {
    const auto gone = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    host_.run();
    return gone == static_cast<ssize_t>(bytes.size());
  }
  void read() {
    std::array<char, 16 * 1024> part{};
    for (ssize_t got = 1; got > 0; host_.run()) {
      got = ::recv(socket_, part.data(), part.size(), 0);
      if (got > 0) answers_.append(part.data(), static_cast<std::size_t>(got));
    }
  }
  // Each answer is well formed. There is one a request, and at most one more that says what is wrong with the last.
  void judge() const {
    std::string_view rest = answers_;
    std::size_t answers = 0;
    while (!rest.empty()) {
      if (rest.starts_with("HTTP/1.1 100 Continue\r\n\r\n")) {
        rest.remove_prefix(rest.find("\r\n\r\n") + 4);
        continue;
      }
      beast::http::response_parser<beast::http::string_body> parser;
      parser.eager(true);
      beast::error_code error;
      const auto used = parser.put(boost::asio::buffer(rest), error);
      if (error == beast::http::error::need_more) return;  // cut off by our end of it
      FUZZ_CHECK(!error);
      ++answers;
      rest.remove_prefix(used);
      if (!parser.is_done()) return;
    }
    FUZZ_CHECK(answers <= host_.asked + 1);
  }

  Host& host_;
  int socket_;
  std::string answers_;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Client client(one_host());
  client.talk({data, size});
  return 0;
}
