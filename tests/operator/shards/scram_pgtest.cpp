#include "operator/shards/scram.hpp"

#include <gmock/gmock.h>

#include "operator/shards/postgres_shard_admin.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/run_task.hpp"

namespace chatop::shards {
namespace {

using chat::io::postgres::Connection;
using chat::testing::PostgresServer;
using chat::testing::run_task;
using testing::StartsWith;

const std::string kGenerated(64, 'a');

// One server for all: each test has a role of its own.
class StoredPassword : public ::testing::Test {
 protected:
  static PostgresServer& server() {
    static PostgresServer one;
    return one;
  }
  static std::string ask(const std::string& statement) {
    Connection connection(server().target());
    auto rows = connection.execute(statement);
    if (!rows) throw std::runtime_error(rows.error().message);
    return rows->empty() ? std::string() : (*rows)[0][0].as<std::string>();
  }
  static bool lets_in(const std::string& role, const std::string& password) {
    auto target = server().target();
    target.user = role;
    target.password = password;
    return Connection(std::move(target)).execute("select 1").has_value();
  }
};

TEST_F(StoredPassword, OfOursHasOneIterationAndLetsInWhoKnowsIt) {
  ask("create role ours login password '" + password_as_stored(kGenerated) + "'");
  EXPECT_THAT(ask("select rolpassword from pg_authid where rolname = 'ours'"),
              StartsWith(std::string(kStoredPasswords)));
  EXPECT_TRUE(lets_in("ours", kGenerated));
  EXPECT_FALSE(lets_in("ours", std::string(63, 'a') + "b"));
  EXPECT_FALSE(lets_in("ours", ""));
  EXPECT_FALSE(lets_in("ours", password_as_stored(kGenerated))) << "a stolen verifier is no password";
}

TEST_F(StoredPassword, HasASaltOfItsOwn) { EXPECT_NE(password_as_stored(kGenerated), password_as_stored(kGenerated)); }

TEST_F(StoredPassword, OfPeopleIsLeftToTheServer) {
  for (const std::string& theirs :
       {std::string("correct horse"), std::string(63, 'a'), std::string(64, 'A'), std::string(65, '1'), std::string()})
    EXPECT_EQ(password_as_stored(theirs), theirs);
}

TEST_F(StoredPassword, OfAShardsRolesIsStoredSoWhenItIsMigrated) {
  ask("create role boss superuser login password '" + kGenerated + "'");
  EXPECT_THAT(ask("select rolpassword from pg_authid where rolname = 'boss'"), StartsWith("SCRAM-SHA-256$4096:"));
  auto migrations = load_migrations(std::string(CHATCLUSTER_SOURCE_DIR) + "/migrations");
  ASSERT_TRUE(migrations);
  chat::base::BlockingPool pool("test", 2, 10);
  PostgresShardAdmin admin(pool, std::move(*migrations));
  const std::string its_daemons(64, 'd');
  ports::ShardAccess access{{server().target().host, server().target().port}, "boss", kGenerated, its_daemons, false};
  ASSERT_TRUE(run_task(admin.migrate(access)));
  const auto stored = [](const std::string& role) {
    return ask("select rolpassword from pg_authid where rolname = '" + role + "'");
  };
  EXPECT_THAT(stored("boss"), StartsWith(std::string(kStoredPasswords)));
  EXPECT_THAT(stored("chat"), StartsWith(std::string(kStoredPasswords)));
  EXPECT_TRUE(lets_in("boss", kGenerated));
  EXPECT_TRUE(lets_in("chat", its_daemons));
  const auto before = stored("boss");
  ASSERT_TRUE(run_task(admin.migrate(access)));
  EXPECT_EQ(stored("boss"), before) << "what is stored so is left";
}

}  // namespace
}  // namespace chatop::shards
