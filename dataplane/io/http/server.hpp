#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <functional>

#include "dataplane/base/config.hpp"
#include "dataplane/base/log.hpp"
#include "dataplane/base/task.hpp"
#include "dataplane/base/tcp.hpp"
#include "dataplane/io/http/message.hpp"
#include "dataplane/io/tls/source.hpp"
#include "dataplane/io/tls/stream.hpp"

namespace chat::io::http {

struct Peer {
  boost::asio::ip::address address;  // of the TCP peer, not of X-Forwarded-For
};

struct ServerLimits {
  std::size_t header_bytes = 16 * 1024;
  std::size_t body_bytes = 2 * 1024 * 1024;             // more: 413
  std::size_t connections = 4096;                       // more: accepted and closed at once
  std::chrono::milliseconds handshake_timeout{10'000};  // of TLS
  std::chrono::seconds read_timeout{15};                // for one whole request, once its first byte is there
  std::chrono::seconds idle_timeout{75};                // between requests of a kept-alive connection
  std::chrono::seconds write_timeout{30};
  // Connections whose first request is still to come, 0: any number. Past so many the next are accepted once those were
  // read, or after a while: a crowd waits in the kernel's queue, and those who say nothing keep nobody out.
  std::size_t unread = 0;
  std::chrono::milliseconds unread_pause{10};
  // The last files of the process (base/open_files.hpp) are not for connections: who would take one gets 503.
  bool leaves_files = false;
};

using Handler = std::function<base::Task<Response>(Request request, Peer peer)>;
// Asked for each request with "Upgrade: websocket" where set. It takes the stream over and runs the connection.
// A client must wait for the answer before it sends frames: one that did not gets 400 instead.
using UpgradeHandler = std::function<base::Task<>(tls::Stream stream, Request request, Peer peer)>;
// Awaited before each connection is accepted: whoever comes meanwhile waits in the kernel's queue.
using Room = std::function<base::Task<>()>;

// HTTP/1.1 on TCP or TLS, keep-alive, one coroutine a connection, all on the executor's one thread. A handler that
// throws ends the process (a broken invariant); expected failures are responses.
class Server {
 public:
  Server(boost::asio::any_io_executor executor, const base::Log& log, ServerLimits limits = {});
  ~Server();

  // Listens; port 0 takes a free one. `reuse_port`: several processes share the port and the kernel spreads
  // connections. `secure`: what connections are made secure with, null for none; it outlives the server. Can be called
  // more than once. Returns the port.
  [[nodiscard]] base::Result<std::uint16_t> listen(const base::HostPort& where, bool reuse_port,
                                                   const tls::Source* secure = nullptr);
  void serve(Handler handler, UpgradeHandler upgrade = {}, Room room = {});
  // Accepts no more and closes the idle connections.
  void stop_accepting();
  // Waits for requests that are being served, then closes everything.
  [[nodiscard]] base::Task<> stop(std::chrono::milliseconds grace);
  [[nodiscard]] std::size_t connections() const;
  [[nodiscard]] const base::FileShortage& file_shortage() const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the connections' coroutines
};

}  // namespace chat::io::http
