#pragma once
#include <algorithm>
#include <boost/asio/compose.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/buffer_traits.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/websocket/teardown.hpp>
#include <cstdint>
#include <utility>

#include "dataplane/gateway/inbound_kinds.hpp"
#include "dataplane/gateway/send_queue.hpp"
#include "dataplane/io/tls/stream.hpp"

namespace chat::gateway {

// The stream below Beast's WebSocket stream. Beast reads, unmasks, answers pings and the peer's close; our frames pass
// it by, since they have their form on the wire already, and our own close frame does too: Beast 1.74 has its
// async_close() and a read that fails wait for each other for ever. All that leaves goes through one queue, in order:
// so a frame of ours is never cut by one of Beast's, and nothing follows a close frame.
//
// Writing never waits: what the socket does not take at once stays in the queue until flush() is called again.
class OrderedStream {
 public:
  using executor_type = boost::asio::ip::tcp::socket::executor_type;
  using error_code = boost::system::error_code;
  using Socket = boost::asio::ip::tcp::socket;

  explicit OrderedStream(io::tls::Stream stream) : stream_(std::move(stream)) {}
  executor_type get_executor() { return stream_.get_executor(); }
  [[nodiscard]] Socket& socket() { return stream_.socket(); }
  [[nodiscard]] const SendQueue& queue() const { return queue_; }
  [[nodiscard]] InboundKinds& inbound() { return inbound_; }
  [[nodiscard]] bool closing() const { return closing_; }  // a close frame left, or waits to

  // False where the queue is full. What comes after a close frame is dropped.
  [[nodiscard]] bool push(const Frame& frame) { return closing_ || queue_.push(frame); }
  // Nothing follows it, also not Beast's answer to the one that answers it.
  void push_close(const Frame& frame) {
    if (!std::exchange(closing_, true)) queue_.push_always(frame);
  }
  void drop_waiting() {
    dropped_ += queue_.bytes();
    queue_.drop_waiting();
    dropped_ -= queue_.bytes();
  }
  // Writes what the socket takes; an error is the socket's end.
  [[nodiscard]] error_code flush() { return stream_.secure() ? flush_secure() : flush_plain(); }
  [[nodiscard]] bool all_left() { return queue_.empty() && kept_by_tls() == 0; }

  // ---------------------------------------------------------------- what Beast wants of the layer below it
  template <class Buffers, class Handler>
  auto async_read_some(const Buffers& buffers, Handler&& handler) {
    return boost::asio::async_compose<Handler, void(error_code, std::size_t)>(Read<Buffers>{*this, buffers}, handler,
                                                                              stream_);
  }
  // Completes when the bytes have left, which is after all that waited before them.
  template <class Buffers, class Handler>
  auto async_write_some(const Buffers& buffers, Handler&& handler) {
    auto bytes = boost::beast::buffers_to_string(buffers);
    const auto size = bytes.size();
    upgraded_ ? push_control(std::move(bytes)) : push_answer(std::move(bytes));
    return boost::asio::async_compose<Handler, void(error_code, std::size_t)>(Write{*this, size, position()}, handler,
                                                                              stream_);
  }
  friend void beast_close_socket(OrderedStream& stream) {
    error_code ignored;
    stream.socket().close(ignored);
  }
  friend void teardown(boost::beast::role_type role, OrderedStream& stream, error_code& error) {
    boost::beast::websocket::teardown(role, stream.socket(), error);
  }
  // Reads what is still on its way before it closes: a socket closed over unread bytes is reset, and the reset takes
  // the close frame with it. Beast's own stops after its first read.
  template <class Handler>
  friend void async_teardown(boost::beast::role_type /*role*/, OrderedStream& stream, Handler&& handler) {
    boost::asio::async_compose<Handler, void(error_code)>(Teardown{stream}, handler, stream.stream_);
  }

 private:
  // What Beast writes after the answer to the upgrade are control frames, each in one piece.
  void push_control(std::string bytes) {
    constexpr unsigned kClose = 0x88;
    if (closing_) return;  // a pong after the close frame, or an answer to a close frame that answers ours
    closing_ = static_cast<unsigned char>(bytes.at(0)) == kClose;
    queue_.push_always(std::make_shared<const std::string>(std::move(bytes)));
  }
  void push_answer(std::string bytes) {
    constexpr std::string_view kEnd = "\r\n\r\n";
    upgraded_ = bytes.size() >= kEnd.size() && std::string_view(bytes).ends_with(kEnd);
    queue_.push_always(std::make_shared<const std::string>(std::move(bytes)));
  }
  // Of the end of the queue, among all bytes that ever left.
  [[nodiscard]] std::uint64_t position() const { return written_ + dropped_ + queue_.bytes(); }

  template <class Buffers>
  struct Read {
    OrderedStream& stream;
    Buffers buffers;
    bool begun = false;
    template <class Self>
    void operator()(Self& self, error_code error = {}, std::size_t size = 0) {
      if (!begun) {
        begun = true;
        const auto into = buffers;  // this object moves away
        return stream.stream_.async_read_some(into, std::move(self));
      }
      auto left = size;
      for (auto at = boost::asio::buffer_sequence_begin(buffers); left > 0; ++at) {
        const boost::asio::mutable_buffer piece(*at);
        const auto here = std::min(left, piece.size());
        stream.inbound_.take(static_cast<char*>(piece.data()), here);
        left -= here;
      }
      self.complete(error, size);
    }
  };

  struct Write {
    OrderedStream& stream;
    std::size_t size;
    std::uint64_t end;
    bool begun = false;
    template <class Self>
    void operator()(Self& self, error_code error = {}) {
      if (!error) error = stream.flush();
      const bool done = error || (stream.written_ + stream.dropped_ >= end && stream.kept_by_tls() == 0);
      if (done && begun) return self.complete(error, error ? 0 : size);
      begun = true;
      if (done) {
        boost::asio::post(stream.get_executor(), std::move(self));  // never from inside
      } else {
        stream.socket().async_wait(Socket::wait_write, std::move(self));
      }
    }
  };

  struct Teardown {
    OrderedStream& stream;
    std::size_t discarded = 0;
    bool begun = false;
    template <class Self>
    void operator()(Self& self, error_code error = {}) {
      if (!std::exchange(begun, true)) {
        stream.stream_.end_sending(error);
        error = boost::asio::error::would_block;
      } else if (!error) {
        error = stream.discard(discarded);
      }
      if (error == boost::asio::error::would_block)
        return stream.socket().async_wait(Socket::wait_read, std::move(self));
      error_code ignored;
      stream.socket().close(ignored);
      self.complete(error == boost::asio::error::eof ? error_code{} : error);
    }
  };
  // would_block when all that came was read; eof at the peer's end, and when it sent too much after ours.
  [[nodiscard]] error_code discard(std::size_t& total);
  [[nodiscard]] error_code flush_plain();
  [[nodiscard]] error_code flush_secure();
  [[nodiscard]] std::size_t kept_by_tls() { return stream_.secure() ? stream_.session()->backlog() : 0; }

  io::tls::Stream stream_;
  SendQueue queue_;
  InboundKinds inbound_;
  std::uint64_t written_ = 0;
  std::uint64_t dropped_ = 0;
  bool upgraded_ = false;
  bool closing_ = false;
};

}  // namespace chat::gateway
