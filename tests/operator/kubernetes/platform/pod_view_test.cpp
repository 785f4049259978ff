#include "operator/kubernetes/platform/pod_view.hpp"

#include <gmock/gmock.h>

#include "operator/kubernetes/objects/objects.hpp"
#include "operator/kubernetes/platform/findings.hpp"
#include "operator/kubernetes/platform/trim.hpp"

namespace chatop::kubernetes {
namespace {

using chat::base::Json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::int64_t kNoon = 1'767'355'200'000;  // 2026-01-02T12:00:00Z
const Moment kNow{900'000, kNoon};

Json container(Json state) {
  return {{"name", "gateway"}, {"image", "chat:1"}, {"restartCount", 0}, {"state", std::move(state)}};
}

// As the API server sends it; the test says what its container does.
Json pod(Json its_container, const std::string& phase = "Running") {
  return {{"metadata",
           {{"name", "demo-gateway-0"},
            {"namespace", "chat"},
            {"uid", "u1"},
            {"labels", {{"chatcluster.io/cluster", "demo"}, {"app.kubernetes.io/component", "gateway"}, {"x", "y"}}},
            {"annotations", {{"chatcluster.io/config-hash", "abcd"}, {"other", "long"}}},
            {"managedFields", Json::array({"much"})}}},
          {"spec", {{"containers", Json::array({{{"name", "gateway"}, {"image", "chat:1"}}})}}},
          {"status",
           {{"phase", phase},
            {"podIP", "10.0.0.7"},
            {"conditions", Json::array({{{"type", "Ready"}, {"status", "True"}}})},
            {"containerStatuses", Json::array({std::move(its_container)})}}}};
}
Json running_pod() { return pod(container({{"running", {{"startedAt", "2026-01-02T11:59:00Z"}}}})); }
Json waiting_pod(const std::string& reason, const std::string& message = "") {
  return pod(container({{"waiting", {{"reason", reason}, {"message", message}}}}), "Pending");
}
ports::ProcessView view_of(const Json& object) {
  ports::ProcessView view;
  add_pod(keep_pod(object), kNow, view);
  return view;
}

TEST(Trim, KeepsOfAPodWhatIsNeeded) {
  const auto kept = keep_pod(running_pod());
  EXPECT_EQ(kept["metadata"]["labels"].size(), 2U);
  EXPECT_FALSE(kept.contains("spec"));
  EXPECT_FALSE(kept["metadata"].contains("managedFields"));
  EXPECT_EQ(kept["hash"], "abcd");
  EXPECT_LT(kept.dump().size(), 400U);
}

TEST(Trim, KeepsOfVolumesHowLargeTheyAre) {
  const auto size = [](const char* text) {
    return Json{{"spec", {{"resources", {{"requests", {{"storage", text}}}}}, {"accessModes", {"ReadWriteOnce"}}}}};
  };
  EXPECT_EQ(keep_claim(size("3Gi"))["size"], "3Gi");
  const Json set = {{"spec", {{"replicas", 1}, {"volumeClaimTemplates", Json::array({size("1Gi")})}}}};
  const auto kept = keep_workload(set);
  const Json wanted = {{"spec", {{"volumeClaimTemplates", Json::array({size("2Gi")})}}}};
  EXPECT_EQ(objects::keep_what_is_fixed(wanted, kept)["spec"]["volumeClaimTemplates"],
            set["spec"]["volumeClaimTemplates"]);
  EXPECT_TRUE(keep_class({{"allowVolumeExpansion", true}})["expands"]);
  EXPECT_FALSE(keep_class(Json::object())["expands"]);
}

TEST(Trim, BearsAnyShape) {
  for (const char* text : {"{}", "[]", "null", R"({"metadata": 3, "status": []})",
                           R"({"status": {"containerStatuses": [4], "conditions": ["x"]}})"}) {
    const auto object = Json::parse(text);
    for (const auto& keep : {keep_cluster, keep_pod, keep_workload, keep_object, keep_claim, keep_event, keep_class})
      EXPECT_TRUE(keep(object).contains("metadata")) << text;
    ports::ProcessView view;
    add_pod(keep_pod(object), kNow, view);
    EXPECT_FALSE(view.running);
  }
}

TEST(Trim, TellsAChangedDocumentFromAChangedStatus) {
  Json cluster = {{"kind", "ChatCluster"},
                  {"metadata", {{"name", "demo"}, {"uid", "u"}, {"resourceVersion", "1"}, {"generation", 1}}},
                  {"spec", {{"paused", true}}},
                  {"status", {{"mapVersion", 1}}}};
  const auto before = keep_cluster(cluster);
  cluster["status"]["mapVersion"] = 2;
  cluster["metadata"]["resourceVersion"] = "2";
  cluster["metadata"]["finalizers"] = {kFinalizer};
  const auto after = keep_cluster(cluster);
  EXPECT_EQ(before["document"], after["document"]);
  EXPECT_NE(before["status"], after["status"]);
  EXPECT_FALSE(before["held"].get<bool>());
  EXPECT_TRUE(after["held"].get<bool>());
}

TEST(PodView, ARunningContainerIsARunningProcess) {
  const auto view = view_of(running_pod());
  EXPECT_TRUE(view.running);
  EXPECT_FALSE(view.stopping);
  EXPECT_EQ(view.running_hash, "abcd");
  EXPECT_EQ(view.started_ms, 900'000 - 60'000);
  EXPECT_GT(view.pid, 0);
  EXPECT_EQ(view.ended_ms, 0);
}

TEST(PodView, EachLifeOfAContainerIsAnother) {
  auto object = running_pod();
  const auto first = view_of(object);
  object["status"]["containerStatuses"][0]["restartCount"] = 1;
  EXPECT_NE(view_of(object).pid, first.pid);
  object["status"]["containerStatuses"][0]["restartCount"] = 0;
  EXPECT_EQ(view_of(object).pid, first.pid);
  object["metadata"]["uid"] = "u2";
  EXPECT_NE(view_of(object).pid, first.pid);
}

TEST(PodView, ReadinessIsNewsAndNoOtherLife) {
  auto object = running_pod();
  const auto ready = view_of(object);
  object["status"]["conditions"][0]["status"] = "False";
  EXPECT_NE(view_of(object).news, ready.news);
  EXPECT_EQ(view_of(object).pid, ready.pid);
}

TEST(PodView, PeopleReachAPodThatIsReady) {
  auto object = running_pod();
  object["status"]["conditions"][0]["status"] = "False";
  for (auto role : {ports::Role::gateway, ports::Role::api, ports::Role::messages}) {
    ports::ProcessView view;
    view.role = role;
    add_pod(keep_pod(object), kNow, view);
    EXPECT_EQ(view.reachable, role == ports::Role::messages);  // which others reach by its address
  }
}

TEST(PodView, WhatEndsOnItsWayOutDidNotEndByItself) {
  auto object = pod(container({{"terminated", {{"exitCode", 0}, {"finishedAt", "2026-01-02T11:59:50Z"}}}}));
  EXPECT_GT(view_of(object).ended_ms, 0);
  object["metadata"]["deletionTimestamp"] = "2026-01-02T11:59:40Z";
  EXPECT_TRUE(view_of(object).stopping);
  EXPECT_EQ(view_of(object).ended_ms, 0);
  EXPECT_EQ(view_of(object).how_it_ended, "");
}

TEST(PodView, TellsHowItEndedAndItsLastLines) {
  auto object = pod(container({{"waiting", {{"reason", "CrashLoopBackOff"}}}}));
  auto& status = object["status"]["containerStatuses"][0];
  status["restartCount"] = 5;
  status["lastState"]["terminated"] = {
      {"exitCode", 137}, {"finishedAt", "2026-01-02T11:59:50Z"}, {"message", "first\n\nPANIC: no\n"}};
  auto view = view_of(object);
  EXPECT_FALSE(view.running);
  EXPECT_EQ(view.failures, 4U);
  EXPECT_EQ(view.restarts, 5);
  EXPECT_EQ(view.ended_ms, 900'000 - 10'000);
  EXPECT_EQ(view.how_it_ended, "was killed by signal 9");
  EXPECT_THAT(view.last_lines, ElementsAre("first", "PANIC: no"));
  status["lastState"]["terminated"]["reason"] = "OOMKilled";
  EXPECT_THAT(view_of(object).how_it_ended, HasSubstr("memory"));
  status["lastState"]["terminated"] = {{"exitCode", 2}};
  EXPECT_EQ(view_of(object).how_it_ended, "ended with status 2");
  EXPECT_TRUE(is_stuck(keep_pod(object)));
}

TEST(PodView, OneThatIsDeletedIsStopping) {
  auto object = running_pod();
  object["metadata"]["deletionTimestamp"] = "2026-01-02T12:00:00Z";
  EXPECT_TRUE(view_of(object).stopping);
}

TEST(PodView, OneWhoseNodeIsLostIsOverdueAfterItsGrace) {
  auto object = running_pod();
  EXPECT_FALSE(is_overdue(keep_pod(object), kNoon));
  object["metadata"]["deletionTimestamp"] = "2026-01-02T11:59:40Z";
  EXPECT_FALSE(is_overdue(keep_pod(object), kNoon));
  EXPECT_TRUE(is_overdue(keep_pod(object), kNoon + 10'001));
}

std::vector<ports::Finding> found_in(const Json& object) {
  const auto kept = keep_pod(object);
  SeenObjects seen;
  seen.pods = {{"gateway-1", &kept}, {"gateway-0", &kept}};
  return find_obstacles(seen);
}

TEST(Findings, AnImageThatCanNotBePulledIsSaidOnceWhateverKubeletCallsIt) {
  const auto backing_off = found_in(waiting_pod("ImagePullBackOff", "Back-off pulling image"));
  ASSERT_EQ(backing_off.size(), 1U);
  EXPECT_EQ(backing_off[0].reason, "ImagePullFailed");
  EXPECT_THAT(backing_off[0].message, HasSubstr("gateway-0, gateway-1 can not be started: its image chat:1"));
  EXPECT_EQ(found_in(waiting_pod("ErrImagePull", "rpc error: 17")), backing_off);
}

TEST(Findings, NothingIsWrongWithWhatRunsOrJustStarts) {
  EXPECT_THAT(found_in(running_pod()), IsEmpty());
  EXPECT_THAT(found_in(waiting_pod("ContainerCreating")), IsEmpty());
  EXPECT_THAT(found_in(waiting_pod("PodInitializing")), IsEmpty());
}

TEST(Findings, AMissingSecretAndAFullClusterAreSaid) {
  EXPECT_EQ(found_in(waiting_pod("CreateContainerConfigError", "secret \"x\" not found"))[0].reason, "SecretMissing");
  auto object = waiting_pod("");
  object["status"].erase("containerStatuses");
  object["status"]["conditions"] =
      Json::array({{{"type", "PodScheduled"}, {"status", "False"}, {"message", "0/1 nodes are available"}}});
  const auto found = found_in(object);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].reason, "Unschedulable");
  EXPECT_THAT(found[0].message, HasSubstr("0/1 nodes"));
}

TEST(Findings, AQuotaIsToldByWhoeverMeetsItAndForgottenWhenThePodsAreThere) {
  const Json deployment = {{"replicas", 2}, {"failed", "pods \"x\" is forbidden: exceeded quota: few"}};
  const Json stateful = {{"replicas", 2}};
  const Json event = {{"message", "create Pod failed error: exceeded quota: few"}};
  SeenObjects seen;
  seen.workloads = {{"demo-api", &deployment, nullptr, 1}};
  EXPECT_EQ(find_obstacles(seen).at(0).reason, "QuotaFull");
  seen.workloads = {{"demo-gateway", &stateful, &event, 1}};
  EXPECT_EQ(find_obstacles(seen).at(0).reason, "QuotaFull");
  seen.workloads[0].pods = 2;
  EXPECT_THAT(find_obstacles(seen), IsEmpty());
}

TEST(Findings, AVolumeThatIsTooSmallAndMayNotGrowIsSaidWithItsClass) {
  SeenObjects seen;
  seen.volumes = {"20Gi", {"shard-0", "shard-1"}, "slow"};
  const auto found = find_obstacles(seen);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].reason, "VolumeFixed");
  EXPECT_THAT(found[0].message, HasSubstr("shard-0, shard-1"));
  EXPECT_THAT(found[0].message, HasSubstr("20Gi"));
  EXPECT_THAT(found[0].message, HasSubstr("\"slow\""));
  const auto claim = keep_claim(
      {{"metadata", {{"name", "data-demo-shard-0-0"}}},
       {"status",
        {{"phase", "Bound"},
         {"conditions",
          Json::array({{{"type", "ControllerResizeError"}, {"status", "True"}, {"message", "no room"}}})}}}});
  seen.volumes = {};
  seen.claims = {&claim};
  EXPECT_EQ(find_obstacles(seen).at(0).reason, "VolumeNotGrown");
  EXPECT_THAT(find_obstacles(seen).at(0).message, HasSubstr("no room"));
}

TEST(Findings, AStorageClassIsMissedOnlyWhileAVolumeWaitsForIt) {
  Json claim = {{"phase", "Pending"}};
  SeenObjects seen;
  seen.storage_class = "fast";
  seen.class_exists = false;
  seen.claims = {&claim};
  EXPECT_EQ(find_obstacles(seen).at(0).reason, "StorageClassMissing");
  claim["phase"] = "Bound";
  EXPECT_THAT(find_obstacles(seen), IsEmpty());
  claim["phase"] = "Pending";
  seen.class_exists = true;
  EXPECT_THAT(find_obstacles(seen), IsEmpty());
}

}  // namespace
}  // namespace chatop::kubernetes
