#pragma once
#include <pqxx/pqxx>
#include <string>
#include <unordered_map>

#include "dataplane/io/postgres/connection.hpp"

namespace chat::io::postgres {

// Listens for the one warning that changes an outcome: a commit whose wait for a synchronous standby was cut short is
// reported as success. The verbose form names the function, which no translation of messages changes.
class Notices final : public pqxx::errorhandler {
 public:
  explicit Notices(pqxx::connection_base& connection) : pqxx::errorhandler(connection) {}
  bool operator()(const char message[]) noexcept override;
  bool commit_not_replicated = false;
};

// One session with the server, from connected to closed. The constructor throws what libpqxx throws.
struct Session {
  explicit Session(const Target& target);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  pqxx::connection connection;
  Notices notices;  // after the connection: it unregisters itself
  // A second descriptor of the socket for the watchdog: libpq closes its own in the middle of a call, and the number
  // could be another connection's by the time the watchdog acts.
  int watched;
  std::unordered_map<std::string, std::string> prepared;  // statement text -> name
};

}  // namespace chat::io::postgres
