#include "dataplane/io/http/client.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include "dataplane/io/tls/handshake.hpp"

namespace chat::io::http {
namespace {

namespace beast = boost::beast;

class ClientCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "http client"; }
  [[nodiscard]] std::string message(int code) const override {
    switch (static_cast<ClientErrc>(code)) {
      case ClientErrc::resolve:
        return "name not resolved";
      case ClientErrc::connect:
        return "not connected";
      case ClientErrc::send:
        return "request not sent";
      case ClientErrc::receive:
        return "answer not received";
      case ClientErrc::timeout:
        break;
    }
    return "no answer in time";
  }
};

ClientErrc stage_of(const std::error_code& code) {
  if (code == base::TcpErrc::resolve) return ClientErrc::resolve;
  if (code == base::TcpErrc::timeout || code == tls::Errc::timeout) return ClientErrc::timeout;
  return ClientErrc::connect;
}

// The stream of one request, closed when its time is over. Shared with the timer's handler, which may come late.
struct Exchange : std::enable_shared_from_this<Exchange> {
  explicit Exchange(tls::Stream its_stream) : stream(std::move(its_stream)), timer(stream.get_executor()) {}
  void start(base::SteadyTime when) {
    timer.expires_at(when);
    timer.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
      if (!cancelled) self->passed = true;
      boost::system::error_code ignored;
      self->stream.socket().close(ignored);
    });
  }
  tls::Stream stream;
  boost::asio::steady_timer timer;
  bool passed = false;
};

struct Ended {
  Exchange& exchange;
  ~Ended() { exchange.timer.cancel(); }
};

Request request_of(verb method, std::string_view target, std::string body, std::string_view bearer) {
  Request request(method, beast::string_view(target.data(), target.size()), 11);
  if (!bearer.empty()) request.set(field::authorization, "Bearer " + std::string(bearer));
  if (method != verb::get) request.set(field::content_type, "application/json");
  request.body() = std::move(body);
  return request;
}

}  // namespace

std::error_code make_error_code(ClientErrc code) {
  static const ClientCategory category;
  return {static_cast<int>(code), category};
}

base::Task<base::Result<Response>> fetch(base::HostPort where, Request request, std::chrono::milliseconds timeout,
                                         std::size_t body_bytes, const tls::Source* secure) {
  auto shown = where.host + ":" + std::to_string(where.port);
  auto deadline = std::chrono::steady_clock::now() + timeout;
  auto connected = co_await tls::connect(where, secure, deadline);
  if (!connected) co_return base::fail(stage_of(connected.error().code), connected.error().message);
  if (request.find(field::host) == request.end()) request.set(field::host, shown);
  request.keep_alive(false);
  request.prepare_payload();

  auto exchange = std::make_shared<Exchange>(std::move(*connected));
  exchange->start(deadline);
  const Ended ended{*exchange};
  auto& stream = exchange->stream;
  boost::system::error_code error;
  co_await beast::http::async_write(stream, request, boost::asio::redirect_error(boost::asio::use_awaitable, error));
  if (error && exchange->passed) co_return base::fail(ClientErrc::timeout, shown + ": not sent in time");
  // A server may refuse and answer before it has read all: the answer is worth reading then.
  bool sent = !error;
  auto send_error = error.message();

  beast::flat_buffer buffer;
  beast::http::response_parser<beast::http::string_body> parser;
  parser.body_limit(body_bytes);
  if (request.method() == verb::head) parser.skip(true);
  error = {};
  // The header by itself first: Beast 1.74 forgets that the body is too large when it parses both in one go.
  co_await beast::http::async_read_header(stream, buffer, parser,
                                          boost::asio::redirect_error(boost::asio::use_awaitable, error));
  if (!error && !parser.is_done())
    co_await beast::http::async_read(stream, buffer, parser,
                                     boost::asio::redirect_error(boost::asio::use_awaitable, error));
  if (error && exchange->passed) co_return base::fail(ClientErrc::timeout, shown + ": no answer in time");
  if (error && !sent) co_return base::fail(ClientErrc::send, shown + ": " + send_error);
  if (error) co_return base::fail(ClientErrc::receive, shown + ": " + error.message());
  co_return parser.release();
}

Request get(std::string_view target, std::string_view bearer) { return request_of(verb::get, target, {}, bearer); }
Request put_json(std::string_view target, std::string body, std::string_view bearer) {
  return request_of(verb::put, target, std::move(body), bearer);
}
Request post_json(std::string_view target, std::string body, std::string_view bearer) {
  return request_of(verb::post, target, std::move(body), bearer);
}

}  // namespace chat::io::http
