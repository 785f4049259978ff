// Shards on a server that somebody else runs, where the operator is no superuser.
#include <gmock/gmock.h>

#include "operator/shards/postgres_shard_admin.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/run_task.hpp"

namespace chatop::shards {
namespace {

using chat::io::postgres::Connection;
using chat::testing::PostgresServer;
using chat::testing::run_task;
using testing::HasSubstr;

std::vector<Migration> our_migrations() {
  auto files = load_migrations(std::string(CHATCLUSTER_SOURCE_DIR) + "/migrations");
  if (!files) throw std::runtime_error(files.error().message);
  return std::move(*files);
}

// A server of its own for each test: roles and the database's name belong to a whole server.
class ExternalShard : public ::testing::Test {
 protected:
  explicit ExternalShard(std::map<std::string, std::string> settings = {}) : server_(std::move(settings)) {}
  void as_superuser(const std::string& statement) {
    Connection connection(server_.target());
    auto done = connection.execute(statement);
    ASSERT_TRUE(done) << done.error().message;
  }
  [[nodiscard]] ports::ShardAccess access() const {
    ports::ShardAccess access{
        {server_.target().host, server_.target().port}, "owner", "the owner's", "the daemons'", true};
    return access;
  }
  std::string migrate() {
    auto done = run_task(admin_.migrate(access()));
    return done ? std::string() : done.error().message;
  }
  ports::ShardReport report() {
    auto report = run_task(admin_.report(access()));
    if (!report) throw std::runtime_error(report.error().message);
    return std::move(*report);
  }
  bool daemons_can_log_in() {
    auto target = server_.target();
    target.user = target.database = "chat";
    target.password = "the daemons'";
    return Connection(target).execute("select count(*) from bucket_ranges").has_value();
  }
  PostgresServer server_;
  chat::base::BlockingPool pool_{"test", 2, 10};
  PostgresShardAdmin admin_{pool_, our_migrations()};
};

TEST_F(ExternalShard, AUserWhoMayMakeDatabasesAndRolesIsEnough) {
  as_superuser("create role owner login createdb createrole password 'the owner''s'");
  EXPECT_TRUE(report().takes_writes);
  EXPECT_FALSE(report().migrated);
  ASSERT_EQ(migrate(), "");
  ASSERT_EQ(migrate(), "");  // again is as once
  const std::vector<ports::OwnedRange> ranges{{0, 4095, "shard-0", 1}};
  auto owned = run_task(admin_.own(access(), "shard-0", ranges));
  ASSERT_TRUE(owned) << owned.error().message;
  const auto seen = report();
  EXPECT_TRUE(seen.migrated);
  EXPECT_EQ(seen.identity, "shard-0");
  EXPECT_EQ(seen.ranges, ranges);
  EXPECT_EQ(seen.login_problem, "");
  EXPECT_TRUE(daemons_can_log_in());
  // It is another shard's no more.
  EXPECT_FALSE(run_task(admin_.own(access(), "shard-1", ranges)));
}

TEST_F(ExternalShard, ADaemonsRoleThatIsGoneIsMadeAgainAndWhatItIsKnownByStays) {
  as_superuser("create role owner login createdb createrole password 'the owner''s'");
  ASSERT_EQ(migrate(), "");
  ASSERT_TRUE(run_task(admin_.own(access(), "shard-0", {{0, 4095, "shard-0", 1}})));
  {
    auto target = server_.target();
    target.database = "chat";
    Connection connection(target);
    ASSERT_TRUE(connection.execute("drop owned by chat"));
    ASSERT_TRUE(connection.execute("drop role chat"));
  }
  const auto without = report();
  EXPECT_FALSE(without.migrated);
  EXPECT_EQ(without.identity, "shard-0");
  ASSERT_EQ(migrate(), "");
  EXPECT_TRUE(report().migrated);
}

TEST_F(ExternalShard, WhoMayMakeNothingIsToldWhatToMakeByHand) {
  as_superuser("create role owner login password 'the owner''s'");
  EXPECT_THAT(migrate(), HasSubstr("make the database chat by hand"));
  as_superuser("create database chat owner owner");
  EXPECT_THAT(migrate(), HasSubstr("make the role chat by hand"));
  as_superuser("create role chat login password 'the daemons'''");
  ASSERT_EQ(migrate(), "");
  EXPECT_TRUE(report().migrated);
  EXPECT_TRUE(daemons_can_log_in());
  // Where its password is another one, this user can not help.
  as_superuser("alter role chat password 'another'");
  PostgresShardAdmin fresh(pool_, our_migrations());
  auto seen = run_task(fresh.report(access()));
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_THAT(seen->login_problem, HasSubstr("password authentication failed"));
  auto restored = run_task(admin_.restore_login(access()));
  ASSERT_FALSE(restored);
  EXPECT_THAT(restored.error().message, HasSubstr("make the role chat by hand"));
}

TEST_F(ExternalShard, ADatabaseOfSomebodyElseIsSaid) {
  as_superuser("create role owner login createrole password 'the owner''s'");
  as_superuser("create database chat");
  EXPECT_THAT(migrate(), HasSubstr("must own the database chat"));
}

// What the server shows; its files are read when it starts.
struct Certificates {
  chat::testing::Authority authority;
  chat::testing::TlsFiles files{authority.issue(), authority.certificate()};
  Certificates() {
    std::filesystem::permissions(files.files().key,
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    PostgresServer::give_to_its_user(files.files().key);
  }
  [[nodiscard]] std::map<std::string, std::string> settings() const {
    return {{"ssl", "on"},
            {"ssl_cert_file", files.files().certificate.string()},
            {"ssl_key_file", files.files().key.string()}};
  }
};

TEST(ExternalShardTls, TheServerMustBeTheOneThatTheSecretsCaVouchesFor) {
  const Certificates certificates;
  const chat::testing::Authority another;
  PostgresServer server(certificates.settings());
  chat::base::BlockingPool pool("test", 1, 10);
  PostgresShardAdmin admin(pool, our_migrations());
  ports::ShardAccess access{{server.target().host, server.target().port},
                            server.target().user,
                            server.target().password,
                            "the daemons'",
                            true};
  access.trust.ca = another.certificate();
  EXPECT_FALSE(run_task(admin.report(access)));
  access.trust.ca = certificates.authority.certificate();
  auto report = run_task(admin.report(access));
  ASSERT_TRUE(report) << report.error().message;
  auto migrated = run_task(admin.migrate(access));
  ASSERT_TRUE(migrated) << migrated.error().message;
  ASSERT_TRUE(run_task(admin.report(access)));  // its connection stays
  auto target = server.target();
  auto secured = Connection(target).execute(
      "select bool_and(ssl) from pg_stat_ssl join pg_stat_activity using (pid) where application_name = "
      "'chat-operator'");
  ASSERT_TRUE(secured);
  EXPECT_TRUE((*secured)[0][0].as<bool>());
}

}  // namespace
}  // namespace chatop::shards
