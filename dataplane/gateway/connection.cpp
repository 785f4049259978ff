#include "dataplane/gateway/connection.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "dataplane/domain/limits.hpp"
#include "dataplane/gateway/send_queue.hpp"

namespace chat::gateway {
namespace {

namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using boost::asio::redirect_error;
using boost::asio::use_awaitable;
using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kKeptReadBuffer = 4096;  // a larger one goes back after the frame that needed it
constexpr std::chrono::seconds kRefusalTime{5};

class WebSocketConnection final : public Connection, public std::enable_shared_from_this<WebSocketConnection> {
 public:
  WebSocketConnection(tcp::socket socket, SessionContext& context, ConnectionOptions options)
      : context_(context), options_(options), stream_(std::move(socket)) {}

  void own(std::shared_ptr<Session> session) { session_ = std::move(session); }
  base::Task<> run(io::http::Request request, std::string subprotocol) override;
  void sweep(base::SteadyTime now) override;
  Session& session() override { return *session_; }
  std::size_t queued_bytes() const override { return queue_.bytes() + (writing_ ? writing_->size() : 0); }

  void send(const Frame& frame) override;
  void close(CloseCode code, std::string_view reason) override;
  bool crowded() const override { return queue_.crowded(); }
  bool half_full() const override { return queue_.half_full(); }

 private:
  base::Task<bool> accept(io::http::Request request, std::string subprotocol);
  base::Task<error_code> read();
  void write_next();
  void written(const error_code& error);
  void write_close();
  void cut();
  [[nodiscard]] std::string why_ended(const error_code& error) const;

  SessionContext& context_;
  ConnectionOptions options_;
  websocket::stream<tcp::socket, false> stream_;  // false: no permessage-deflate, nor the memory for it
  std::shared_ptr<Session> session_;              // shared with its answers that are still to come
  SendQueue queue_;
  Frame writing_;
  bool open_ = false;
  std::optional<websocket::close_reason> close_;
  base::SteadyTime cut_at_{};
};

base::Task<> WebSocketConnection::run(io::http::Request request, std::string subprotocol) {
  auto self = shared_from_this();
  error_code ignored;
  beast::get_lowest_layer(stream_).set_option(tcp::socket::send_buffer_size(options_.kernel_send_buffer), ignored);
  const bool accepted = co_await accept(std::move(request), std::move(subprotocol));
  if (accepted) {
    context_.metrics.connects.Increment();
    const auto ended = co_await read();
    context_.metrics.disconnected(why_ended(ended));
  }
  session_->gone();
  cut();
}

base::Task<bool> WebSocketConnection::accept(io::http::Request request, std::string subprotocol) {
  stream_.set_option(websocket::stream_base::decorator([subprotocol](websocket::response_type& response) {
    if (!subprotocol.empty()) response.set(io::http::field::sec_websocket_protocol, subprotocol);
  }));
  stream_.read_message_max(domain::kMaxFrameBytes);
  stream_.auto_fragment(false);  // a whole frame leaves in one write, without a buffer to cut it in
  stream_.text(true);
  stream_.control_callback([session = session_.get()](websocket::frame_type, beast::string_view) { session->alive(); });
  error_code error;
  co_await stream_.async_accept(request, redirect_error(use_awaitable, error));
  open_ = !error;
  // What it was decorated with is of no use any more.
  stream_.set_option(websocket::stream_base::decorator([](websocket::response_type&) {}));
  co_return open_;
}

base::Task<error_code> WebSocketConnection::read() {
  if (session_->has_identity()) co_await session_->sign_on();
  beast::flat_buffer buffer;
  for (;;) {
    error_code error;
    co_await stream_.async_read(buffer, redirect_error(use_awaitable, error));
    if (error) co_return error;
    auto next = Session::Next::read;
    if (stream_.got_text()) {
      next = session_->on_text({static_cast<const char*>(buffer.data().data()), buffer.size()});
    } else {
      session_->close(CloseCode::wrong_kind, "frames are text");
    }
    buffer.clear();
    if (buffer.capacity() > kKeptReadBuffer) buffer.shrink_to_fit();
    if (next == Session::Next::sign_on) co_await session_->sign_on();
    if (next == Session::Next::wait) co_await session_->room();
  }
}

std::string WebSocketConnection::why_ended(const error_code& error) const {
  if (close_) {
    switch (static_cast<CloseCode>(close_->code)) {
      case CloseCode::policy:
        return "policy";
      case CloseCode::restart:
        return "restart";
      case CloseCode::unauthorized:
        return "unauthorized";
      case CloseCode::heartbeat:
        return "heartbeat";
      case CloseCode::too_many:
        return "too_many";
      case CloseCode::wrong_kind:
        return "wrong_kind";
      case CloseCode::normal:
        return "normal";
    }
  }
  if (error == websocket::error::message_too_big) return "too_long";
  return error == websocket::error::closed ? "client" : "lost";
}

// ---------------------------------------------------------------- writing: one frame at a time, without a coroutine

void WebSocketConnection::send(const Frame& frame) {
  if (close_) return;
  if (!queue_.push(frame)) {
    context_.metrics.slow_readers.Increment();
    queue_.clear();
    session_->close(CloseCode::policy, "reads too slowly");
    return;
  }
  if (!writing_) write_next();
}

void WebSocketConnection::write_next() {
  writing_ = queue_.front();
  queue_.pop();
  stream_.async_write(boost::asio::buffer(*writing_),
                      [self = shared_from_this()](const error_code& error, std::size_t) { self->written(error); });
}

void WebSocketConnection::written(const error_code& error) {
  writing_.reset();
  if (error) {
    queue_.clear();
    session_->drained();  // whoever waits for room is to find that the socket has gone
    cut();
    return;
  }
  if (!queue_.empty()) {
    write_next();
  } else if (close_) {
    write_close();
  }
  if (!queue_.crowded()) session_->drained();
}

void WebSocketConnection::close(CloseCode code, std::string_view reason) {
  if (close_) return;
  close_.emplace();
  close_->code = static_cast<std::uint16_t>(code);
  close_->reason.assign(reason.data(), std::min<std::size_t>(reason.size(), close_->reason.max_size()));
  cut_at_ = context_.clock.steady() + options_.close_timeout;
  if (!open_) return cut();
  if (!writing_) write_close();
}

void WebSocketConnection::write_close() {
  stream_.async_close(*close_, [self = shared_from_this()](const error_code&) {});
}

void WebSocketConnection::sweep(base::SteadyTime now) {
  if (close_ && now > cut_at_) return cut();
  session_->sweep(now);
}

void WebSocketConnection::cut() {
  error_code ignored;
  beast::get_lowest_layer(stream_).close(ignored);
}

}  // namespace

std::shared_ptr<Connection> Connection::make(tcp::socket socket, SessionContext& context, ConnectionOptions options,
                                             std::optional<ports::Identity> identity, std::string limit_key) {
  auto connection = std::make_shared<WebSocketConnection>(std::move(socket), context, options);
  connection->own(std::make_shared<Session>(context, *connection, std::move(identity), std::move(limit_key)));
  return connection;
}

base::Task<> refuse(tcp::socket taken, io::http::Response response) {
  auto socket =
      std::make_shared<tcp::socket>(std::move(taken));  // shared with the timer's handler, which may come late
  boost::asio::steady_timer timer(socket->get_executor());
  timer.expires_after(kRefusalTime);
  timer.async_wait([socket](const error_code& error) {
    error_code ignored;
    if (!error) socket->close(ignored);
  });
  response.keep_alive(false);
  error_code error;
  co_await beast::http::async_write(*socket, response, redirect_error(use_awaitable, error));
  socket->shutdown(tcp::socket::shutdown_both, error);
}

}  // namespace chat::gateway
