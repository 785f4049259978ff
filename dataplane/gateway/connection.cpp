#include "dataplane/gateway/connection.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "dataplane/domain/limits.hpp"
#include "dataplane/gateway/ordered_stream.hpp"

namespace chat::gateway {
namespace {

namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using boost::asio::redirect_error;
using boost::asio::use_awaitable;
using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::seconds kRefusalTime{5};
constexpr std::size_t kLeastPart = 4096;  // of a long message, read at a time
constexpr std::size_t kMostPart = 64 * 1024;

class WebSocketConnection final : public Connection,
                                  public Flushable,
                                  public std::enable_shared_from_this<WebSocketConnection> {
 public:
  WebSocketConnection(io::tls::Stream stream, Shared& shared) : shared_(shared), stream_(std::move(stream)) {}

  void own(std::shared_ptr<Session> session) { session_ = std::move(session); }
  base::Task<bool> accept(io::http::Request request, std::string subprotocol) override;
  void start(Turnstile::Turn turn) override;
  void sweep(base::SteadyTime now) override;
  Session& session() override { return *session_; }
  std::size_t queued_bytes() const override { return queue().bytes(); }

  void send(const Frame& frame) override;
  void close(CloseCode code, std::string_view reason) override;
  bool crowded() const override { return queue().crowded(); }
  bool half_full() const override { return queue().half_full(); }
  void flush() override;

 private:
  using Self = std::shared_ptr<WebSocketConnection>;
  static base::Task<> sign_on(Self self, Turnstile::Turn turn);
  static base::Task<> wait_for_session(Self self);
  void read();
  void read_rest(std::size_t begun);
  void read_more();
  void take(std::string_view message);
  void ended(const error_code& error);
  void flush_soon();
  void write();
  void wait_for_room();
  void cut();
  [[nodiscard]] tcp::socket& socket() { return stream_.next_layer().socket(); }
  [[nodiscard]] const SendQueue& queue() const { return stream_.next_layer().queue(); }
  [[nodiscard]] std::string why_ended(const error_code& error) const;

  Shared& shared_;
  websocket::stream<OrderedStream, false> stream_;  // false: no permessage-deflate, nor the memory for it
  std::shared_ptr<Session> session_;                // shared with its answers that are still to come
  std::optional<CloseCode> close_;
  bool open_ = false;
  bool flushing_ = false;              // a turn of the flusher is to come
  bool blocked_ = false;               // the socket takes no more for now
  bool crowded_ = false;               // whoever waits for room is to be told
  std::array<char, 120> first_bytes_;  // of a message: most of those that are not sends are no longer
  ReadBuffers::Buffer message_{};      // of a longer one, while it is read
  base::SteadyTime cut_at_{};
};

base::Task<bool> WebSocketConnection::accept(io::http::Request request, std::string subprotocol) {
  auto self = shared_from_this();
  error_code error;
  socket().set_option(tcp::socket::send_buffer_size(shared_.options.kernel_send_buffer), error);
  stream_.set_option(websocket::stream_base::decorator([subprotocol](websocket::response_type& response) {
    if (!subprotocol.empty()) response.set(io::http::field::sec_websocket_protocol, subprotocol);
  }));
  stream_.read_message_max(domain::kMaxFrameBytes);
  stream_.control_callback([session = session_.get()](websocket::frame_type, beast::string_view) { session->alive(); });
  co_await stream_.async_accept(request, redirect_error(use_awaitable, error));
  open_ = !error;
  // What it was decorated with is of no use any more.
  stream_.set_option(websocket::stream_base::decorator([](websocket::response_type&) {}));
  if (open_) {
    shared_.sessions.metrics.connects.Increment();
  } else {
    session_->gone();
    cut();
  }
  co_return open_;
}

void WebSocketConnection::start(Turnstile::Turn turn) {
  if (session_->has_identity()) {
    shared_.sessions.tasks.spawn("sign_on", sign_on(shared_from_this(), std::move(turn)));
  } else {
    read();
  }
}

base::Task<> WebSocketConnection::sign_on(Self self, Turnstile::Turn turn) {
  co_await self->session_->sign_on(std::move(turn));
  self->read();
}

base::Task<> WebSocketConnection::wait_for_session(Self self) {
  co_await self->session_->room();
  self->read();
}

// ---------------------------------------------------------------- reading: without a coroutine, nor a buffer while
// idle

void WebSocketConnection::read() {
  stream_.async_read_some(boost::asio::buffer(first_bytes_),
                          [self = shared_from_this()](const error_code& error, std::size_t got) {
                            if (error) return self->ended(error);
                            if (!self->stream_.is_message_done()) return self->read_rest(got);
                            self->take({self->first_bytes_.data(), got});
                          });
}

void WebSocketConnection::read_rest(std::size_t begun) {
  message_ = shared_.buffers.borrow();
  message_->commit(boost::asio::buffer_copy(message_->prepare(begun), boost::asio::buffer(first_bytes_, begun)));
  read_more();
}

// Part by part: room is made for what came, not for what was announced.
void WebSocketConnection::read_more() {
  const auto part = std::clamp(message_->size(), kLeastPart, kMostPart);
  stream_.async_read_some(message_->prepare(part),
                          [self = shared_from_this()](const error_code& error, std::size_t got) {
                            if (error) return self->ended(error);
                            self->message_->commit(got);
                            if (!self->stream_.is_message_done()) return self->read_more();
                            const auto bytes = self->message_->cdata();
                            self->take({static_cast<const char*>(bytes.data()), bytes.size()});
                          });
}

void WebSocketConnection::take(std::string_view message) {
  auto next = Session::Next::read;
  if (stream_.next_layer().inbound().next_was_text()) {
    next = session_->on_text(message);
  } else {
    session_->close(CloseCode::wrong_kind, "frames are text");
  }
  if (message_) shared_.buffers.give_back(std::move(message_));
  if (next == Session::Next::sign_on) {
    start({});
  } else if (next == Session::Next::wait) {
    shared_.sessions.tasks.spawn("room", wait_for_session(shared_from_this()));
  } else {
    read();
  }
}

void WebSocketConnection::ended(const error_code& error) {
  auto self = shared_from_this();
  shared_.sessions.metrics.disconnected(why_ended(error));
  session_->gone();
  cut();
  shared_.ended(*this);
}

std::string WebSocketConnection::why_ended(const error_code& error) const {
  if (close_) {
    switch (*close_) {
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

// ---------------------------------------------------------------- writing: without a coroutine, past Beast

void WebSocketConnection::send(const Frame& frame) {
  if (close_) return;
  if (!stream_.next_layer().push(frame)) {
    shared_.sessions.metrics.slow_readers.Increment();
    stream_.next_layer().drop_waiting();
    session_->close(CloseCode::policy, "reads too slowly");
    return;
  }
  crowded_ = crowded_ || crowded();
  flush_soon();
}

void WebSocketConnection::flush_soon() {
  if (blocked_ || std::exchange(flushing_, true)) return;
  shared_.flusher.add(shared_from_this());
}

void WebSocketConnection::flush() {
  flushing_ = false;
  if (!blocked_) write();
}

void WebSocketConnection::write() {
  const auto error = stream_.next_layer().flush();
  if (error) cut();
  if (crowded_ && (error || !crowded())) {
    crowded_ = false;
    session_->drained();  // whoever waits for room is also to find that the socket has gone
  }
  if (!error && !stream_.next_layer().all_left()) wait_for_room();
}

void WebSocketConnection::wait_for_room() {
  blocked_ = true;
  socket().async_wait(tcp::socket::wait_write, [self = shared_from_this()](const error_code&) {
    self->blocked_ = false;
    self->write();  // after an error too: it finds the same one
  });
}

void WebSocketConnection::close(CloseCode code, std::string_view reason) {
  if (close_) return;
  close_ = code;
  cut_at_ = shared_.sessions.clock.steady() + shared_.options.close_timeout;
  if (!open_) return cut();
  // It queues behind what was sent before it. The reading goes on, and ends when the client's own close frame comes.
  stream_.next_layer().push_close(make_close_frame(static_cast<std::uint16_t>(code), reason));
  flush_soon();
}

void WebSocketConnection::sweep(base::SteadyTime now) {
  if (close_ && now > cut_at_) return cut();
  session_->sweep(now);
}

void WebSocketConnection::cut() {
  error_code ignored;
  socket().close(ignored);
}

}  // namespace

std::shared_ptr<Connection> Connection::make(io::tls::Stream stream, Shared& shared,
                                             std::optional<ports::Identity> identity, std::string limit_key) {
  auto connection = std::make_shared<WebSocketConnection>(std::move(stream), shared);
  connection->own(std::make_shared<Session>(shared.sessions, *connection, std::move(identity), std::move(limit_key)));
  return connection;
}

bool has_left(tcp::socket& socket) {
  pollfd poller{socket.native_handle(), POLLRDHUP, 0};
  return ::poll(&poller, 1, 0) > 0;  // its end, or the connection's, also behind what was not read
}

base::Task<> refuse(io::tls::Stream taken, io::http::Response response) {
  // Shared with the timer's handler, which may come late.
  auto stream = std::make_shared<io::tls::Stream>(std::move(taken));
  boost::asio::steady_timer timer(stream->get_executor());
  timer.expires_after(kRefusalTime);
  timer.async_wait([stream](const error_code& error) {
    error_code ignored;
    if (!error) stream->socket().close(ignored);
  });
  response.keep_alive(false);
  error_code error;
  co_await beast::http::async_write(*stream, response, redirect_error(use_awaitable, error));
  stream->end_sending(error);
  stream->socket().shutdown(tcp::socket::shutdown_both, error);
}

}  // namespace chat::gateway
