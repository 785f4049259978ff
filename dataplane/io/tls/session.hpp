#pragma once
#include <openssl/types.h>

#include <boost/system/error_code.hpp>
#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "dataplane/io/tls/context.hpp"

namespace chat::io::tls {

// The TLS of one connection, over a socket that it does not own and never waits for: Stream says
// before each call which one, since the number of a closed one is soon another connection's. What the socket does not
// take at once is kept here, at most kMostBacklog bytes: write() takes nothing more until flush() has sent it. One
// thread.
class Session {
 public:
  // What to wait for at the socket before the same call is made again.
  enum class Wants { nothing, read, write };
  struct Outcome {
    boost::system::error_code error;  // asio::error::eof where the peer has ended
    std::size_t bytes = 0;
    Wants wants = Wants::nothing;
  };
  static constexpr std::size_t kRecord = 16 * 1024;
  static constexpr std::size_t kMostBacklog = 64 * 1024;

  // `host`: what was asked for, an address or a name (clients).
  Session(const Context& context, const std::string& host);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void use(int socket) { socket_ = socket; }  // -1: closed, everything fails
  [[nodiscard]] Outcome handshake();
  [[nodiscard]] base::Error why_no_handshake(const Outcome& outcome) const;
  [[nodiscard]] Outcome read(std::span<char> into);
  // At most a record. `bytes` were taken; they have left once backlog() is 0.
  [[nodiscard]] Outcome write(std::span<const char> bytes);
  [[nodiscard]] boost::system::error_code flush();
  [[nodiscard]] std::size_t backlog() const { return backlog_.size() - sent_; }
  // Tells the peer that nothing more comes, where the socket takes it.
  void end();

 private:
  struct Bio;
  struct Free {
    void operator()(SSL* ssl) const;
  };
  [[nodiscard]] Outcome failed(int result);
  [[nodiscard]] bool put(const char* bytes, std::size_t size);

  int socket_ = -1;
  std::unique_ptr<SSL, Free> ssl_;
  std::string backlog_;
  std::size_t sent_ = 0;  // of the backlog
  bool peer_ended_ = false;
  bool broken_ = false;
  boost::system::error_code socket_error_;
};

}  // namespace chat::io::tls
