#include "operator/kubernetes/platform/external_servers.hpp"

#include <gmock/gmock.h>

#include "dataplane/base/digest.hpp"

namespace chatop::kubernetes {
namespace {

using chat::base::Json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kCa = "-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----";

Json secret(const std::map<std::string, std::string>& values) {
  Json made = {{"metadata", {{"name", "their-secret"}}}, {"data", Json::object()}};
  for (const auto& [key, value] : values) made["data"][key] = chat::base::base64(value);
  return made;
}
std::map<std::string, std::string> least() {
  return {{"host", "db.example.org\n"}, {"user", "owner"}, {"password", "pass word\n"}};
}
std::string problem(const std::map<std::string, std::string>& more, const std::string& without = {}) {
  auto values = least();
  for (const auto& [key, value] : more) values[key] = value;
  values.erase(without);
  auto server = external_postgres(secret(values));
  return server ? std::string() : server.error().message;
}

TEST(ExternalServers, ASecretSaysWhereAShardIsAndWhoOwnsIt) {
  auto server = external_postgres(secret(least()));
  ASSERT_TRUE(server) << server.error().message;
  EXPECT_EQ(server->address.host, "db.example.org");
  EXPECT_EQ(server->address.port, 5432);
  EXPECT_EQ(server->user, "owner");
  EXPECT_EQ(server->password, "pass word");
  EXPECT_EQ(server->sslmode, "");
  auto values = least();
  values.erase("user");
  values["username"] = "as a service binding says it";
  values["port"] = "6432";
  values["ca.crt"] = kCa;
  server = external_postgres(secret(values));
  ASSERT_TRUE(server) << server.error().message;
  EXPECT_EQ(server->user, "as a service binding says it");
  EXPECT_EQ(server->address.port, 6432);
  EXPECT_EQ(server->sslmode, "verify-full");
  EXPECT_EQ(server->ca, std::string(kCa) + "\n");
  values["sslmode"] = "verify-ca";
  EXPECT_EQ(external_postgres(secret(values))->sslmode, "verify-ca");
}

TEST(ExternalServers, WhatIsMissingOrWrongIsSaidWithTheKeyAndWithoutItsValue) {
  for (const char* key : {"host", "user", "password"})
    EXPECT_THAT(problem({}, key), AllOf(HasSubstr("the Secret their-secret"), HasSubstr(key))) << key;
  EXPECT_THAT(problem({{"host", "postgres://u:hidden@db"}}), AllOf(HasSubstr("host"), Not(HasSubstr("hidden"))));
  for (const char* port : {"0", "65536", "54 32", "-1", "x"})
    EXPECT_THAT(problem({{"port", port}}), HasSubstr("port")) << port;
  EXPECT_THAT(problem({{"ca.crt", "hidden"}}), AllOf(HasSubstr("ca.crt"), Not(HasSubstr("hidden"))));
  EXPECT_THAT(problem({{"sslmode", "verify-full"}}), HasSubstr("has no ca.crt"));
  EXPECT_THAT(problem({{"sslmode", "require"}}), HasSubstr("has no ca.crt"));
  EXPECT_THAT(problem({{"sslmode", "require"}, {"ca.crt", kCa}}), HasSubstr("verify-full or verify-ca"));
  EXPECT_THAT(problem({{"database", "other"}}), HasSubstr("another database than chat"));
  EXPECT_EQ(problem({{"database", "chat"}, {"sslmode", "prefer"}, {"more", "is nothing to us"}}), "");
  EXPECT_FALSE(external_postgres(Json::object()));
  EXPECT_FALSE(external_redis(secret({{"host", "redis"}})));
  const auto redis = external_redis(secret({{"host", "redis"}, {"password", "p"}, {"port", "6380"}}));
  ASSERT_TRUE(redis);
  EXPECT_EQ(redis->address.port, 6380);
}

TEST(ExternalServers, ShardsAreCountedByNameHoweverTheListStands) {
  api::ShardsSpec spec;
  spec.external = {{"shard-10", "k"}, {"shard-2", "c"}, {"a", "z"}, {"shard-1", "b"}};
  EXPECT_THAT(shard_secrets(spec), ElementsAre("z", "b", "c", "k"));
  std::swap(spec.external[0], spec.external[3]);
  EXPECT_THAT(shard_secrets(spec), ElementsAre("z", "b", "c", "k"));
}

TEST(ExternalServers, AllShardsAreReachedInOneWay) {
  ExternalServers servers;
  servers.shards = {{{"a", 1}, "u", "p", "verify-full", "ca one\n"}, {{"b", 1}, "u", "p", "verify-full", "ca two\n"}};
  EXPECT_TRUE(fit_together(servers));
  EXPECT_EQ(for_objects(servers).postgres_ca, "ca one\nca two\n");
  servers.shards[1].ca = "ca one\n";
  EXPECT_EQ(for_objects(servers).postgres_ca, "ca one\n");
  servers.shards[1] = {{"b", 1}, "u", "p", "", ""};
  auto fit = fit_together(servers);
  ASSERT_FALSE(fit);
  EXPECT_THAT(fit.error().message, HasSubstr("ca.crt"));
}

}  // namespace
}  // namespace chatop::kubernetes
