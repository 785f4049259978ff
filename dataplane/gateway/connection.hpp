#pragma once
#include <functional>
#include <memory>

#include "dataplane/base/task.hpp"
#include "dataplane/gateway/flusher.hpp"
#include "dataplane/gateway/read_buffers.hpp"
#include "dataplane/gateway/session.hpp"
#include "dataplane/gateway/transport.hpp"
#include "dataplane/gateway/turnstile.hpp"
#include "dataplane/io/http/message.hpp"
#include "dataplane/io/tls/stream.hpp"

namespace chat::gateway {

struct ConnectionOptions {
  std::chrono::milliseconds close_timeout{5'000};  // from the wish to close until the socket is cut
  int kernel_send_buffer = 128 * 1024;             // a slow reader holds no more of the kernel's memory
};

// One WebSocket. Lifecycle: made with the stream of an accepted upgrade; accept() once, then start() where that went
// well; it has ended when Shared::ended was called. Shared, because reads and writes finish after that. While idle it
// holds no buffer and no coroutine. One thread. Beast is behind this header only: it takes a minute to compile.
class Connection : public Transport {
 public:
  // What all connections of a gateway share. Outlives them.
  struct Shared {
    SessionContext& sessions;
    ConnectionOptions options;
    std::function<void(Connection&)> ended;
    Flusher flusher{sessions.executor};
    ReadBuffers buffers{};
  };
  [[nodiscard]] static std::shared_ptr<Connection> make(io::tls::Stream stream, Shared& shared,
                                                        std::optional<ports::Identity> identity, std::string limit_key);
  // Answers the upgrade; `subprotocol` empty: none. False where the socket has gone.
  [[nodiscard]] virtual base::Task<bool> accept(io::http::Request request, std::string subprotocol) = 0;
  // Signs on where the identity is known, and reads until the connection ends. `turn`: that of its upgrade.
  virtual void start(Turnstile::Turn turn) = 0;
  // Cuts the socket where closing takes too long, and lets the session look at its own deadlines.
  virtual void sweep(base::SteadyTime now) = 0;
  [[nodiscard]] virtual Session& session() = 0;
  [[nodiscard]] virtual std::size_t queued_bytes() const = 0;

  std::size_t place = 0;  // in the gateway's list
};

// True where the peer of a socket that was not read for a while has closed it.
[[nodiscard]] bool has_left(boost::asio::ip::tcp::socket& socket);
// Answers an upgrade that is refused and closes, within a few seconds.
[[nodiscard]] base::Task<> refuse(io::tls::Stream stream, io::http::Response response);

}  // namespace chat::gateway
