#pragma once
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <memory>
#include <optional>

#include "dataplane/io/http/server.hpp"
#include "dataplane/io/tls/handshake_slots.hpp"
#include "dataplane/io/tls/stream.hpp"

namespace chat::io::http {

// The server's side of one TCP connection: whole requests in, responses out, each under a deadline. Used by one
// coroutine; shared, because its timer's handler keeps it too. While idle it holds one small buffer.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tls::Stream stream, const ServerLimits& limits);

  // Before anything else where the stream has TLS. False: the connection ends here; a peer that speaks plain HTTP is
  // told so.
  [[nodiscard]] base::Task<bool> shake_hands(tls::HandshakeSlots& slots);

  // The next request. Else what is to be answered before closing (a problem), or nothing: the peer has gone, stayed
  // idle too long, or close() was called.
  using Next = tl::expected<Request, std::optional<Response>>;
  [[nodiscard]] base::Task<Next> read();
  // False when it could not be sent whole. `head`: the header only, as HEAD wants it.
  [[nodiscard]] base::Task<bool> write(Response& response, bool head);
  // Ends sending and discards what still arrives for a moment: closing at once would reset the connection, and a
  // peer that is still sending would never see the answer.
  [[nodiscard]] base::Task<> linger();

  [[nodiscard]] bool idle() const { return idle_; }  // between requests
  [[nodiscard]] bool has_read_ahead() const { return buffer_.size() > 0; }
  [[nodiscard]] tls::Stream take_stream();
  void close();

 private:
  enum class Expiry { end_reading, close };
  void expire_after(std::chrono::milliseconds time, Expiry what);
  base::Task<> refuse_plain();
  base::Task<bool> first_bytes();
  base::Task<Next> read_message();
  [[nodiscard]] Next refusal(const boost::system::error_code& failure) const;

  tls::Stream stream_;
  const ServerLimits& limits_;
  boost::asio::steady_timer timer_;
  std::uint64_t timer_turn_ = 0;  // a handler of an earlier turn may be queued already: it does nothing
  bool timed_out_ = false;
  bool idle_ = true;
  boost::beast::flat_buffer buffer_;
};

}  // namespace chat::io::http
