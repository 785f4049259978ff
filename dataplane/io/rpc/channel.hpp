#pragma once
#include <functional>
#include <memory>
#include <string>

#include "dataplane/base/config.hpp"
#include "dataplane/base/log.hpp"
#include "dataplane/base/task.hpp"
#include "dataplane/io/tls/source.hpp"

namespace chat::io::rpc {

// Length-prefixed frames over TCP or TLS, both ways, many calls in flight. A frame is: u32 length (big endian, of what
// follows), u64 call number (0: a push, no answer), payload (opaque bytes here: protocol/ gives them meaning).
// Why not gRPC: tests/bench/README.md has the measurement.
enum class Errc { not_connected = 1, timeout, full, closed, too_large };
std::error_code make_error_code(Errc code);

inline constexpr std::size_t kMaxFrameBytes = 16 * 1024 * 1024;

struct ClientOptions {
  base::HostPort where;
  std::chrono::milliseconds connect_timeout{1000};
  const tls::Source* secure = nullptr;  // what connections are made secure with; outlives the client. Null: plain
  std::size_t max_in_flight = 20'000;   // calls without an answer; more fail with Errc::full
  std::size_t max_queued_bytes = 64 * 1024 * 1024;
};

// One connection to one server, kept open with back-off (20 ms…1 s). Writes that gather in one turn of the loop leave
// in one system call. A call whose connection breaks ends with Errc::closed: its outcome is not known to the caller.
class Client {
 public:
  using OnPush = std::function<void(std::string_view payload)>;
  Client(boost::asio::any_io_executor executor, const base::Log& log, ClientOptions options, OnPush on_push);
  ~Client();
  void start();
  void stop();  // calls in flight end with Errc::closed
  [[nodiscard]] bool connected() const;
  [[nodiscard]] base::Task<base::Result<std::string>> call(std::string payload, std::chrono::milliseconds timeout);
  // Without a coroutine; `done` is called exactly once, on the executor, never from inside call().
  void call(std::string payload, std::chrono::milliseconds timeout,
            std::function<void(base::Result<std::string>)> done);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with handlers in flight
};

// The server's side of one connection, as handlers see it. Copyable and cheap; valid after the peer has gone (sends
// are then dropped). `push` beyond the peer's queue bound closes the connection: the slow reader reconnects.
class Peer {
 public:
  struct Impl;
  explicit Peer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  void answer(std::uint64_t call, std::string payload) const;
  void push(const std::string& payload) const;

 private:
  std::shared_ptr<Impl> impl_;  // shared: answers arrive from other threads' work long after the frame was read
};

class Server {
 public:
  // Called on the executor for each frame; the payload view lives through the call only.
  using OnCall = std::function<void(const Peer& peer, std::uint64_t call, std::string_view payload)>;
  Server(boost::asio::any_io_executor executor, const base::Log& log, OnCall on_call);
  ~Server();
  // `secure` as in ClientOptions; it decides whose certificate a caller must have.
  [[nodiscard]] base::Result<std::uint16_t> listen(const base::HostPort& where, const tls::Source* secure = nullptr);
  void push_to_all(const std::string& payload);
  [[nodiscard]] std::size_t peers() const;
  // Stops accepting and reading, flushes answers until `grace`, closes.
  [[nodiscard]] base::Task<> stop(std::chrono::milliseconds grace);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace chat::io::rpc

template <>
struct std::is_error_code_enum<chat::io::rpc::Errc> : std::true_type {};
