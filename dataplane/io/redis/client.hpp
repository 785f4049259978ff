#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/base/config.hpp"
#include "dataplane/base/log.hpp"
#include "dataplane/base/task.hpp"
#include "dataplane/io/tls/source.hpp"

namespace chat::io::redis {

enum class Errc { not_connected = 1, timeout, error_reply, full };
std::error_code make_error_code(Errc code);

// A reply, copied out of hiredis: nil, an integer, a string (status and bulk alike) or an array of such.
struct Reply {
  enum class Kind { nil, integer, string, array } kind = Kind::nil;
  std::int64_t integer = 0;
  std::string string;
  std::vector<Reply> array;
};

struct Options {
  base::HostPort where;
  std::string password;
  std::filesystem::path password_file = {};  // goes before it where it is there; read again for each connection
  const tls::Source* secure = nullptr;       // what connections are made secure with; outlives the client. Null: plain
  std::chrono::milliseconds connect_timeout{1000};
  std::chrono::milliseconds command_timeout{1000};
  std::size_t max_in_flight = 100'000;  // commands without an answer yet; more fail with Errc::full
};

// One pipelined connection for commands, on the executor's one thread. It reconnects by itself with back-off
// (50 ms…1 s); while it is away every command fails at once with Errc::not_connected.
class Client {
 public:
  Client(boost::asio::any_io_executor executor, const base::Log& log, Options options);
  ~Client();
  void start();
  [[nodiscard]] base::Task<> stop();
  [[nodiscard]] bool connected() const;

  [[nodiscard]] base::Task<base::Result<Reply>> command(std::vector<std::string> arguments);
  // Without a coroutine: `done` (may be empty) is called once, on the executor.
  void command(const std::vector<std::string_view>& arguments, std::function<void(base::Result<Reply>)> done);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with hiredis callbacks in flight
};

// One connection for subscriptions. It remembers its channels and subscribes again after a reconnect; `on_lost` and
// `on_ready` tell when messages may have been missed. PINGs notice a dead connection within 3 s.
class Subscriber {
 public:
  using OnMessage = std::function<void(std::string_view channel, std::string_view payload)>;
  Subscriber(boost::asio::any_io_executor executor, const base::Log& log, Options options, OnMessage on_message,
             std::function<void()> on_ready, std::function<void()> on_lost);
  ~Subscriber();
  void start();
  [[nodiscard]] base::Task<> stop();
  void subscribe(const std::string& channel);
  void unsubscribe(const std::string& channel);
  [[nodiscard]] bool connected() const;
  // Completes when the server has confirmed every subscription asked for so far; not_connected while it is away.
  [[nodiscard]] base::Task<base::Status> settled();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace chat::io::redis

template <>
struct std::is_error_code_enum<chat::io::redis::Errc> : std::true_type {};
