#include "operator/shards/migrations.hpp"

#include <gmock/gmock.h>

#include <thread>

#include "operator/shards/postgres_shard_admin.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/run_task.hpp"

namespace chatop::shards {
namespace {

using chat::io::postgres::Connection;
using chat::testing::PostgresServer;
using testing::HasSubstr;

Migration migration(int version, std::string sql) {
  return {version, "m" + std::to_string(version), sql, "sum of " + sql};
}

class Migrations : public ::testing::Test {
 protected:
  static PostgresServer& server() {
    static PostgresServer server;
    return server;
  }
  Connection database(const std::string& name) { return Connection(server().create_database(name)); }
  static std::int64_t count(Connection& connection, const std::string& query) {
    auto rows = connection.execute(query);
    EXPECT_TRUE(rows) << rows.error().message;
    return rows ? (*rows)[0][0].as<std::int64_t>() : -1;
  }
};

TEST_F(Migrations, RunInOrderOnceAndAreRemembered) {
  auto connection = database("in_order");
  const std::vector<Migration> files{migration(1, "create table t (x int)"), migration(2, "insert into t values (1)")};
  auto done = run_migrations(connection, files);
  ASSERT_TRUE(done) << done.error().message;
  ASSERT_TRUE(run_migrations(connection, files));
  EXPECT_EQ(count(connection, "select count(*) from t"), 1);
  auto applied = applied_migrations(connection);
  ASSERT_TRUE(applied);
  ASSERT_EQ(applied->size(), 2U);
  EXPECT_EQ((*applied)[1].checksum, files[1].checksum);
}

TEST_F(Migrations, AFileThatFailsLeavesNothingOfItselfAndKeepsWhatCameBefore) {
  auto connection = database("rolls_back");
  auto done = run_migrations(connection, {migration(1, "create table t (x int)"),
                                          migration(2, "create table half (x int); insert into nowhere values (1)"),
                                          migration(3, "create table never (x int)")});
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("migration 2 (m2) failed and was rolled back"));
  EXPECT_EQ(count(connection, "select count(*) from pg_tables where tablename in ('t', 'half', 'never')"), 1);
  EXPECT_EQ(count(connection, "select count(*) from schema_migrations"), 1);
  ASSERT_TRUE(
      run_migrations(connection, {migration(1, "create table t (x int)"), migration(2, "create table half (x int)")}));
}

TEST_F(Migrations, AChangedFileRunsNothingAtAll) {
  auto connection = database("changed");
  ASSERT_TRUE(run_migrations(connection, {migration(1, "create table t (x int)")}));
  auto done =
      run_migrations(connection, {migration(1, "create table t (x bigint)"), migration(2, "create table u (x int)")});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ports::ShardErrc::changed_migration);
  EXPECT_THAT(done.error().message, HasSubstr("make the change in a new file"));
  EXPECT_EQ(count(connection, "select count(*) from pg_tables where tablename = 'u'"), 0);
}

TEST_F(Migrations, OfTwoRunnersAtOnceOneDoesTheWork) {
  auto target = server().create_database("two_runners");
  const std::vector<Migration> files{migration(1, "create table t (x int); select pg_sleep(0.3)"),
                                     migration(2, "insert into t values (1)")};
  std::vector<std::string> errors(4);
  std::vector<std::thread> runners;
  for (auto& error : errors) {
    runners.emplace_back([&target, &files, &error] {
      Connection connection(target);
      if (auto done = run_migrations(connection, files); !done) error = done.error().message;
    });
  }
  for (auto& runner : runners) runner.join();
  for (const auto& error : errors) EXPECT_EQ(error, "");
  Connection connection(target);
  EXPECT_EQ(count(connection, "select count(*) from t"), 1);
}

// The whole of what the operator does in a fresh server, with the project's own migrations.
TEST_F(Migrations, AFreshServerBecomesAShardThatKnowsItsNameAndItsBuckets) {
  auto files = load_migrations(CHATCLUSTER_SOURCE_DIR "/migrations");
  ASSERT_TRUE(files) << files.error().message;
  chat::base::BlockingPool pool("test", 2, 10);
  PostgresShardAdmin admin(pool, *files);
  const auto target = server().target();
  const ports::ShardAccess access{{target.host, target.port}, target.user, target.password, "it's a secret"};

  auto before = chat::testing::run_task(admin.report(access));
  ASSERT_TRUE(before) << before.error().message;
  EXPECT_TRUE(before->takes_writes);
  EXPECT_FALSE(before->migrated);

  for (int i = 0; i < 2; ++i) {
    auto done = chat::testing::run_task(admin.migrate(access));
    ASSERT_TRUE(done) << done.error().message;
  }
  const std::vector<ports::OwnedRange> ranges{{0, 2047, "shard-0", 1}, {2048, 4095, "shard-1", 1}};
  for (int i = 0; i < 2; ++i) {
    auto done = chat::testing::run_task(admin.own(access, "shard-0", ranges));
    ASSERT_TRUE(done) << done.error().message;
  }
  auto after = chat::testing::run_task(admin.report(access));
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_TRUE(after->migrated);
  EXPECT_EQ(after->migration_problem, "");
  EXPECT_EQ(after->identity, "shard-0");
  EXPECT_EQ(after->ranges, ranges);
  EXPECT_GT(after->bytes, 0);

  // Reports share a connection, which is replaced when it was lost.
  Connection watcher(target);
  const std::string watched =
      "select coalesce(max(pid), 0) from pg_stat_activity where application_name = 'chat-operator'";
  const auto pid = count(watcher, watched);
  EXPECT_GT(pid, 0);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(chat::testing::run_task(admin.report(access)));
  EXPECT_EQ(count(watcher, watched), pid);
  EXPECT_EQ(count(watcher, "select count(*) from pg_stat_activity where application_name = 'chat-operator'"), 1);
  EXPECT_TRUE(watcher.execute("select pg_terminate_backend($1::int, 10000)", {std::to_string(pid)}));
  auto anew = chat::testing::run_task(admin.report(access));
  ASSERT_TRUE(anew) << anew.error().message;
  EXPECT_EQ(anew->ranges, ranges);

  EXPECT_EQ(after->login_problem, "");
  EXPECT_GT(after->most_connections, after->connections);

  // A password that was changed is seen, and set again.
  auto superuser = target;
  superuser.database = "chat";
  ASSERT_TRUE(Connection(superuser).execute("alter role chat password 'another' nologin"));
  auto changed = chat::testing::run_task(admin.report(access));
  ASSERT_TRUE(changed) << changed.error().message;
  EXPECT_NE(changed->login_problem, "");
  auto restored = chat::testing::run_task(admin.restore_login(access));
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(chat::testing::run_task(admin.report(access))->login_problem, "");

  // An older epoch, or another name, is refused by the shard itself.
  EXPECT_TRUE(chat::testing::run_task(admin.own(access, "shard-0", {{0, 9, "shard-1", 2}})));
  EXPECT_FALSE(chat::testing::run_task(admin.own(access, "shard-0", {{0, 9, "shard-0", 1}})));
  EXPECT_FALSE(chat::testing::run_task(admin.own(access, "shard-7", ranges)));

  // The role of the daemons logs in with its password, and owns nothing.
  auto daemon = target;
  daemon.user = "chat";
  daemon.database = "chat";
  daemon.password = "it's a secret";
  Connection connection(daemon);
  EXPECT_EQ(count(connection, "select count(*) from bucket_ranges"), 3);
  EXPECT_FALSE(connection.execute("select chat_own(0, 1, 'shard-9', 99)"));
  EXPECT_FALSE(connection.execute("create table mine (x int)"));
}

// As with many shards: each is asked so seldom that its connection is not kept.
TEST(ManyShards, KeepAFewConnectionsAndSignOnOnceAReport) {
  PostgresServer server(
      {{"listen_addresses", "127.0.0.1,127.0.0.2,127.0.0.3"}, {"logging_collector", "on"}, {"log_connections", "on"}});
  chat::base::BlockingPool pool("test", 1, 10);
  PostgresShardAdmin admin(pool, {}, 1);
  const auto target = server.target();
  const auto access = [&](const std::string& host) {
    return ports::ShardAccess{{host, target.port}, target.user, target.password, "secret"};
  };
  const auto report = [&](const std::string& host) {
    auto read = chat::testing::run_task(admin.report(access(host)));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->login_problem, "");
  };
  ASSERT_TRUE(chat::testing::run_task(admin.migrate(access("127.0.0.1"))));
  for (const auto* host : {"127.0.0.1", "127.0.0.2", "127.0.0.3"}) report(host);

  Connection watcher(target);
  const auto rows = [&](const std::string& query) {
    auto read = watcher.execute(query);
    return read ? (*read)[0][0].as<std::int64_t>() : -1;
  };
  const std::string kept = "select count(*) from pg_stat_activity where application_name = 'chat-operator'";
  EXPECT_TRUE(chat::testing::eventually([&] { return rows(kept) == 1; })) << rows(kept);
  // How often somebody has signed on to a database so far, as the log says once it has told of our own latest.
  const auto told = [&](const std::string& user, const std::string& database) {
    return rows("select count(*) from regexp_matches(pg_read_file(pg_current_logfile()), 'authorized: user=" + user +
                " database=" + database + "', 'g')");
  };
  const auto signed_on = [&](const std::string& user) {
    const auto before = told("postgres", "postgres");
    watcher.drop();
    EXPECT_TRUE(chat::testing::eventually([&] { return told("postgres", "postgres") > before; }));
    return told(user, "chat");
  };
  const auto as_superuser = signed_on(target.user);
  const auto as_daemon = signed_on("chat");
  EXPECT_GE(as_daemon, 3) << "each shard's login was tried";
  report("127.0.0.1");
  report("127.0.0.2");
  EXPECT_EQ(signed_on(target.user), as_superuser + 2);
  EXPECT_EQ(signed_on("chat"), as_daemon);
}

// The Secret says another one than the server knows: the one of before still opens it.
TEST_F(Migrations, ASuperuserWhosePasswordWasChangedInTheSecretGetsItInTheServer) {
  chat::base::BlockingPool pool("test", 1, 10);
  PostgresShardAdmin admin(pool, {});
  const auto target = server().target();
  ASSERT_TRUE(Connection(target).execute("create role boss superuser login password 'first'"));
  ports::ShardAccess access{{target.host, target.port}, "boss", "it's second", "x"};
  auto refused = chat::testing::run_task(admin.report(access));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ports::ShardErrc::refused) << refused.error().message;
  access.earlier_superuser_password = "wrong too";
  EXPECT_FALSE(chat::testing::run_task(admin.report(access)));
  access.earlier_superuser_password = "first";
  auto in = chat::testing::run_task(admin.report(access));
  EXPECT_TRUE(in) << in.error().message;
  access.earlier_superuser_password.clear();
  EXPECT_TRUE(chat::testing::run_task(admin.report(access)));
}

TEST_F(Migrations, AServerThatIsAwayIsReportedAsSuch) {
  chat::base::BlockingPool pool("test", 1, 10);
  PostgresShardAdmin admin(pool, {});
  const ports::ShardAccess access{{"127.0.0.1", 1}, "postgres", "x", "y"};
  EXPECT_FALSE(chat::testing::run_task(admin.report(access)));
}

}  // namespace
}  // namespace chatop::shards
