#include "operator/shards/postgres_shard_admin.hpp"

#include <algorithm>
#include <functional>

#include "operator/shards/scram.hpp"

namespace chatop::shards {

using chat::base::Result;
using chat::base::Status;
using chat::base::Task;
using chat::io::postgres::Connection;
using chat::io::postgres::Target;
using ports::OwnedRange;
using ports::ShardAccess;
using ports::ShardReport;

namespace {

constexpr const char* kDatabase = "chat";
constexpr const char* kRole = "chat";
constexpr auto kReadTime = std::chrono::milliseconds(3000);
constexpr auto kMigrateTime = std::chrono::minutes(10);
constexpr auto kKeepConnection = std::chrono::seconds(30);
constexpr auto kPatience = std::chrono::seconds(1);
constexpr auto kProvenWithMany = std::chrono::hours(1);  // with more shards than connections are kept of
constexpr std::size_t kMostProven = 20'000;

Target target(const SecuredAccess& access, const char* database, std::chrono::milliseconds statement_time) {
  Target target;
  target.host = access.address.host;
  target.port = access.address.port;
  target.user = access.superuser;
  target.password = access.superuser_password;
  target.database = database;
  target.sslmode = access.sslmode;
  if (access.ca) target.ca_file = access.ca->path();
  if (access.ca && !access.trust.host.empty()) {
    target.address = access.address.host;
    target.host = access.trust.host;
  }
  target.application = "chat-operator";
  target.connect_timeout = std::chrono::milliseconds(2000);
  target.statement_timeout = statement_time;
  return target;
}

Target as_daemon(const SecuredAccess& access) {
  auto its = target(access, kDatabase, kReadTime);
  its.user = kRole;
  its.password = access.chat_password;
  return its;
}

std::string key_of(const SecuredAccess& access) {
  return access.address.host + ":" + std::to_string(access.address.port);
}

Status count_connections(Connection& server, ShardReport& report) {
  auto counted = server.execute(
      "select count(*), current_setting('max_connections')::int - "
      "current_setting('superuser_reserved_connections')::int, (select application_name from pg_stat_activity where "
      "backend_type = 'client backend' group by 1 order by count(*) desc limit 1) from pg_stat_activity where "
      "backend_type = 'client backend'");
  if (!counted) return chat::base::fail(counted.error());
  const auto row = (*counted)[0];
  report.connections = row[0].as<std::int64_t>();
  report.most_connections = row[1].as<std::int64_t>();
  if (!row[2].is_null()) report.most_by = row[2].as<std::string>();
  return {};
}

// Of what only the owner of somebody else's server can mend.
Status explained(const SecuredAccess& access, const chat::base::Error& error, const std::string& remedy) {
  if (!access.external) return chat::base::fail(error);
  return chat::base::fail(error.code, error.message + ": " + remedy);
}

Status check_version(Connection& server) {
  constexpr int kLeast = 150'000;
  auto version = server.execute("select current_setting('server_version_num')::int, current_setting('server_version')");
  if (!version) return chat::base::fail(version.error());
  if ((*version)[0][0].as<int>() >= kLeast) return {};
  return chat::base::fail(ports::ShardErrc::refused,
                          "the server is PostgreSQL " + (*version)[0][1].as<std::string>() + ": 15 or later is needed");
}

// The password is set every time: a shard that came from elsewhere, or was changed, gets ours.
Status set_login(Connection& server, const SecuredAccess& access) {
  auto present =
      server.execute("select exists (select from pg_roles where rolname = $1), format('%L', $2::text)",
                     {kRole, access.external ? access.chat_password : password_as_stored(access.chat_password)});
  if (!present) return chat::base::fail(present.error());
  const std::string role = (*present)[0][0].as<bool>() ? "alter role chat " : "create role chat ";
  auto done = server.execute(role + "with login password " + (*present)[0][1].as<std::string>());
  if (done) return {};
  return explained(access, done.error(),
                   "let this user make roles (alter role … createrole), or make the role chat by hand, with login and "
                   "the password that the Secret …-secrets of the ChatCluster holds as postgres_chat_password");
}

bool is_refused(const chat::base::Error& error) {
  return error.message.find("password authentication failed") != std::string::npos;
}

Status set_superuser_password(Connection& server, const SecuredAccess& access) {
  auto statement = server.execute("select format('alter role %I password %L', current_user, $1::text)",
                                  {password_as_stored(access.superuser_password)});
  if (!statement) return chat::base::fail(statement.error());
  auto done = server.execute((*statement)[0][0].as<std::string>());
  if (!done) return chat::base::fail(done.error());
  return {};
}

// initdb stored it in PostgreSQL's way, which each of our connections pays for.
Status store_superuser_password(Connection& server, const SecuredAccess& access) {
  auto as_ours = server.execute("select rolpassword like $1 from pg_authid where rolname = current_user",
                                {std::string(kStoredPasswords) + "%"});
  if (!as_ours) return chat::base::fail(as_ours.error());
  return (*as_ours)[0][0].as<bool>() ? Status{} : set_superuser_password(server, access);
}

// A server that knows only the password of before is told the new one.
Status change_superuser_password(const SecuredAccess& access) {
  auto as_before = target(access, "postgres", kReadTime);
  as_before.password = access.earlier_superuser_password;
  Connection server(std::move(as_before));
  return set_superuser_password(server, access);
}

Status read_ownership(Connection& connection, ShardReport& report) {
  auto identity = connection.execute("select name from shard_identity");
  if (!identity) return chat::base::fail(identity.error());
  if (!identity->empty()) report.identity = (*identity)[0][0].as<std::string>();
  auto ranges = connection.execute("select low, high, owner, epoch from bucket_ranges where epoch > 0 order by low");
  if (!ranges) return chat::base::fail(ranges.error());
  for (const auto& row : *ranges)
    report.ranges.push_back({row[0].as<int>(), row[1].as<int>(), row[2].as<std::string>(), row[3].as<std::int64_t>()});
  return {};
}

bool lacks_database(const chat::base::Error& error) {
  return error.message.find("database \"" + std::string(kDatabase) + "\" does not exist") != std::string::npos;
}

}  // namespace

PostgresShardAdmin::PostgresShardAdmin(chat::base::BlockingPool& pool, std::vector<Migration> migrations,
                                       std::size_t most_kept)
    : pool_(pool), migrations_(std::move(migrations)), most_kept_(most_kept) {}

Result<SecuredAccess> PostgresShardAdmin::secured(ShardAccess access) {
  SecuredAccess with{std::move(access), nullptr};
  if (with.trust.ca.empty()) return with;
  const std::lock_guard lock(mutex_);
  std::erase_if(files_, [](const auto& each) { return each.second.expired(); });
  with.ca = files_[with.trust.ca].lock();
  if (with.ca) return with;
  auto file = MemoryFile::make(with.trust.ca);
  if (!file) return chat::base::fail(file.error());
  with.ca = std::make_shared<const MemoryFile>(std::move(*file));
  files_[with.trust.ca] = with.ca;
  return with;
}

std::optional<PostgresShardAdmin::Kept> PostgresShardAdmin::take(const SecuredAccess& access) {
  std::lock_guard lock(mutex_);
  auto found = kept_.find(key_of(access));
  if (found == kept_.end()) return std::nullopt;
  Kept kept = std::move(found->second);
  kept_.erase(found);
  const bool as_asked = kept.connection.target() == target(access, kDatabase, kReadTime);
  if (!as_asked || std::chrono::steady_clock::now() - kept.made > kKeepConnection) return std::nullopt;
  return kept;
}

void PostgresShardAdmin::give(const SecuredAccess& access, Kept kept) {
  std::vector<Kept> dropped;  // closed without the lock
  const std::lock_guard lock(mutex_);
  while (kept_.size() >= most_kept_) {
    const auto oldest = std::min_element(kept_.begin(), kept_.end(),
                                         [](const auto& a, const auto& b) { return a.second.made < b.second.made; });
    dropped.push_back(std::move(oldest->second));
    kept_.erase(oldest);
  }
  kept_.insert_or_assign(key_of(access), std::move(kept));
}

Result<ShardReport> PostgresShardAdmin::read_report(const SecuredAccess& access) {
  const auto begun = std::chrono::steady_clock::now();
  if (auto kept = take(access)) {
    ShardReport report;
    auto read = read_database(access, kept->connection, report);
    if (read) {
      give(access, std::move(*kept));
      return report;
    }
    // A server that did not answer for so long would not answer a new connection either.
    if (std::chrono::steady_clock::now() - begun > kPatience) return chat::base::fail(read.error());
  }
  ShardReport report;
  Kept fresh{Connection(target(access, kDatabase, kReadTime)), access.ca, begun};
  auto read = read_database(access, fresh.connection, report);
  if (!read && is_refused(read.error()) && !access.earlier_superuser_password.empty() &&
      change_superuser_password(access)) {
    report = {};
    read = read_database(access, fresh.connection, report);
  }
  if (read) {
    give(access, std::move(fresh));
    return report;
  }
  if (is_refused(read.error())) return chat::base::fail(ports::ShardErrc::refused, read.error().message);
  if (!lacks_database(read.error())) return chat::base::fail(read.error());
  Connection server(target(access, "postgres", kReadTime));
  auto general = server.execute("select not pg_is_in_recovery()");
  if (!general) return chat::base::fail(general.error());
  report = {};
  report.takes_writes = (*general)[0][0].as<bool>();
  return report;
}

Status PostgresShardAdmin::read_database(const SecuredAccess& access, Connection& connection, ShardReport& report) {
  auto general = connection.execute(
      "select not pg_is_in_recovery(), exists (select from pg_roles where rolname = $1), "
      "pg_database_size(current_database()), "
      "coalesce((select n_tup_ins from pg_stat_user_tables where relname = 'message_keys'), 0), "
      "pg_conf_load_time() < to_timestamp($2::bigint) and now() >= to_timestamp($2::bigint)",
      {kRole, std::to_string(access.ca ? access.trust.since + ports::kFilesReachSeconds : 0)});
  if (!general) return chat::base::fail(general.error());
  report.takes_writes = (*general)[0][0].as<bool>();
  // Its certificate too is read then. One that can not be used leaves it with the one it has.
  if ((*general)[0][4].as<bool>()) static_cast<void>(connection.execute("select pg_reload_conf()"));
  const bool has_role = (*general)[0][1].as<bool>();
  if (has_role) {
    if (auto counted = count_connections(connection, report); !counted) return counted;
    if (auto tried = try_login(access, connection, report); !tried) return tried;
  }
  report.bytes = (*general)[0][2].as<std::int64_t>();
  report.messages_total = (*general)[0][3].as<std::int64_t>();
  auto applied = applied_migrations(connection);
  if (!applied) return chat::base::fail(applied.error());
  const auto decision = decide(migrations_, *applied);
  report.migration_problem = decision.refusal;
  report.migrated = has_role && decision.refusal.empty() && decision.due.empty();
  if (applied->empty()) return {};
  return read_ownership(connection, report);
}

// Signing on is tried again when something about it changed (the role in the shard, or our password), and after a
// while.
Status PostgresShardAdmin::try_login(const SecuredAccess& access, Connection& connection, ShardReport& report) {
  // Only superusers see passwords; others see a new one when a new connection tries.
  auto role = connection.execute(
      access.external ? "select rolcanlogin::text from pg_roles where rolname = $1"
                      : "select coalesce(rolpassword, '') || rolcanlogin::text from pg_authid where rolname = $1",
      {kRole});
  if (!role) return chat::base::fail(role.error());
  const auto now = std::hash<std::string>{}((role->empty() ? std::string() : (*role)[0][0].as<std::string>()) +
                                            access.chat_password);
  {
    const std::lock_guard lock(mutex_);
    const auto proven = proven_.find(key_of(access));
    const bool seldom = proven_.size() > most_kept_ && !access.external;
    const auto holds = seldom ? std::chrono::seconds(kProvenWithMany) : kKeepConnection;
    if (proven != proven_.end() && proven->second.login == now &&
        std::chrono::steady_clock::now() - proven->second.at < holds)
      return {};
  }
  report.login_problem = login_problem(access);
  if (!report.login_problem.empty()) return {};
  const std::lock_guard lock(mutex_);
  if (proven_.size() >= kMostProven) proven_.clear();  // of Pods that are long gone, most of them
  proven_[key_of(access)] = {now, std::chrono::steady_clock::now()};
  return {};
}

// A statement of its own as the daemons would make it: what matters is whether the server lets them in.
std::string PostgresShardAdmin::login_problem(const SecuredAccess& access) {
  Connection connection(as_daemon(access));
  auto in = connection.execute("select 1");
  if (in) return {};
  for (const char* refused : {"password authentication failed", "is not permitted to log in", "does not exist"}) {
    if (in.error().message.find(refused) != std::string::npos) return in.error().message;
  }
  return {};
}

bool PostgresShardAdmin::login_works(const SecuredAccess& access) {
  return Connection(as_daemon(access)).execute("select 1").has_value();
}

Task<Result<ShardReport>> PostgresShardAdmin::report(ShardAccess access) {
  auto work = [this, &access]() -> Result<ShardReport> {
    auto with = secured(access);
    if (!with) return chat::base::fail(with.error());
    return read_report(*with);
  };
  co_return co_await pool_.run(std::move(work));
}

Status PostgresShardAdmin::make_database(const SecuredAccess& access) const {
  Connection server(target(access, "postgres", kMigrateTime));
  if (auto fits = check_version(server); !fits) return fits;
  auto present = server.execute("select exists (select from pg_database where datname = $1)", {kDatabase});
  if (!present) return chat::base::fail(present.error());
  if (!(*present)[0][0].as<bool>()) {
    if (auto done = server.execute("create database chat"); !done)
      return explained(access, done.error(),
                       "let this user make databases (alter role … createdb), or make the database chat by hand, owned "
                       "by this user");
  }
  // A role that was made by hand for somebody who may make none is left as it is.
  if (access.external && login_works(access)) return {};
  if (!access.external) {
    if (auto set = store_superuser_password(server, access); !set) return set;
  }
  return set_login(server, access);
}

Task<Status> PostgresShardAdmin::migrate(ShardAccess access) {
  auto work = [this, &access]() -> Status {
    auto with = secured(access);
    if (!with) return chat::base::fail(with.error());
    if (auto made = make_database(*with); !made) return made;
    Connection connection(target(*with, kDatabase, kMigrateTime));
    auto done = run_migrations(connection, migrations_);
    if (done || done.error().message.find("permission denied") == std::string::npos) return done;
    return explained(*with, done.error(),
                     "the user of the shard's Secret must own the database chat and what is in it");
  };
  co_return co_await pool_.run(std::move(work));
}

Task<Status> PostgresShardAdmin::restore_login(ShardAccess access) {
  auto work = [this, &access]() -> Status {
    auto with = secured(access);
    if (!with) return chat::base::fail(with.error());
    Connection server(target(*with, "postgres", kReadTime));
    if (auto set = set_login(server, *with); !set) return set;
    auto problem = login_problem(*with);
    if (problem.empty()) return {};
    return chat::base::fail(ports::ShardErrc::refused, "the password was set, and is refused still: " + problem);
  };
  co_return co_await pool_.run(std::move(work));
}

Task<Status> PostgresShardAdmin::own(ShardAccess access, std::string shard, std::vector<OwnedRange> ranges) {
  auto work = [this, &access, &shard, &ranges]() -> Status {
    auto with = secured(access);
    if (!with) return chat::base::fail(with.error());
    Connection connection(target(*with, kDatabase, std::chrono::seconds(30)));
    if (auto done = connection.execute("select chat_identify($1)", {shard}); !done)
      return chat::base::fail(done.error());
    for (const auto& range : ranges) {
      auto done = connection.execute(
          "select chat_own($1::int, $2::int, $3, $4::bigint)",
          {std::to_string(range.low), std::to_string(range.high), range.owner, std::to_string(range.epoch)});
      if (!done) return chat::base::fail(done.error());
    }
    return {};
  };
  co_return co_await pool_.run(std::move(work));
}

}  // namespace chatop::shards
