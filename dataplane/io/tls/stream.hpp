#pragma once
#include <array>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <span>
#include <utility>

#include "dataplane/io/tls/session.hpp"

namespace chat::io::tls {

// A TCP socket, with TLS or without: what Asio and Beast read and write. Without, a call is the socket's own and
// nothing is added but a pointer. With it, shake hands first (handshake.hpp). One thread; one read and one write at a
// time; closing the socket ends them.
class Stream {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using executor_type = Socket::executor_type;
  using error_code = boost::system::error_code;

  Stream(Socket socket) : socket_(std::move(socket)) {}  // NOLINT(google-explicit-constructor): it is one
  Stream(Socket socket, const Context& context, const std::string& host = {})
      : socket_(std::move(socket)), session_(std::make_unique<Session>(context, host)) {}

  executor_type get_executor() { return socket_.get_executor(); }
  [[nodiscard]] Socket& socket() { return socket_; }
  [[nodiscard]] const Socket& socket() const { return socket_; }
  [[nodiscard]] bool secure() const { return session_ != nullptr; }
  // Null: plain. Ask anew for each use: the socket may have been closed.
  [[nodiscard]] Session* session() {
    if (session_) session_->use(socket_.native_handle());
    return session_.get();
  }
  [[nodiscard]] Socket take_socket() {
    session_.reset();
    return std::move(socket_);
  }

  // The other side reads to the end, then sees that nothing more comes.
  void end_sending(error_code& error) {
    if (session_) session()->end();
    socket_.shutdown(Socket::shutdown_send, error);
  }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, std::size_t)>(StartRead{this}, token, buffers);
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, std::size_t)>(StartWrite{this}, token, buffers);
  }

 private:
  // Completes from the event loop, never from inside the call that began it.
  struct Operation {
    Stream* stream;
    Session::Outcome outcome{};
    bool begun = false;
    bool waited = false;

    template <class Self, class Try>
    void step(Self& self, error_code error, const Try& try_it) {
      if (waited && error) return self.complete(error, 0);
      if (!begun || waited) outcome = try_it();
      if (outcome.wants != Session::Wants::nothing) {
        begun = waited = true;
        const auto what = outcome.wants == Session::Wants::read ? Socket::wait_read : Socket::wait_write;
        return stream->socket_.async_wait(what, std::move(self));
      }
      if (!begun) {
        begun = true;
        return boost::asio::post(stream->socket_.get_executor(), std::move(self));
      }
      self.complete(outcome.error, outcome.bytes);
    }
  };
  struct Read : Operation {
    std::span<char> into;
    template <class Self>
    void operator()(Self& self, error_code error = {}) {
      this->step(self, error, [this] { return this->stream->session()->read(into); });
    }
  };
  // Completes when what was taken has left.
  struct Write : Operation {
    static constexpr std::size_t kPieces = 8;
    std::array<boost::asio::const_buffer, kPieces> pieces{};
    std::size_t taken = 0;
    template <class Self>
    void operator()(Self& self, error_code error = {}) {
      this->step(self, error, [this] { return this->stream->write_pieces(pieces, taken); });
    }
  };

  struct StartRead {
    Stream* stream;
    template <class Handler, class Buffers>
    void operator()(Handler&& handler, const Buffers& buffers) const {
      if (!stream->session_) return stream->socket_.async_read_some(buffers, std::forward<Handler>(handler));
      std::span<char> into;
      for (auto at = boost::asio::buffer_sequence_begin(buffers); at != boost::asio::buffer_sequence_end(buffers);
           ++at) {
        const boost::asio::mutable_buffer piece(*at);
        if (piece.size() == 0) continue;
        into = {static_cast<char*>(piece.data()), piece.size()};
        break;
      }
      std::decay_t<Handler> own(std::forward<Handler>(handler));
      boost::asio::async_compose<std::decay_t<Handler>, void(error_code, std::size_t)>(Read{{stream}, into}, own,
                                                                                       stream->socket_);
    }
  };
  struct StartWrite {
    Stream* stream;
    template <class Handler, class Buffers>
    void operator()(Handler&& handler, const Buffers& buffers) const {
      if (!stream->session_) return stream->socket_.async_write_some(buffers, std::forward<Handler>(handler));
      Write write{{stream}};
      std::size_t count = 0;
      for (auto at = boost::asio::buffer_sequence_begin(buffers);
           at != boost::asio::buffer_sequence_end(buffers) && count < Write::kPieces; ++at)
        write.pieces.at(count++) = boost::asio::const_buffer(*at);
      std::decay_t<Handler> own(std::forward<Handler>(handler));
      boost::asio::async_compose<std::decay_t<Handler>, void(error_code, std::size_t)>(std::move(write), own,
                                                                                       stream->socket_);
    }
  };

  // A record of the pieces, then until it has left. `taken` is what earlier calls for the same pieces took.
  [[nodiscard]] Session::Outcome write_pieces(std::span<const boost::asio::const_buffer> pieces, std::size_t& taken);

  Socket socket_;
  std::unique_ptr<Session> session_;  // of its own: OpenSSL points to it
};

}  // namespace chat::io::tls
