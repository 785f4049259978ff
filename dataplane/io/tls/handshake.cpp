#include "dataplane/io/tls/handshake.hpp"

namespace chat::io::tls {
namespace {

using Socket = Stream::Socket;
using boost::system::error_code;

// Shared with the socket's handler, which comes after the deadline has passed.
struct Waiting {
  explicit Waiting(const boost::asio::any_io_executor& executor) : timer(executor) {}
  boost::asio::steady_timer timer;
  error_code error;
  bool done = false;
};

// False where the deadline came first.
base::Task<bool> wait_for(Stream& stream, Session::Wants wants, base::SteadyTime deadline, error_code& error) {
  auto waiting = std::make_shared<Waiting>(stream.get_executor());
  stream.socket().async_wait(wants == Session::Wants::read ? Socket::wait_read : Socket::wait_write,
                             [waiting](const error_code& failed) {
                               waiting->error = failed;
                               waiting->done = true;
                               waiting->timer.cancel();
                             });
  co_await base::sleep_until(waiting->timer, deadline);
  error = waiting->error;
  co_return waiting->done;
}

}  // namespace

base::Task<base::Status> handshake(Stream& stream, base::SteadyTime deadline) {
  for (;;) {
    auto outcome = stream.session()->handshake();
    if (!outcome.error && outcome.wants == Session::Wants::nothing) co_return base::Status{};
    if (!outcome.error) {
      const bool in_time = co_await wait_for(stream, outcome.wants, deadline, outcome.error);
      if (!in_time) co_return base::fail(Errc::timeout, "no TLS handshake in time");
    }
    if (outcome.error) co_return base::fail(stream.session()->why_no_handshake(outcome));
  }
}

base::Task<base::Result<Stream>> connect(base::HostPort where, const Source* secure, base::SteadyTime deadline) {
  std::optional<Context> context;  // taken now: whoever asked may be gone when the socket is there
  if (secure != nullptr) context = secure->context();
  auto socket = co_await base::connect_tcp(where, deadline);
  if (!socket) co_return base::fail(std::move(socket).error());
  if (!context) co_return Stream(std::move(*socket));
  Stream stream(std::move(*socket), *context, where.host);
  auto shaken = co_await handshake(stream, deadline);
  if (shaken) co_return std::move(stream);
  auto error = std::move(shaken).error();
  error.message = where.host + ":" + std::to_string(where.port) + ": " + error.message;
  co_return base::fail(std::move(error));
}

}  // namespace chat::io::tls
