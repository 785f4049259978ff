#include "operator/kubernetes/site/pods.hpp"

#include <gtest/gtest.h>

#include "operator/kubernetes/site/operator_lease.hpp"
#include "operator/kubernetes/site/proposals.hpp"

namespace chatop::kubernetes {
namespace {

using chat::base::Json;

Json pod(const std::string& name, Json labels) {
  labels["chatcluster.io/cluster"] = "demo";
  return {{"metadata",
           {{"name", name},
            {"namespace", "chat"},
            {"labels", std::move(labels)},
            {"creationTimestamp", "1970-01-01T00:00:10Z"}}},
          {"spec", {{"containers", {{{"name", "main"}}, {{"name", "side"}}}}}}};
}

TEST(Pods, AProcessHasTheNameThatPeopleKnow) {
  const std::vector<Json> pods{pod("demo-gateway-3", Json::object()),
                               pod("demo-shard-0-0", {{"chatcluster.io/process", "shard-0"}}),
                               pod("demo-redis-0", {{"app.kubernetes.io/component", "redis"}}),
                               pod("demo-api-5c9f8d-x7x2p", Json::object()),
                               pod("stranger", Json::object()),
                               {{"metadata", {{"name", "bare"}}}}};
  EXPECT_EQ(processes_of(pods),
            (std::vector<std::string>{"gateway-3", "shard-0", "redis", "api-5c9f8d-x7x2p", "stranger", "bare"}));
}

TEST(Pods, OfADeploymentTheOldestIsZeroAndOneThatEndsHasNoNumber) {
  auto api = [](const std::string& name, const std::string& created) {
    auto made = pod("demo-api-" + name, {{"app.kubernetes.io/component", "api"}});
    made["metadata"]["uid"] = "uid of " + name;
    made["metadata"]["creationTimestamp"] = created;
    return made;
  };
  std::vector<Json> pods{api("c", "1970-01-01T00:00:30Z"), api("a", "1970-01-01T00:00:10Z"),
                         api("b", "1970-01-01T00:00:20Z"), api("failed", "1970-01-01T00:00:05Z")};
  pods[3]["status"]["phase"] = "Failed";
  EXPECT_EQ(processes_of(pods), (std::vector<std::string>{"api-2", "api-0", "api-1", "api-failed"}));
  pods[1]["metadata"]["deletionTimestamp"] = "1970-01-01T00:01:00Z";
  EXPECT_EQ(processes_of(pods), (std::vector<std::string>{"api-1", "api-a", "api-0", "api-failed"}));
}

TEST(Pods, OneThatRunsSaysSinceWhenAndHowOften) {
  auto seen = pod("demo-gateway-0", Json::object());
  seen["spec"]["nodeName"] = "n1";
  seen["status"]["containerStatuses"] = {
      {{"name", "side"}, {"restartCount", 9}},
      {{"name", "main"}, {"restartCount", 2}, {"state", {{"running", {{"startedAt", "1970-01-01T00:01:00Z"}}}}}}};
  const auto line = process_line(seen, "gateway-0");
  EXPECT_EQ(line.id, "pod demo-gateway-0 on n1");
  EXPECT_EQ(line.log, "kubectl logs -n chat demo-gateway-0");
  EXPECT_TRUE(line.running);
  EXPECT_EQ(line.restarts, 2);
  EXPECT_EQ(line.started_ms, 60'000);
}

TEST(Pods, OneThatWaitsIsThereSinceItWasMade) {
  const auto line = process_line(pod("demo-gateway-0", Json::object()), "gateway-0");
  EXPECT_EQ(line.id, "pod demo-gateway-0");
  EXPECT_FALSE(line.running);
  EXPECT_EQ(line.started_ms, 10'000);
}

TEST(Pods, TheContainerThatKubectlWouldTake) {
  auto seen = pod("demo-gateway-0", Json::object());
  EXPECT_EQ(container_of(seen), "main");
  seen["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"] = "side";
  EXPECT_EQ(container_of(seen), "side");
  EXPECT_EQ(container_of(Json::object()), "");
}

TEST(OperatorLease, WhoHoldsItLooksAfterTheCluster) {
  using State = ports::OperatorSeen::State;
  LeaseRecord lease;
  EXPECT_EQ(operator_by(lease, 0).state, State::none);
  lease.holder = "chat-operator-a_1";
  lease.duration = std::chrono::seconds(9);
  EXPECT_EQ(operator_by(lease, 0).state, State::none);  // never renewed
  lease.renewed = "1970-01-01T00:01:40.000000Z";
  EXPECT_EQ(operator_by(lease, 100'000).who, "chat-operator-a_1");
  EXPECT_EQ(operator_by(lease, 10'000).state, State::running);  // its clock is before ours
  EXPECT_EQ(operator_by(lease, 114'000).who, "chat-operator-a_1, whose Lease ran out 5s ago");
  EXPECT_EQ(operator_by(lease, 139'000).state, State::running);
  EXPECT_EQ(operator_by(lease, 139'001).state, State::none);
  lease.holder.clear();
  EXPECT_EQ(operator_by(lease, 100'000).state, State::none);  // released
}

TEST(Proposals, ADifferenceIsWhatPeopleWrite) {
  Json before = {{"metadata", {{"labels", {{"a", "b"}}}, {"resourceVersion", "1"}}}, {"spec", {{"paused", false}}}};
  auto after = before;
  after["metadata"]["resourceVersion"] = "2";
  after["metadata"]["managedFields"] = Json::array({1});
  after["status"] = {{"mapVersion", 2}};
  EXPECT_FALSE(differ(before, after));
  for (const char* changed : {"/spec/paused", "/metadata/labels/a", "/metadata/annotations/x"}) {
    auto other = after;
    other[Json::json_pointer(changed)] = "new";
    EXPECT_TRUE(differ(before, other)) << changed;
  }
}

}  // namespace
}  // namespace chatop::kubernetes
