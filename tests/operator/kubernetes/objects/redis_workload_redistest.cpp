#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "tests/operator/kubernetes/objects/pod_on_this_machine.hpp"
#include "tests/support/eventually.hpp"

namespace chatop::kubernetes::objects {
namespace {

// With `access` the words of redis-cli that reach it.
void expect_serves(const char* sample, const std::string& access, int memory) {
  PodOnThisMachine pod(sample, ports::Role::redis, "");
  const auto& server = pod.server();
  const auto& ready = server.at("readinessProbe").at("exec").at("command");
  const auto& alive = server.at("livenessProbe").at("exec").at("command");
  EXPECT_NE(pod.run(ready), 0) << "nothing runs yet";
  EXPECT_NE(pod.run(alive), 0) << "nothing runs yet";

  auto redis = pod.start(server.at("command"));
  ASSERT_TRUE(chat::testing::eventually([&] { return pod.run(ready) == 0; }, PodOnThisMachine::kLongest)) << pod.log();
  EXPECT_EQ(pod.run(alive), 0);
  const auto cli = "redis-cli -p " + std::to_string(pod.port()) + access;
  const auto limit = cli + " -a the-redis-password config get maxmemory | grep -qx " + std::to_string(memory);
  EXPECT_EQ(pod.run(Json::array({"sh", "-c", limit})), 0) << pod.log();
  EXPECT_EQ(pod.run(Json::array({"sh", "-c", cli + " get a | grep -q NOAUTH"})), 0) << pod.log();
  redis->signal(SIGTERM);
  EXPECT_EQ(redis->wait(PodOnThisMachine::kLongest), 0);
}

TEST(RedisPod, ServesWhoHasThePassword) { expect_serves(kDemo, "", 64 << 20); }

TEST(RedisPod, TalksTlsWhereTheClusterDoes) {
  expect_serves(kEverything, " --tls --cacert etc/internal-tls/ca.crt", 96 << 20);
}

}  // namespace
}  // namespace chatop::kubernetes::objects
