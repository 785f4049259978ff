#include "dataplane/base/tcp.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <vector>

namespace chat::base {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

class TcpCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "tcp"; }
  [[nodiscard]] std::string message(int code) const override {
    switch (static_cast<TcpErrc>(code)) {
      case TcpErrc::resolve:
        return "name not resolved";
      case TcpErrc::connect:
        return "not connected";
      case TcpErrc::timeout:
        return "not connected in time";
      case TcpErrc::listen:
        break;
    }
    return "can not listen";
  }
};

std::string shown(const HostPort& where) { return where.host + ":" + std::to_string(where.port); }

void set_option(int fd, int level, int name, int value) {
  // What a kernel does not know it does not do: these make failures visible sooner, nothing is wrong without them.
  (void)::setsockopt(fd, level, name, &value, sizeof value);
}

void set_usual_options(tcp::socket& socket) {
  int fd = socket.native_handle();
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 4);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 2);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 10'000);
}

// Shared with the handlers: a resolver can not be interrupted, so its handler may come long after the deadline.
struct Attempt {
  explicit Attempt(const boost::asio::any_io_executor& executor)
      : resolver(executor), socket(executor), deadline(executor) {}
  tcp::resolver resolver;
  tcp::socket socket;
  boost::asio::steady_timer deadline;  // cancelled by the handler of the step that is awaited
  std::vector<tcp::endpoint> endpoints;
  bool done = false;
  error_code error;

  void finish(const error_code& its_error) {
    error = its_error;
    done = true;
    deadline.cancel();
  }
};

void start_resolving(const std::shared_ptr<Attempt>& attempt, const HostPort& where) {
  error_code error;
  auto address = boost::asio::ip::make_address(where.host, error);
  if (!error) {
    attempt->endpoints.emplace_back(address, where.port);
    attempt->done = true;
    return;
  }
  attempt->resolver.async_resolve(where.host, std::to_string(where.port), tcp::resolver::numeric_service,
                                  [attempt](const error_code& failed, const tcp::resolver::results_type& results) {
                                    for (const auto& entry : results) attempt->endpoints.push_back(entry.endpoint());
                                    attempt->finish(failed);
                                  });
}

// False when the deadline came first.
Task<bool> finished(std::shared_ptr<Attempt> attempt, SteadyTime deadline) {
  if (!attempt->done) co_await sleep_until(attempt->deadline, deadline);
  bool done = attempt->done;
  attempt->done = false;
  co_return done;
}

bool out_of_resources(const error_code& error) {
  using namespace boost::system::errc;
  return error == too_many_files_open || error == too_many_files_open_in_system || error == no_buffer_space ||
         error == not_enough_memory;
}

}  // namespace

std::error_code make_error_code(TcpErrc code) {
  static const TcpCategory category;
  return {static_cast<int>(code), category};
}

Task<Result<tcp::socket>> connect_tcp(HostPort where, SteadyTime deadline) {
  auto executor = co_await boost::asio::this_coro::executor;
  auto attempt = std::make_shared<Attempt>(executor);
  start_resolving(attempt, where);
  bool in_time = co_await finished(attempt, deadline);
  if (!in_time) co_return fail(TcpErrc::timeout, shown(where) + ": the name was not resolved in time");
  if (attempt->error) co_return fail(TcpErrc::resolve, shown(where) + ": " + attempt->error.message());
  boost::asio::async_connect(attempt->socket, attempt->endpoints,
                             [attempt](const error_code& failed, const tcp::endpoint&) { attempt->finish(failed); });
  in_time = co_await finished(attempt, deadline);
  if (!in_time) {
    error_code ignored;
    attempt->socket.close(ignored);
    co_return fail(TcpErrc::timeout, shown(where) + ": not connected in time");
  }
  if (attempt->error) co_return fail(TcpErrc::connect, shown(where) + ": " + attempt->error.message());
  set_usual_options(attempt->socket);
  co_return std::move(attempt->socket);
}

Result<tcp::acceptor> listen_tcp(const boost::asio::any_io_executor& executor, const HostPort& where, bool reuse_port) {
  error_code error;
  auto failed = [&where, &error] { return fail(TcpErrc::listen, shown(where) + ": " + error.message()); };
  tcp::endpoint endpoint;
  auto address = boost::asio::ip::make_address(where.host, error);
  if (!error) {
    endpoint = tcp::endpoint(address, where.port);
  } else {
    tcp::resolver resolver(executor);
    auto results = resolver.resolve(where.host, std::to_string(where.port), tcp::resolver::passive, error);
    if (error || results.empty()) return failed();
    endpoint = results.begin()->endpoint();
  }
  tcp::acceptor acceptor(executor);
  acceptor.open(endpoint.protocol(), error);
  if (error) return failed();
  set_option(acceptor.native_handle(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (reuse_port) set_option(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, 1);
  acceptor.bind(endpoint, error);
  if (error) return failed();
  acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
  if (error) return failed();
  return acceptor;
}

Task<std::optional<tcp::socket>> accept_tcp(tcp::acceptor& acceptor, FileShortage* shortage) {
  boost::asio::steady_timer pause(acceptor.get_executor());
  while (acceptor.is_open()) {
    error_code error;
    tcp::socket socket = co_await acceptor.async_accept(boost::asio::redirect_error(boost::asio::use_awaitable, error));
    if (!error) {
      set_usual_options(socket);
      co_return std::move(socket);
    }
    // Others (a connection that was reset while it waited) concern that connection only.
    if (out_of_resources(error)) {
      const auto now = std::chrono::steady_clock::now();
      if (shortage != nullptr) *shortage = {shortage->times + 1, now};
      const auto when = now + std::chrono::milliseconds(50);
      co_await sleep_until(pause, when);
    }
  }
  co_return std::nullopt;
}

}  // namespace chat::base
