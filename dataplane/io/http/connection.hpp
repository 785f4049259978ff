#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <memory>
#include <optional>

#include "dataplane/io/http/server.hpp"

namespace chat::io::http {

// The server's side of one TCP connection: whole requests in, responses out, each under a deadline. Used by one
// coroutine; shared, because its timer's handler keeps it too. While idle it holds one small buffer.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket, const ServerLimits& limits);

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
  [[nodiscard]] boost::asio::ip::tcp::socket take_socket();
  void close();

 private:
  enum class Expiry { end_reading, close };
  void expire_after(std::chrono::milliseconds time, Expiry what);
  base::Task<bool> first_bytes();
  base::Task<Next> read_message();
  [[nodiscard]] Next refusal(const boost::system::error_code& failure) const;

  boost::asio::ip::tcp::socket socket_;
  const ServerLimits& limits_;
  boost::asio::steady_timer timer_;
  std::uint64_t timer_turn_ = 0;  // a handler of an earlier turn may be queued already: it does nothing
  bool timed_out_ = false;
  bool idle_ = true;
  boost::beast::flat_buffer buffer_;
};

}  // namespace chat::io::http
