#include "dataplane/io/postgres/connection.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <string_view>
#include <unordered_map>

#include "dataplane/io/postgres/watchdog.hpp"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
// libpqxx 6.4.5 does not clear the result of a statement whose connection broke: 2 KiB for each lost connection.
extern "C" const char* __lsan_default_suppressions() { return "leak:PQmakeEmptyPGresult\n"; }
#endif

namespace chat::io::postgres {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kMostPrepared = 256;      // statements a connection remembers; others are sent whole
constexpr std::size_t kMostMessageBytes = 500;  // of a server's message, in ours
constexpr milliseconds kAnswerGrace{2000};      // past statement_timeout, when the server does not even say "cancelled"
constexpr int kStatementsInOne = 10;            // a transaction or script may take this many statement_timeouts

class PostgresCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "postgres"; }
  [[nodiscard]] std::string message(int code) const override {
    switch (static_cast<Errc>(code)) {
      case Errc::connect:
        return "not connected";
      case Errc::rejected:
        return "rejected by the server";
      case Errc::unique_violation:
        return "a unique key is there already";
      case Errc::unknown_outcome:
        return "the outcome is not known";
      case Errc::timeout:
        return "cancelled after its time";
      case Errc::shape:
        break;
    }
    return "the answer has an unexpected shape";
  }
};

// One line, without DETAIL and the like: those can hold what people wrote.
std::string first_line(std::string_view message) {
  message = message.substr(0, message.find('\n'));
  return std::string(message.substr(0, kMostMessageBytes));
}

std::string one_line(std::string_view message) {
  std::string line(message.substr(0, kMostMessageBytes));
  std::replace(line.begin(), line.end(), '\n', ' ');
  while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.pop_back();
  return line;
}

void append_option(std::string& options, std::string_view key, std::string_view value) {
  if (!options.empty()) options += ' ';
  options += key;
  options += "='";
  for (char c : value) {
    if (c == '\'' || c == '\\') options += '\\';
    options += c;
  }
  options += '\'';
}

std::string connection_string(const Target& target) {
  auto seconds = std::chrono::ceil<std::chrono::seconds>(target.connect_timeout).count();
  std::string options;
  append_option(options, "host", target.host);
  append_option(options, "port", std::to_string(target.port));
  append_option(options, "user", target.user);
  append_option(options, "password", target.password);
  append_option(options, "dbname", target.database);
  append_option(options, "application_name", target.application);
  append_option(options, "client_encoding", "UTF8");
  append_option(options, "connect_timeout", std::to_string(std::max<std::int64_t>(seconds, 2)));  // libpq's least
  append_option(options, "tcp_user_timeout", "3000");
  append_option(options, "keepalives_idle", "3");
  append_option(options, "keepalives_interval", "1");
  append_option(options, "keepalives_count", "3");
  append_option(options, "gssencmode", "disable");  // saves a round trip where Kerberos credentials lie around
  append_option(options, "options",
                "-c statement_timeout=" + std::to_string(target.statement_timeout.count()) +
                    " -c idle_in_transaction_session_timeout=2000");
  return options;
}

// Listens for the one warning that changes an outcome: a commit whose wait for a synchronous standby was cut short is
// reported as success. The verbose form names the function, which no translation of messages changes.
class Notices final : public pqxx::errorhandler {
 public:
  explicit Notices(pqxx::connection_base& connection) : pqxx::errorhandler(connection) {}
  bool operator()(const char message[]) noexcept override {
    std::string_view text(message);
    if (text.find("SyncRepWaitForLSN") != std::string_view::npos ||
        text.find("might not have been replicated") != std::string_view::npos)
      commit_not_replicated = true;
    return false;  // not to standard error, where pqxx would write it
  }
  bool commit_not_replicated = false;
};

struct Session {
  explicit Session(const Target& target) : connection(connection_string(target)), notices(connection) {
    connection.set_verbosity(pqxx::connection_base::verbose);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"  // gone in pqxx 7, where not reactivating is the only way
    connection.inhibit_reactivation(true);
#pragma GCC diagnostic pop
  }
  ~Session() {
    if (watched >= 0) ::close(watched);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  pqxx::connection connection;
  Notices notices;  // after the connection: it unregisters itself
  // A second descriptor of the socket for the watchdog: libpq closes its own in the middle of a call, and the number
  // could be another connection's by the time the watchdog acts.
  int watched = ::fcntl(connection.sock(), F_DUPFD_CLOEXEC, 0);
  std::unordered_map<std::string, std::string> prepared;  // statement text -> name
};

std::vector<const char*> pointers(const Connection::Parameters& parameters) {
  std::vector<const char*> out;
  out.reserve(parameters.size());
  for (const auto& parameter : parameters) out.push_back(parameter ? parameter->c_str() : nullptr);
  return out;
}

base::Error sql_failure(const std::string& state, std::string_view message) {
  std::string text = first_line(message);
  if (!state.empty() && text.find(state) == std::string::npos) text += " (SQLSTATE " + state + ")";
  if (state == "23505") return {Errc::unique_violation, std::move(text)};
  if (state == "57014") return {Errc::timeout, std::move(text)};
  if (state == "40003" || state == "08007") return {Errc::unknown_outcome, std::move(text)};
  return {Errc::rejected, std::move(text)};
}

// To be called inside a catch block: what is in flight there, as an error of a connection that is still good.
base::Error current_failure() {
  try {
    throw;
  } catch (const pqxx::in_doubt_error& error) {
    return {Errc::unknown_outcome, one_line(error.what())};
  } catch (const pqxx::statement_completion_unknown& error) {
    return {Errc::unknown_outcome, one_line(error.what())};
  } catch (const pqxx::broken_connection& error) {
    return {Errc::unknown_outcome, one_line(error.what())};
  } catch (const pqxx::sql_error& error) {
    return sql_failure(error.sqlstate(), error.what());
  } catch (const pqxx::deadlock_detected& error) {
    return sql_failure("40P01", error.what());
  } catch (const pqxx::transaction_rollback& error) {
    return sql_failure("40001", error.what());
  } catch (const std::exception& error) {
    return {Errc::shape, one_line(error.what())};
  }
}

}  // namespace

std::error_code make_error_code(Errc code) {
  static const PostgresCategory category;
  return {static_cast<int>(code), category};
}

struct Connection::Impl {
  explicit Impl(Target its_target) : target(std::move(its_target)) {}

  base::Status open();
  template <class Body>
  base::Status guarded(int statements, const Body& body);
  base::Error settle(base::Error error, bool committing, bool silent);
  pqxx::result run_prepared(const std::string& sql, const Parameters& parameters);

  Target target;
  std::shared_ptr<Watchdog> watchdog = Watchdog::shared();
  std::unique_ptr<Session> session;
  bool reached_commit = true;  // false while a transaction has not sent its COMMIT yet
};

// A connection that lay idle may have been closed by the server meanwhile: seen here, nothing was sent yet and the
// outcome of the call is not in doubt.
base::Status Connection::Impl::open() {
  if (session) {
    pollfd poller{session->connection.sock(), POLLIN | POLLRDHUP, 0};
    bool gone = !session->connection.is_open() ||
                (::poll(&poller, 1, 0) > 0 && (poller.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0);
    if (gone) session.reset();
  }
  if (session) return {};
  auto where = target.host + ":" + std::to_string(target.port) + "/" + target.database;
  try {
    session = std::make_unique<Session>(target);
  } catch (const std::exception& error) {
    return base::fail(Errc::connect, where + ": " + one_line(error.what()));
  }
  return {};
}

// Runs `body` on an open session under a deadline; exceptions end here.
template <class Body>
base::Status Connection::Impl::guarded(int statements, const Body& body) {
  if (auto opened = open(); !opened) return opened;
  reached_commit = true;
  session->notices.commit_not_replicated = false;
  auto limit = target.statement_timeout.count() > 0 ? target.statement_timeout * statements + kAnswerGrace
                                                    : milliseconds(std::chrono::hours(24));
  base::Status status;
  bool silent = false;
  {
    Watchdog::Watch watch(*watchdog, session->watched, steady_clock::now() + limit);
    try {
      status = body(*session);
    } catch (...) {
      status = base::fail(current_failure());
    }
    silent = watch.fired();
  }
  if (!status) return base::fail(settle(std::move(status).error(), reached_commit, silent));
  if (session->notices.commit_not_replicated) {
    session.reset();
    return base::fail(Errc::unknown_outcome, "committed on one server only: its replication was not confirmed in time");
  }
  return {};
}

// A failure on a connection that was lost says less than it seems to: even a server's last words ("terminating") can
// come after its commit.
base::Error Connection::Impl::settle(base::Error error, bool committing, bool silent) {
  bool replicated_unknown = session->notices.commit_not_replicated;
  bool lost = silent || !session->connection.is_open() || error.code == Errc::unknown_outcome;
  if (!lost && !replicated_unknown) {
    // A plan or a prepared statement that the server no longer has comes right with a new session.
    bool stale = error.message.find("0A000") != std::string::npos || error.message.find("26000") != std::string::npos;
    if (stale && error.code == Errc::rejected) session.reset();
    return error;
  }
  session.reset();
  if (silent) error.message = "the server did not answer in time";
  if (!committing && !replicated_unknown) {
    return {Errc::connect, "the connection was lost before the commit, nothing was changed: " + error.message};
  }
  return {Errc::unknown_outcome, std::move(error.message)};
}

pqxx::result Connection::Impl::run_prepared(const std::string& sql, const Parameters& parameters) {
  auto values = pointers(parameters);
  pqxx::nontransaction work(session->connection);
  auto found = session->prepared.find(sql);
  if (found == session->prepared.end()) {
    if (session->prepared.size() >= kMostPrepared)
      return work.exec_params(sql, pqxx::prepare::make_dynamic_params(values));
    auto name = "s" + std::to_string(session->prepared.size());
    session->connection.prepare(name, sql);
    found = session->prepared.emplace(sql, std::move(name)).first;
  }
  return work.exec_prepared(found->second, pqxx::prepare::make_dynamic_params(values));
}

Connection::Connection(Target target) : impl_(std::make_unique<Impl>(std::move(target))) {}
Connection::~Connection() = default;
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;

base::Result<pqxx::result> Connection::execute(const std::string& sql, const Parameters& parameters) {
  pqxx::result result;
  auto status = impl_->guarded(1, [&](Session& session) -> base::Status {
    auto values = pointers(parameters);
    pqxx::nontransaction work(session.connection);
    result = work.exec_params(sql, pqxx::prepare::make_dynamic_params(values));
    return {};
  });
  if (!status) return base::fail(std::move(status).error());
  return result;
}

base::Result<pqxx::result> Connection::execute_prepared(const std::string& sql, const Parameters& parameters) {
  pqxx::result result;
  auto status = impl_->guarded(1, [&](Session&) -> base::Status {
    result = impl_->run_prepared(sql, parameters);
    return {};
  });
  if (!status) return base::fail(std::move(status).error());
  return result;
}

base::Status Connection::script(const std::string& sql) {
  return transaction([&sql](pqxx::work& work) -> base::Status {
    work.exec(sql);
    return {};
  });
}

base::Status Connection::transaction(const std::function<base::Status(pqxx::work&)>& body) {
  return impl_->guarded(kStatementsInOne, [&](Session& session) -> base::Status {
    impl_->reached_commit = false;
    pqxx::work work(session.connection);
    auto status = body(work);
    if (!status) {
      work.abort();
      return status;
    }
    impl_->reached_commit = true;
    work.commit();
    return {};
  });
}

void Connection::drop() { impl_->session.reset(); }
const Target& Connection::target() const { return impl_->target; }

}  // namespace chat::io::postgres
