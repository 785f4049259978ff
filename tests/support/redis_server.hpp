#pragma once
#include <memory>
#include <string>
#include <vector>

#include "dataplane/io/redis/client.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temp_dir.hpp"

namespace chat::testing {

// A real Redis without persistence on a free port of 127.0.0.1, started and ready when the constructor returns, gone
// at the end. Blocking; start it from the test's own thread.
class RedisServer {
 public:
  // `more`: arguments of redis-server.
  explicit RedisServer(std::string password = {}, std::vector<std::string> more = {});
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  [[nodiscard]] base::HostPort host_port() const { return {"127.0.0.1", port_}; }
  // For a client of it, password included.
  [[nodiscard]] io::redis::Options options() const;
  [[nodiscard]] pid_t pid() const { return process_->pid(); }

  void kill9();
  void start();  // after kill9: empty, on the same port; waits until it answers
  void pause();  // SIGSTOP
  void resume();

 private:
  void launch();
  [[nodiscard]] bool answers() const;

  TempDir dir_;
  std::string password_;
  std::vector<std::string> more_;
  std::uint16_t port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace chat::testing
