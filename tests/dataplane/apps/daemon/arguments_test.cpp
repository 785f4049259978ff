#include "dataplane/apps/daemon/arguments.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace chat::apps {
namespace {

Arguments parsed(std::vector<const char*> words) {
  words.insert(words.begin(), "chat-gateway");
  return parse_arguments(static_cast<int>(words.size()), words.data(), "gateway");
}

base::DaemonConfig written() {
  base::DaemonConfig config;
  config.name = "gateway";
  config.listen = {"0.0.0.0", 8080};
  config.admin = {"0.0.0.0", 9090};
  config.redis = {"demo-redis", 6379};
  return config;
}

TEST(Arguments, AFileIsNeeded) {
  EXPECT_EQ(parsed({}).exit_status, 2);
  EXPECT_EQ(parsed({"--config", "a.yaml", "--nothing"}).exit_status, 2);
  EXPECT_EQ(parsed({"--help"}).exit_status, 0);
  EXPECT_FALSE(parsed({"--config", "a.yaml"}).exit_status);
}

TEST(Arguments, WithoutThemTheFileCounts) {
  const auto config = apply(parsed({"--config", "a.yaml"}), written());
  ASSERT_TRUE(config);
  EXPECT_EQ(config->name, "gateway");
  EXPECT_EQ(config->listen.host, "0.0.0.0");
  EXPECT_EQ(config->redis.host, "demo-redis");
}

TEST(Arguments, APodSaysItsNameAndItsAddress) {
  const auto config = apply(
      parsed({"--config", "a.yaml", "--name", "gateway-3", "--pod-ip", "fd00::7", "--redis", "other:7000"}), written());
  ASSERT_TRUE(config);
  EXPECT_EQ(config->name, "gateway-3");
  EXPECT_EQ(config->listen.host, "::");
  EXPECT_EQ(config->listen.port, 8080);
  EXPECT_EQ(config->admin.host, "::");
  EXPECT_EQ(config->redis.host, "other");
  EXPECT_EQ(config->redis.port, 7000);
}

TEST(Arguments, AnIPv4PodListensOnAllOfItsAddresses) {
  auto narrow = written();
  narrow.listen.host = narrow.admin.host = "127.0.0.1";
  const auto config = apply(parsed({"--config", "a.yaml", "--pod-ip", "10.1.2.3"}), narrow);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->listen.host, "0.0.0.0");
  EXPECT_EQ(config->admin.host, "0.0.0.0");
}

TEST(Arguments, WhatIsWrongIsNamed) {
  const auto address = apply(parsed({"--config", "a.yaml", "--pod-ip", "here"}), written());
  ASSERT_FALSE(address);
  EXPECT_NE(address.error().message.find("--pod-ip here"), std::string::npos);
  const auto redis = apply(parsed({"--config", "a.yaml", "--redis", "other"}), written());
  ASSERT_FALSE(redis);
  EXPECT_NE(redis.error().message.find("--redis"), std::string::npos);
}

}  // namespace
}  // namespace chat::apps
