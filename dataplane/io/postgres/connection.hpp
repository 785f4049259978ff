#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.hpp"

namespace chat::io::postgres {

// How a call can end. `unknown_outcome`: the connection was lost (or a commit was cut short) after the statement was
// sent: it may or may not have happened. `rejected` means that the server answered with an error and did nothing.
enum class Errc { connect = 1, rejected, unique_violation, unknown_outcome, timeout, shape };
std::error_code make_error_code(Errc code);

struct Target {
  std::string host;
  std::string address = {};  // numeric: connects there, while `host` is who must answer
  std::uint16_t port = 0;
  std::string user;
  std::string password;
  std::string password_file = {};  // goes before it where it is there; read again for each connection
  std::string database;
  std::string application;  // shows in pg_stat_activity
  // With a file of CA certificates (PEM; read again for each connection): TLS, 1.2 at least, with a server whose
  // certificate is of it. `sslmode`: verify-full, where it must name the host too, or verify-ca. Empty: as libpq does.
  std::string ca_file;
  std::string sslmode = "verify-full";
  std::chrono::milliseconds connect_timeout{3000};
  std::chrono::milliseconds statement_timeout{5000};
  bool operator==(const Target&) const = default;
};

// One connection, opened when first used and again after it was lost. Blocking; one thread at a time. TCP keep-alive
// and tcp_user_timeout make a dead server noticed within seconds. Exceptions of libpqxx end here.
class Connection {
 public:
  explicit Connection(Target target);
  ~Connection();
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;

  // One statement in autocommit. Parameters are text; nullopt is NULL.
  using Parameters = std::vector<std::optional<std::string>>;
  [[nodiscard]] base::Result<pqxx::result> execute(const std::string& sql, const Parameters& parameters = {});
  // Prepared on first use on each connection, by its text.
  [[nodiscard]] base::Result<pqxx::result> execute_prepared(const std::string& sql, const Parameters& parameters = {});
  // Several statements without parameters (a migration) in one transaction.
  [[nodiscard]] base::Status script(const std::string& sql);
  // `body` runs in one transaction; a failure rolls back and is returned.
  [[nodiscard]] base::Status transaction(const std::function<base::Status(pqxx::work&)>& body);
  void drop();  // closes; the next call opens anew
  [[nodiscard]] const Target& target() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// An array literal for a text parameter: {"a","b",NULL}. Quotes and backslashes are escaped; NUL must not be in it.
class ArrayLiteral {
 public:
  void add(std::string_view value);
  void add(std::int64_t value);
  void add_null();
  [[nodiscard]] std::string take();  // the literal; the object is empty again

 private:
  std::string text_ = "{";
};

}  // namespace chat::io::postgres

template <>
struct std::is_error_code_enum<chat::io::postgres::Errc> : std::true_type {};
