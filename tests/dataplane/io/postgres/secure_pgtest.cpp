#include <gmock/gmock.h>

#include "dataplane/io/postgres/connection.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/postgres_server.hpp"

namespace chat::io::postgres {
namespace {

using chat::testing::Authority;
using chat::testing::PostgresServer;
using chat::testing::TlsFiles;
using ::testing::HasSubstr;

const Authority& authority() {
  static const Authority one;
  return one;
}

std::map<std::string, std::string> with_tls(const TlsFiles& files) {
  namespace fs = std::filesystem;
  fs::permissions(files.files().key, fs::perms::owner_read | fs::perms::owner_write);
  PostgresServer::give_to_its_user(files.files().key);
  return {{"ssl", "on"},
          {"ssl_cert_file", files.files().certificate.string()},
          {"ssl_key_file", files.files().key.string()}};
}

TEST(SecurePostgres, TheServersCertificateIsCheckedWhereACaIsGiven) {
  const TlsFiles files(authority().issue(), authority().certificate());
  PostgresServer server(with_tls(files));
  auto target = server.target();
  target.ca_file = files.files().ca.string();
  Connection secure(target);
  auto seen = secure.execute("SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_TRUE((*seen)[0][0].as<bool>());
  EXPECT_EQ((*seen)[0][1].as<std::string>(), "TLSv1.3");

  const Authority other;
  const TlsFiles foreign(other.issue(), other.certificate());
  target.ca_file = foreign.files().ca.string();
  auto refused = Connection(target).execute("SELECT 1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::connect);
  EXPECT_THAT(refused.error().message, HasSubstr("certificate verify failed"));

  target.ca_file = (files.dir().path() / "missing.crt").string();
  auto missing = Connection(target).execute("SELECT 1");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("missing.crt"));
}

TEST(SecurePostgres, AServerWithoutTlsIsRefusedWhereACaIsGiven) {
  const TlsFiles files(authority().issue(), authority().certificate());
  PostgresServer server;
  auto target = server.target();
  target.ca_file = files.files().ca.string();
  auto refused = Connection(target).execute("SELECT 1");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("does not support SSL"));
}

TEST(SecurePostgres, TheHostMustBeNamedUnlessToldOtherwise) {
  const TlsFiles files(authority().issue(), authority().certificate());
  auto settings = with_tls(files);
  settings["listen_addresses"] = "127.0.0.1,127.0.0.2";
  PostgresServer server(settings);
  auto target = server.target();
  target.ca_file = files.files().ca.string();
  target.host = "127.0.0.2";
  auto refused = Connection(target).execute("SELECT 1");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("does not match host name"));
  target.sslmode = "verify-ca";
  auto allowed = Connection(target).execute("SELECT 1");
  EXPECT_TRUE(allowed) << allowed.error().message;
}

}  // namespace
}  // namespace chat::io::postgres
