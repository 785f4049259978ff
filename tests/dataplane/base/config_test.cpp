#include "dataplane/base/config.hpp"

#include <gmock/gmock.h>

#include "tests/support/temp_dir.hpp"

namespace chat::base {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kLeast =
    "name: gateway-0\ncluster: demo\nadmin: 127.0.0.1:9000\nadmin_token_file: /secret/token\n";

class ConfigTest : public ::testing::Test {
 protected:
  Result<DaemonConfig> load(const std::string& text) { return load_daemon_config(dir_.write("config.yaml", text)); }
  std::string error(const std::string& text) {
    auto loaded = load(text);
    if (loaded) return "(no error)";
    EXPECT_EQ(loaded.error().code, ConfigErrc::invalid);
    return loaded.error().message;
  }
  chat::testing::TempDir dir_;
};

TEST_F(ConfigTest, ReadsEveryKey) {
  auto config = load(std::string(kLeast) + R"(
version: 0.1.0
listen: 127.0.0.1:8001
shared: "[::1]:8000"
map_file: /map.json
public_url: http://127.0.0.1:8000
jwt_keys_dir: /keys
web_dir: /web
redis: redis:6379
redis_password_file: /secret/redis
postgres_user: someone
postgres_password_file: /secret/postgres
postgres_database: other
allowed_origins: ["https://a.example", "https://b.example"]
)");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->name, "gateway-0");
  EXPECT_EQ(config->cluster, "demo");
  EXPECT_EQ(config->version, "0.1.0");
  EXPECT_EQ(config->listen.port, 8001);
  ASSERT_TRUE(config->shared);
  EXPECT_EQ(config->shared->host, "::1");
  EXPECT_EQ(config->admin.port, 9000);
  EXPECT_EQ(config->admin_token_file, "/secret/token");
  EXPECT_EQ(config->map_file, "/map.json");
  EXPECT_EQ(config->public_url, "http://127.0.0.1:8000");
  EXPECT_EQ(config->jwt_keys_dir, "/keys");
  EXPECT_EQ(config->web_dir, "/web");
  EXPECT_EQ(config->redis.host, "redis");
  EXPECT_EQ(config->redis_password_file, "/secret/redis");
  EXPECT_EQ(config->postgres_user, "someone");
  EXPECT_EQ(config->postgres_password_file, "/secret/postgres");
  EXPECT_EQ(config->postgres_database, "other");
  EXPECT_THAT(config->allowed_origins, ElementsAre("https://a.example", "https://b.example"));
}

TEST_F(ConfigTest, ReadsTheKeysOfTls) {
  auto config = load(std::string(kLeast) + R"(
tls_cert_file: /tls/tls.crt
tls_key_file: /tls/tls.key
tls_min_version: "1.2"
internal_tls_cert_file: /internal/tls.crt
internal_tls_key_file: /internal/tls.key
internal_tls_ca_file: /internal/ca.crt
internal_tls_name: demo.chat.internal
admin_tls: true
postgres_ca_file: /postgres/ca.crt
postgres_sslmode: verify-ca
redis_ca_file: /redis/ca.crt
)");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->tls_cert_file, "/tls/tls.crt");
  EXPECT_EQ(config->tls_key_file, "/tls/tls.key");
  EXPECT_EQ(config->tls_min_version, "1.2");
  EXPECT_EQ(config->internal_tls_cert_file, "/internal/tls.crt");
  EXPECT_EQ(config->internal_tls_key_file, "/internal/tls.key");
  EXPECT_EQ(config->internal_tls_ca_file, "/internal/ca.crt");
  EXPECT_EQ(config->internal_tls_name, "demo.chat.internal");
  EXPECT_TRUE(config->admin_tls);
  EXPECT_EQ(config->postgres_ca_file, "/postgres/ca.crt");
  EXPECT_EQ(config->postgres_sslmode, "verify-ca");
  EXPECT_EQ(config->redis_ca_file, "/redis/ca.crt");
}

TEST_F(ConfigTest, SaysWhichKeyOfTlsIsWrong) {
  const std::string least = kLeast;
  EXPECT_THAT(error(least + "tls_min_version: '1.1'\n"), AllOf(HasSubstr("tls_min_version"), HasSubstr("1.3 or 1.2")));
  EXPECT_THAT(error(least + "tls_cert_file: /a\n"),
              AllOf(HasSubstr("tls_key_file is missing"), HasSubstr("tls_cert_file")));
  EXPECT_THAT(error(least + "internal_tls_cert_file: /a\ninternal_tls_key_file: /a\n"),
              HasSubstr("internal_tls_ca_file is missing"));
  EXPECT_THAT(error(least + "postgres_sslmode: require\n"), HasSubstr("verify-full or verify-ca"));
  EXPECT_THAT(error(least + "admin_tls: yes\n"), HasSubstr("true or false"));
  EXPECT_THAT(error(least + "admin_tls: true\n"), HasSubstr("internal_tls_cert_file is missing"));
}

TEST_F(ConfigTest, LeavesDefaultsWhereAKeyIsNotThere) {
  auto config = load(kLeast);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->postgres_user, "chat");
  EXPECT_FALSE(config->shared);
  EXPECT_EQ(config->tls_min_version, "1.3");
  EXPECT_EQ(config->postgres_sslmode, "verify-full");
  EXPECT_FALSE(config->admin_tls);
  EXPECT_EQ(config->stop_grace_seconds, 5);
}

TEST_F(ConfigTest, NamesTheKeyThatIsWrong) {
  const std::string least = kLeast;
  EXPECT_THAT(error(least + "alowed_origins: []\n"),
              AllOf(HasSubstr("alowed_origins"), HasSubstr("mean allowed_origins")));
  EXPECT_THAT(error(least + "zzzzzzzz: 1\n"), AllOf(HasSubstr("zzzzzzzz"), ::testing::Not(HasSubstr("did you mean"))));
  EXPECT_THAT(error("cluster: demo\n"), AllOf(HasSubstr("name"), HasSubstr("required")));
  EXPECT_THAT(error(least + "listen: 127.0.0.1\n"), AllOf(HasSubstr("listen"), HasSubstr("no port")));
  EXPECT_THAT(error(least + "redis: {host: a}\n"), AllOf(HasSubstr("redis"), HasSubstr("must be a string")));
  EXPECT_THAT(error(least + "allowed_origins: a\n"), AllOf(HasSubstr("allowed_origins"), HasSubstr("list")));
  EXPECT_THAT(error(least + "allowed_origins: [a, [b]]\n"), HasSubstr("allowed_origins[1]"));
  EXPECT_THAT(error(least + "stop_grace_seconds: -1\n"),
              AllOf(HasSubstr("stop_grace_seconds"), HasSubstr("0 to 86400")));
  EXPECT_THAT(error(least + "stop_grace_seconds: 5s\n"), HasSubstr("whole number"));
  EXPECT_THAT(error(least + "name: again\n"), AllOf(HasSubstr("name"), HasSubstr("twice")));
  EXPECT_THAT(error("- a\n- b\n"), HasSubstr("mapping"));
  EXPECT_THAT(error(""), HasSubstr("mapping"));
  EXPECT_THAT(error("a: [\n"), HasSubstr("YAML"));
}

TEST_F(ConfigTest, SaysWhichFileIsUnreadable) {
  auto loaded = load_daemon_config(dir_.path() / "missing.yaml");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ConfigErrc::unreadable);
  EXPECT_THAT(loaded.error().message, HasSubstr("missing.yaml"));
  EXPECT_FALSE(load_daemon_config(dir_.path()));  // a directory
  EXPECT_FALSE(load(std::string(2'000'000, '#')));
}

TEST_F(ConfigTest, SecretsLoseTheirLastNewlineOnly) {
  EXPECT_EQ(*read_secret(dir_.write("a", "pass word\n")), "pass word");
  EXPECT_EQ(*read_secret(dir_.write("b", " x\n\n")), " x\n");
  EXPECT_EQ(*read_secret(dir_.write("c", "x")), "x");
  EXPECT_FALSE(read_secret(dir_.write("d", "\n")));
  EXPECT_FALSE(read_secret(dir_.path() / "none"));
}

TEST(HostPort, ParsesAddressesAndNames) {
  EXPECT_EQ(parse_host_port("127.0.0.1:80")->host, "127.0.0.1");
  EXPECT_EQ(parse_host_port("[::1]:80")->host, "::1");
  EXPECT_EQ(parse_host_port("a.b.svc:65535")->port, 65535);
  EXPECT_EQ(parse_host_port("a:0")->port, 0);
  for (const char* wrong : {"", ":", "a", "a:", ":80", "a:x", "a:65536", "a:-1", "a:+1", "a: 1", "::1:80", "[::1]",
                            "[]:1", "[::1:80", "a b:1", "http://a:80"})
    EXPECT_FALSE(parse_host_port(wrong)) << wrong;
}

}  // namespace
}  // namespace chat::base
