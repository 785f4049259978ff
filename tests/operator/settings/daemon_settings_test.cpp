#include "operator/settings/daemon_settings.hpp"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.hpp"

namespace chatop::settings {
namespace {

using chat::base::DaemonConfig;

chat::base::Result<DaemonConfig> again(const DaemonConfig& config) {
  chat::testing::TempDir dir;
  return chat::base::load_daemon_config(dir.write("daemon.yaml", daemon_text(config)));
}

TEST(DaemonText, IsReadBackAsTheSame) {
  DaemonConfig config;
  config.name = "api-0";
  config.cluster = "demo";
  config.version = "0.1";  // a string, though YAML would take it for a number
  config.listen = {"0.0.0.0", 8081};
  config.shared = {{"127.0.0.1", 8082}};
  config.admin = {"::", 9090};
  config.admin_token_file = "/a b/token: \"quoted\"";
  config.map_file = "/map.json";
  config.public_url = "https://chat.example.org";
  config.jwt_keys_dir = "/jwt";
  config.web_dir = "/web";
  config.redis = {"demo-redis.chat.svc", 6379};
  config.redis_password_file = "/redis";
  config.postgres_user = "someone";
  config.postgres_password_file = "/postgres";
  config.postgres_database = "elsewhere";
  config.allowed_origins = {"https://a.example.org", "https://\xC3\xA4.example.org"};
  config.stop_grace_seconds = 120;
  config.tls_cert_file = "/tls.crt";
  config.tls_key_file = "/tls.key";
  config.tls_min_version = "1.2";
  config.internal_tls_cert_file = "/internal.crt";
  config.internal_tls_key_file = "/internal.key";
  config.internal_tls_ca_file = "/ca.crt";
  config.internal_tls_name = "demo.internal";
  config.admin_tls = true;
  config.postgres_ca_file = "/postgres.crt";
  config.postgres_sslmode = "verify-ca";
  config.redis_ca_file = "/redis.crt";
  const auto read = again(config);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->name, config.name);
  EXPECT_EQ(read->cluster, config.cluster);
  EXPECT_EQ(read->version, config.version);
  EXPECT_EQ(read->listen.port, 8081);
  ASSERT_TRUE(read->shared.has_value());
  EXPECT_EQ(read->shared->port, 8082);
  EXPECT_EQ(read->admin.host, "::");
  EXPECT_EQ(read->admin_token_file, config.admin_token_file);
  EXPECT_EQ(read->map_file, config.map_file);
  EXPECT_EQ(read->public_url, config.public_url);
  EXPECT_EQ(read->jwt_keys_dir, config.jwt_keys_dir);
  EXPECT_EQ(read->web_dir, config.web_dir);
  EXPECT_EQ(read->redis.host, config.redis.host);
  EXPECT_EQ(read->redis_password_file, config.redis_password_file);
  EXPECT_EQ(read->postgres_user, config.postgres_user);
  EXPECT_EQ(read->postgres_password_file, config.postgres_password_file);
  EXPECT_EQ(read->postgres_database, config.postgres_database);
  EXPECT_EQ(read->allowed_origins, config.allowed_origins);
  EXPECT_EQ(read->stop_grace_seconds, 120);
  EXPECT_EQ(read->tls_cert_file, config.tls_cert_file);
  EXPECT_EQ(read->tls_key_file, config.tls_key_file);
  EXPECT_EQ(read->tls_min_version, "1.2");
  EXPECT_EQ(read->internal_tls_cert_file, config.internal_tls_cert_file);
  EXPECT_EQ(read->internal_tls_key_file, config.internal_tls_key_file);
  EXPECT_EQ(read->internal_tls_ca_file, config.internal_tls_ca_file);
  EXPECT_EQ(read->internal_tls_name, config.internal_tls_name);
  EXPECT_TRUE(read->admin_tls);
  EXPECT_EQ(read->postgres_ca_file, config.postgres_ca_file);
  EXPECT_EQ(read->postgres_sslmode, "verify-ca");
  EXPECT_EQ(read->redis_ca_file, config.redis_ca_file);
}

TEST(DaemonText, LeavesOutWhatIsNotThere) {
  DaemonConfig config;
  config.name = "worker-0";
  config.cluster = "demo";
  config.admin = {"127.0.0.1", 9090};
  config.admin_token_file = "/token";
  EXPECT_EQ(daemon_text(config), std::string(kWrittenByUs) +
                                     "name: \"worker-0\"\ncluster: \"demo\"\nadmin: \"127.0.0.1:9090\"\n"
                                     "admin_token_file: \"/token\"\n");
  EXPECT_TRUE(again(config));
}

}  // namespace
}  // namespace chatop::settings
