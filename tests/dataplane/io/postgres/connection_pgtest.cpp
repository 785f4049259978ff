#include "dataplane/io/postgres/connection.hpp"

#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "tests/support/eventually.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/temp_dir.hpp"

namespace chat::io::postgres {
namespace {

using chat::testing::eventually;
using chat::testing::PostgresServer;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using ::testing::HasSubstr;
using ::testing::Not;

class ConnectionTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = new PostgresServer(); }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }
  void SetUp() override {
    Connection setup(server_->target());
    ASSERT_TRUE(setup.script("DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, v text)"));
  }
  static Target impatient(milliseconds statement_timeout) {
    auto target = server_->target();
    target.statement_timeout = statement_timeout;
    return target;
  }
  // Waits until `count` backends run or wait in a statement that has `text`.
  static bool running(const std::string& text) {
    Connection watcher(server_->target());
    return eventually([&] {
      auto found = watcher.execute(
          "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND query LIKE $1",
          {"%" + text + "%"});
      return found && !found->empty();
    });
  }
  static PostgresServer* server_;
};
PostgresServer* ConnectionTest::server_ = nullptr;

TEST_F(ConnectionTest, APasswordOfAFileIsReadForEachConnection) {
  const chat::testing::TempDir dir;
  auto target = server_->target();
  target.password_file = dir.write("password", "first\n").string();
  Connection setup(server_->target());
  ASSERT_TRUE(setup.execute("CREATE ROLE filed LOGIN PASSWORD 'second'"));
  target.user = "filed";
  Connection connection(target);
  EXPECT_FALSE(connection.execute("SELECT 1"));
  static_cast<void>(dir.write("password", "second\n"));
  auto in = connection.execute("SELECT 1");
  EXPECT_TRUE(in) << in.error().message;
}

TEST_F(ConnectionTest, PassesParametersAndNull) {
  Connection connection(server_->target());
  auto result = connection.execute("SELECT $1::text, $2::text, $3::int + 1", {"it's \\ \"ä😀\"\n", std::nullopt, "41"});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ((*result)[0][0].as<std::string>(), "it's \\ \"ä😀\"\n");
  EXPECT_TRUE((*result)[0][1].is_null());
  EXPECT_EQ((*result)[0][2].as<int>(), 42);
}

TEST_F(ConnectionTest, ResultOutlivesItsConnection) {
  std::optional<pqxx::result> result;
  {
    Connection connection(server_->target());
    result = *connection.execute("SELECT 'kept'");
  }
  EXPECT_STREQ((*result)[0][0].c_str(), "kept");
}

TEST_F(ConnectionTest, PreparedStatementsWorkAgainAfterReconnecting) {
  Connection connection(server_->target());
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 3; ++i) {
      auto result = connection.execute_prepared("SELECT $1::int * 2", {std::to_string(i)});
      ASSERT_TRUE(result) << result.error().message;
      EXPECT_EQ((*result)[0][0].as<int>(), i * 2);
    }
    connection.drop();
  }
}

TEST_F(ConnectionTest, MoreStatementsThanAreRememberedStillRun) {
  Connection connection(server_->target());
  for (int i = 0; i < 300; ++i) {
    auto result = connection.execute_prepared("SELECT " + std::to_string(i));
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ((*result)[0][0].as<int>(), i);
  }
}

TEST_F(ConnectionTest, PreparedStatementComesRightAfterItsTableChanged) {
  Connection connection(server_->target());
  ASSERT_TRUE(connection.execute_prepared("SELECT * FROM t"));
  ASSERT_TRUE(connection.execute("ALTER TABLE t ADD COLUMN w int"));
  if (!connection.execute_prepared("SELECT * FROM t")) {
    EXPECT_TRUE(connection.execute_prepared("SELECT * FROM t"));
  }
}

TEST_F(ConnectionTest, ServersErrorsAreNamed) {
  Connection connection(server_->target());
  ASSERT_TRUE(connection.execute("INSERT INTO t VALUES (1, 'secret words')"));
  auto twice = connection.execute("INSERT INTO t VALUES (1, 'secret words')");
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, Errc::unique_violation);
  auto syntax = connection.execute("SELEKT 1");
  ASSERT_FALSE(syntax);
  EXPECT_EQ(syntax.error().code, Errc::rejected);
  EXPECT_THAT(syntax.error().message, HasSubstr("42601"));
  auto raised = connection.execute("SELECT 1/0");
  ASSERT_FALSE(raised);
  EXPECT_EQ(raised.error().code, Errc::rejected);
  EXPECT_THAT(raised.error().message, HasSubstr("22012"));
  EXPECT_TRUE(connection.execute("SELECT 1"));
}

TEST_F(ConnectionTest, MessagesHoldNoRows) {
  Connection connection(server_->target());
  ASSERT_TRUE(connection.script("CREATE UNIQUE INDEX ON t (v)"));
  ASSERT_TRUE(connection.execute("INSERT INTO t VALUES (1, 'secret words')"));
  auto twice = connection.execute("INSERT INTO t VALUES (2, 'secret words')");
  ASSERT_FALSE(twice);
  EXPECT_THAT(twice.error().message, Not(HasSubstr("secret words")));
}

TEST_F(ConnectionTest, SeveralStatementsAreForScriptsOnly) {
  Connection connection(server_->target());
  EXPECT_FALSE(connection.execute("SELECT 1; SELECT 2"));
  EXPECT_TRUE(connection.script("INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)"));
  auto broken = connection.script("INSERT INTO t VALUES (3); SELECT 1/0; INSERT INTO t VALUES (4)");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, Errc::rejected);
  EXPECT_EQ((*connection.execute("SELECT count(*) FROM t"))[0][0].as<int>(), 2);
}

TEST_F(ConnectionTest, FailedTransactionLeavesNothing) {
  Connection connection(server_->target());
  auto returned = connection.transaction([](pqxx::work& work) -> base::Status {
    work.exec("INSERT INTO t VALUES (1)");
    return base::fail(Errc::shape, "not what was expected");
  });
  ASSERT_FALSE(returned);
  EXPECT_EQ(returned.error().message, "not what was expected");
  auto thrown = connection.transaction([](pqxx::work& work) -> base::Status {
    work.exec("INSERT INTO t VALUES (1)");
    work.exec("SELECT 'x' AS v")[0][0].as<int>();
    return {};
  });
  ASSERT_FALSE(thrown);
  EXPECT_EQ(thrown.error().code, Errc::shape);
  EXPECT_EQ((*connection.execute("SELECT count(*) FROM t"))[0][0].as<int>(), 0);
  EXPECT_TRUE(connection.transaction([](pqxx::work& work) -> base::Status {
    work.exec("INSERT INTO t VALUES (1)");
    return {};
  }));
  EXPECT_EQ((*connection.execute("SELECT count(*) FROM t"))[0][0].as<int>(), 1);
}

TEST_F(ConnectionTest, SlowStatementIsCancelledAndTheConnectionStays) {
  Connection connection(impatient(milliseconds(200)));
  auto pid = (*connection.execute("SELECT pg_backend_pid()"))[0][0].as<int>();
  auto slow = connection.execute("SELECT pg_sleep(10)");
  ASSERT_FALSE(slow);
  EXPECT_EQ(slow.error().code, Errc::timeout);
  EXPECT_EQ((*connection.execute("SELECT pg_backend_pid()"))[0][0].as<int>(), pid);
}

TEST_F(ConnectionTest, TellsTheServerWhoItIs) {
  auto target = server_->target();
  target.application = "chat-messages 'messages-0'";
  Connection connection(target);
  EXPECT_EQ((*connection.execute("SHOW application_name"))[0][0].as<std::string>(), target.application);
  EXPECT_EQ((*connection.execute("SHOW idle_in_transaction_session_timeout"))[0][0].as<std::string>(), "2s");
}

TEST_F(ConnectionTest, NobodyListeningAndAWrongPasswordAreConnectErrors) {
  auto target = server_->target();
  target.port = chat::testing::free_port();
  auto refused = Connection(target).execute("SELECT 1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::connect);
  target = server_->target();
  target.password = "wrong' \\";
  auto denied = Connection(target).execute("SELECT 1");
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, Errc::connect);
  EXPECT_THAT(denied.error().message, Not(HasSubstr(target.password)));
}

TEST_F(ConnectionTest, KilledServerLeavesTheOutcomeUnknownAndTheNextCallReconnects) {
  Connection connection(server_->target());
  auto call = std::async(std::launch::async, [&] { return connection.execute("SELECT pg_sleep(4)"); });
  ASSERT_TRUE(running("pg_sleep(4)"));
  server_->kill9();
  auto lost = call.get();
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, Errc::unknown_outcome);
  auto down = connection.execute("SELECT 1");
  ASSERT_FALSE(down);
  EXPECT_EQ(down.error().code, Errc::connect);
  server_->start();
  EXPECT_TRUE(connection.execute("SELECT 1"));
}

TEST_F(ConnectionTest, ServerThatRestartedWhileTheConnectionWasIdleCostsNoCall) {
  Connection connection(server_->target());
  ASSERT_TRUE(connection.execute_prepared("SELECT 1"));
  server_->kill9();
  server_->start();
  auto result = connection.execute_prepared("SELECT 1");
  EXPECT_TRUE(result) << result.error().message;
}

TEST_F(ConnectionTest, TransactionThatLosesItsConnectionBeforeTheCommitIsKnownToHaveDoneNothing) {
  Connection connection(server_->target());
  Connection killer(server_->target());
  auto status = connection.transaction([&](pqxx::work& work) -> base::Status {
    work.exec("INSERT INTO t VALUES (1)");
    auto pid = work.exec("SELECT pg_backend_pid()")[0][0].as<std::string>();
    EXPECT_TRUE(killer.execute("SELECT pg_terminate_backend($1::int, 5000)", {pid}));
    work.exec("INSERT INTO t VALUES (2)");
    return {};
  });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::connect);
  EXPECT_EQ((*connection.execute("SELECT count(*) FROM t"))[0][0].as<int>(), 0);
}

TEST_F(ConnectionTest, ConnectionLostAtTheCommitLeavesTheOutcomeUnknown) {
  Connection connection(server_->target());
  Connection killer(server_->target());
  // A deferred trigger holds the COMMIT until the backend is ended from outside.
  ASSERT_TRUE(
      connection.script("CREATE OR REPLACE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM "
                        "pg_sleep(20); RETURN NULL; END';"
                        "CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
                        "EXECUTE FUNCTION hold()"));
  auto call = std::async(std::launch::async, [&] {
    return connection.transaction([](pqxx::work& work) -> base::Status {
      work.exec("INSERT INTO t VALUES (1)");
      return {};
    });
  });
  ASSERT_TRUE(running("COMMIT"));
  ASSERT_TRUE(
      killer.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%COMMIT%' AND "
                     "pid <> pg_backend_pid()"));
  auto status = call.get();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::unknown_outcome);
}

TEST_F(ConnectionTest, FrozenServerIsGivenUpInTime) {
  Connection connection(impatient(milliseconds(300)));
  ASSERT_TRUE(connection.execute("SELECT 1"));
  server_->pause();
  auto began = steady_clock::now();
  auto silent = connection.execute("INSERT INTO t VALUES (1)");
  auto took = steady_clock::now() - began;
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().code, Errc::unknown_outcome);
  EXPECT_LT(took, seconds(4));
  began = steady_clock::now();
  auto again = connection.execute("SELECT 1");  // connecting to a frozen server ends too
  took = steady_clock::now() - began;
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::connect);
  EXPECT_LT(took, seconds(5));
  server_->resume();
  EXPECT_TRUE(eventually([&] { return connection.execute("SELECT 1").has_value(); }));
}

TEST_F(ConnectionTest, CommitThatWasNotReplicatedIsNotASuccess) {
  Connection admin(server_->target());
  ASSERT_TRUE(admin.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'"));
  ASSERT_TRUE(admin.execute("SELECT pg_reload_conf()"));
  ASSERT_TRUE(eventually([&] {
    admin.drop();  // a setting is read when a session starts its next command: a new one has it
    return (*admin.execute("SHOW synchronous_standby_names"))[0][0].as<std::string>() == "nobody";
  }));
  Connection connection(server_->target());
  auto call = std::async(std::launch::async, [&] { return connection.execute("INSERT INTO t VALUES (7)"); });
  ASSERT_TRUE(eventually(
      [&] { return !admin.execute("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'")->empty(); }));
  ASSERT_TRUE(admin.execute("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"));
  auto result = call.get();
  auto in_transaction = std::async(std::launch::async, [&] {
    return connection.transaction([](pqxx::work& work) -> base::Status {
      work.exec("INSERT INTO t VALUES (8)");
      return {};
    });
  });
  EXPECT_TRUE(eventually([&] {
    return !admin.execute("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")->empty();
  }));
  auto status = in_transaction.get();
  ASSERT_TRUE(admin.execute("ALTER SYSTEM RESET synchronous_standby_names"));
  ASSERT_TRUE(admin.execute("SELECT pg_reload_conf()"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::unknown_outcome);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::unknown_outcome);
}

TEST_F(ConnectionTest, ArrayLiteralGoesRoundTrip) {
  const std::vector<std::string> values{
      "",     "plain", "with \"quotes\"", "back\\slash", "new\nline\ttab", "comma,",   "{brace}",
      "NULL", "ä€😀",   " spaces ",        "'",           "\\\"\\\\",       "\x01\x7F", "$1",
      "%s"};
  ArrayLiteral literal;
  for (const auto& value : values) literal.add(value);
  literal.add_null();
  Connection connection(server_->target());
  auto result =
      connection.execute("SELECT v FROM unnest($1::text[]) WITH ORDINALITY AS u(v, n) ORDER BY n", {literal.take()});
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_EQ(result->size(), values.size() + 1);
  for (std::size_t i = 0; i < values.size(); ++i)
    EXPECT_EQ((*result)[static_cast<pqxx::result::size_type>(i)][0].as<std::string>(), values[i]);
  EXPECT_TRUE(result->back()[0].is_null());
  literal.add(std::int64_t{-5});
  literal.add(std::int64_t{9223372036854775807});
  EXPECT_EQ(literal.take(), "{-5,9223372036854775807}");
  EXPECT_EQ(literal.take(), "{}");
}

}  // namespace
}  // namespace chat::io::postgres
