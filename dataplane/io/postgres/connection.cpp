#include "dataplane/io/postgres/connection.hpp"

#include <poll.h>

#include <algorithm>

#include "dataplane/io/postgres/failure.hpp"
#include "dataplane/io/postgres/session.hpp"
#include "dataplane/io/postgres/watchdog.hpp"

namespace chat::io::postgres {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kMostPrepared = 256;  // statements a connection remembers; others are sent whole
constexpr milliseconds kAnswerGrace{2000};  // past statement_timeout, when the server does not even say "cancelled"
constexpr int kStatementsInOne = 10;        // a transaction or script may take this many statement_timeouts

std::vector<const char*> pointers(const Connection::Parameters& parameters) {
  std::vector<const char*> out;
  out.reserve(parameters.size());
  for (const auto& parameter : parameters) out.push_back(parameter ? parameter->c_str() : nullptr);
  return out;
}

}  // namespace

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
