// The operator's connections to PostgreSQL over TLS.
#include <gmock/gmock.h>

#include <ctime>
#include <fstream>
#include <iterator>

#include "operator/shards/postgres_shard_admin.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/run_task.hpp"

namespace chatop::shards {
namespace {

using chat::testing::Authority;
using chat::testing::PostgresServer;
using chat::testing::TlsFiles;
using ::testing::HasSubstr;

void protect(const TlsFiles& files) {
  namespace fs = std::filesystem;
  fs::permissions(files.files().key, fs::perms::owner_read | fs::perms::owner_write);
  PostgresServer::give_to_its_user(files.files().key);
}

TEST(SecureShard, OnlyAServerOfTheClustersCaIsTalkedToAndARenewedCertificateIsRead) {
  const Authority authority;
  const TlsFiles files(authority.issue({"daemon.demo"}), authority.certificate());
  protect(files);
  PostgresServer server({{"ssl", "on"},
                         {"ssl_cert_file", files.files().certificate.string()},
                         {"ssl_key_file", files.files().key.string()}});
  const auto target = server.target();
  chat::base::BlockingPool pool("test", 1, 10);
  PostgresShardAdmin admin(pool, {});
  const std::int64_t now = std::time(nullptr);
  const auto access = [&](const std::string& ca, const std::string& host, std::int64_t since) {
    ports::ShardAccess made{{target.host, target.port}, target.user, target.password, "chat"};
    made.trust = {ca, host, since};
    return made;
  };
  const auto problem = [&](const ports::ShardAccess& with) {
    auto report = chat::testing::run_task(admin.report(with));
    return report ? std::string() : report.error().message;
  };
  ASSERT_TRUE(chat::testing::run_task(admin.migrate(access(authority.certificate(), "daemon.demo", now))));
  EXPECT_EQ(problem(access(authority.certificate(), "daemon.demo", now)), "");
  EXPECT_THAT(problem(access(Authority().certificate(), "daemon.demo", now)), HasSubstr("certificate verify failed"));
  EXPECT_THAT(problem(access(authority.certificate(), "daemon.other", now)), HasSubstr("daemon.other"));
  EXPECT_THAT(problem(access("no certificate", "daemon.demo", now)), HasSubstr("certificate"));
  auto in = chat::testing::run_task(admin.restore_login(access(authority.certificate(), "daemon.demo", now)));
  EXPECT_TRUE(in) << in.error().message;

  // Another one lies there since; PostgreSQL reads it when it is told to.
  const Authority next;
  files.put(next.issue({"daemon.demo"}), next.certificate());
  protect(files);
  const auto both = authority.certificate() + next.certificate();
  EXPECT_EQ(problem(access(both, "daemon.demo", now)), "");
  EXPECT_NE(problem(access(next.certificate(), "daemon.demo", now)), "");
  EXPECT_TRUE(chat::testing::eventually([&] {
    // It has reached the server at this moment, after its configuration was read last.
    const auto reached = std::time(nullptr) - ports::kFilesReachSeconds;
    return problem(access(both, "daemon.demo", reached)).empty() &&
           problem(access(next.certificate(), "daemon.demo", now)).empty();
  }));
}

TEST(MemoryFileTest, HoldsATextWithoutADiskAndGoesWithItsObject) {
  std::string path;
  {
    const auto file = MemoryFile::make("some\ntext");
    ASSERT_TRUE(file);
    path = file->path();
    for (int i = 0; i < 2; ++i) {
      std::ifstream in(path, std::ios::binary);
      EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "some\ntext");
    }
  }
  EXPECT_FALSE(std::ifstream(path));
}

}  // namespace
}  // namespace chatop::shards
