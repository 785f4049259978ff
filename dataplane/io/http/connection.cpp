#include "dataplane/io/http/connection.hpp"

#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/write.hpp>

#include "dataplane/io/http/problem.hpp"
#include "dataplane/io/tls/handshake.hpp"

namespace chat::io::http {
namespace {

namespace beast = boost::beast;
using boost::asio::redirect_error;
using boost::asio::use_awaitable;
using boost::system::error_code;

constexpr std::size_t kFirstRead = 1024;
constexpr std::size_t kReadAhead = 64 * 1024;             // what may lie in the buffer beside a header
constexpr std::size_t kMostDiscarded = 16 * 1024 * 1024;  // while lingering
constexpr std::chrono::milliseconds kLinger{2000};
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

Connection::Connection(tls::Stream stream, const ServerLimits& limits)
    : stream_(std::move(stream)),
      limits_(limits),
      timer_(stream_.get_executor()),
      buffer_(limits.header_bytes + kReadAhead) {}

// A deadline for reading only ends the reading side, so that the answer (408) can still be sent.
void Connection::expire_after(std::chrono::milliseconds time, Expiry what) {
  auto turn = ++timer_turn_;
  timer_.expires_after(time);
  timer_.async_wait([self = shared_from_this(), turn, what](const error_code& error) {
    if (error || turn != self->timer_turn_) return;
    self->timed_out_ = true;
    error_code ignored;
    if (what == Expiry::close) {
      self->stream_.socket().close(ignored);
    } else {
      self->stream_.socket().shutdown(boost::asio::socket_base::shutdown_receive, ignored);
    }
  });
}

base::Task<bool> Connection::shake_hands(tls::HandshakeSlots& slots) {
  const auto now = std::chrono::steady_clock::now();
  auto slot = slots.take(now, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->close();
  });
  if (!slot) co_return false;
  const auto deadline = now + limits_.handshake_timeout;
  auto shaken = co_await tls::handshake(stream_, deadline);
  slot.reset();
  if (!shaken && shaken.error().code == tls::Errc::not_tls) co_await refuse_plain();
  co_return shaken.has_value();
}

base::Task<> Connection::refuse_plain() {
  stream_ = tls::Stream(stream_.take_socket());
  auto response = problem(status::bad_request, "bad_request", "this port speaks TLS: use https:// or wss://");
  response.keep_alive(false);
  const bool sent = co_await write(response, false);
  if (sent) co_await linger();
}

base::Task<Connection::Next> Connection::read() {
  bool begun = true;
  if (buffer_.size() == 0) begun = co_await first_bytes();
  if (!begun) co_return tl::unexpected<std::optional<Response>>(std::nullopt);
  expire_after(limits_.read_timeout, Expiry::end_reading);
  auto next = co_await read_message();
  ++timer_turn_;
  timer_.cancel();
  co_return next;
}

base::Task<bool> Connection::first_bytes() {
  idle_ = true;
  buffer_.shrink_to_fit();
  expire_after(limits_.idle_timeout, Expiry::close);
  error_code error;
  auto got = co_await stream_.async_read_some(buffer_.prepare(kFirstRead), redirect_error(use_awaitable, error));
  buffer_.commit(got);
  idle_ = false;
  co_return !error && !timed_out_;
}

base::Task<Connection::Next> Connection::read_message() {
  beast::http::request_parser<beast::http::string_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
  parser.body_limit(limits_.body_bytes);
  error_code error;
  co_await beast::http::async_read_header(stream_, buffer_, parser, redirect_error(use_awaitable, error));
  if (error) co_return refusal(error);
  if (!parser.is_done() && beast::iequals(parser.get()[field::expect], "100-continue")) {
    co_await boost::asio::async_write(stream_, boost::asio::buffer(kContinue), redirect_error(use_awaitable, error));
    if (error) co_return refusal(error);
  }
  if (!parser.is_done())
    co_await beast::http::async_read(stream_, buffer_, parser, redirect_error(use_awaitable, error));
  if (error) co_return refusal(error);
  co_return parser.release();
}

Connection::Next Connection::refusal(const error_code& failure) const {
  using beast::http::error;
  auto refuse = [](status code, std::string_view name, std::string_view detail) {
    return tl::unexpected<std::optional<Response>>(problem(code, name, detail));
  };
  if (timed_out_) return refuse(status::request_timeout, "bad_request", "the request did not arrive whole in time");
  if (failure == error::header_limit || failure == error::buffer_overflow)
    return refuse(status::request_header_fields_too_large, "too_large", "the request's header is too large");
  if (failure == error::body_limit)
    return refuse(status::payload_too_large, "too_large", "the request's body is too large");
  bool gone = failure == error::end_of_stream || failure == error::partial_message;
  if (gone || failure.category() != make_error_code(error::bad_method).category())
    return tl::unexpected<std::optional<Response>>(std::nullopt);
  return refuse(status::bad_request, "bad_request", "not a valid HTTP request: " + failure.message());
}

base::Task<bool> Connection::write(Response& response, bool head) {
  expire_after(limits_.write_timeout, Expiry::close);
  error_code error;
  if (head) {
    beast::http::response_serializer<beast::http::string_body> serializer(response);
    co_await beast::http::async_write_header(stream_, serializer, redirect_error(use_awaitable, error));
  } else {
    co_await beast::http::async_write(stream_, response, redirect_error(use_awaitable, error));
  }
  ++timer_turn_;
  timer_.cancel();
  co_return !error;
}

base::Task<> Connection::linger() {
  error_code error;
  stream_.end_sending(error);
  expire_after(kLinger, Expiry::close);
  buffer_.clear();
  std::size_t discarded = 0;
  while (!error && discarded < kMostDiscarded) {
    auto got = co_await stream_.async_read_some(buffer_.prepare(kReadAhead), redirect_error(use_awaitable, error));
    discarded += got;
  }
  close();
}

tls::Stream Connection::take_stream() {
  ++timer_turn_;
  timer_.cancel();
  return std::move(stream_);
}

void Connection::close() {
  ++timer_turn_;
  timer_.cancel();
  error_code ignored;
  stream_.socket().close(ignored);
}

}  // namespace chat::io::http
