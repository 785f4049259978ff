#pragma once
#include <map>
#include <memory>
#include <string>

#include "dataplane/io/postgres/connection.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temp_dir.hpp"

namespace chat::testing {

// A real PostgreSQL 15 on a free port of 127.0.0.1, started and ready when the constructor returns, gone at the end.
// fsync is off: a killed server keeps its data, a machine would not. Blocking; start it from the test's own thread.
class PostgresServer {
 public:
  explicit PostgresServer(std::map<std::string, std::string> settings = {});
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // The superuser in the database `postgres`.
  [[nodiscard]] io::postgres::Target target() const;
  // A new database, and the superuser in it.
  [[nodiscard]] io::postgres::Target create_database(const std::string& name);
  // A file that only the server may read, such as its TLS key.
  static void give_to_its_user(const std::filesystem::path& file);
  [[nodiscard]] pid_t pid() const { return process_->pid(); }

  void kill9();  // the server and all its backends, as when the machine goes
  void start();  // after kill9: the same data and port; waits until it answers
  void pause();  // SIGSTOP for all of them
  void resume();

 private:
  void launch();
  void wait_until_ready();
  void signal_all(int number);

  TempDir dir_;
  std::map<std::string, std::string> settings_;
  std::uint16_t port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace chat::testing
