#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/operator/kubernetes/objects/samples.hpp"
#include "tests/operator/kubernetes/real_cluster.hpp"

namespace chatop::kubernetes::objects {
namespace {

// The API server's opinion, in a namespace that enforces `restricted` on Pods.
class ServedObjects : public RealCluster {
 protected:
  ServedObjects() {
    const Json level = {{"metadata", {{"labels", {{"pod-security.kubernetes.io/enforce", "restricted"}}}}}};
    auto labelled = run(client().merge({kNamespaces, "", name_space_}, level, ""));
    if (!labelled) throw std::runtime_error(labelled.error().message);
  }

  static Kind kind_of(const Json& object) {
    static const std::map<std::string, std::string> kPlurals{{"ServiceAccount", "serviceaccounts"},
                                                             {"NetworkPolicy", "networkpolicies"},
                                                             {"ConfigMap", "configmaps"},
                                                             {"Service", "services"},
                                                             {"PodDisruptionBudget", "poddisruptionbudgets"},
                                                             {"Secret", "secrets"},
                                                             {"StatefulSet", "statefulsets"},
                                                             {"Deployment", "deployments"},
                                                             {"PersistentVolumeClaim", "persistentvolumeclaims"},
                                                             {"Pod", "pods"}};
    const std::string version = object.at("apiVersion");
    const auto slash = version.find('/');
    const std::string kind = object.at("kind");
    if (slash == std::string::npos) return {"", version, kPlurals.at(kind), kind, true};
    return {version.substr(0, slash), version.substr(slash + 1), kPlurals.at(kind), kind, true};
  }

  ObjectRef ref(const Json& object) const { return {kind_of(object), name_space_, object.at("metadata").at("name")}; }

  // Empty: taken; else what the server says.
  std::string refusal(const Json& object, bool dry_run = true) {
    auto body = object;
    Client::Apply how;
    how.dry_run = dry_run;
    auto applied = run(client().apply(ref(object), std::move(body), how));
    return applied ? std::string() : applied.error().message;
  }

  // What a controller would make of a workload.
  static Json pod_of(const Json& workload) {
    Json pod = workload.at("spec").at("template");
    pod["apiVersion"] = "v1";
    pod["kind"] = "Pod";
    pod["metadata"]["name"] = workload.at("metadata").at("name").get<std::string>() + "-0";
    pod["metadata"]["namespace"] = workload.at("metadata").at("namespace");
    for (const auto& claim : workload.at("spec").value("volumeClaimTemplates", Json::array()))
      pod["spec"]["volumes"].push_back({{"name", claim.at("metadata").at("name")},
                                        {"persistentVolumeClaim", {{"claimName", claim.at("metadata").at("name")}}}});
    return pod;
  }

  Inputs here(const char* sample) const {
    auto inputs = inputs_of(sample);
    inputs.name_space = name_space_;
    return inputs;
  }
};

TEST_F(ServedObjects, EveryOneIsTaken) {
  for (const char* sample : {kDemo, kEverything, kExternal}) {
    for (const auto& object : all_objects(here(sample)))
      EXPECT_EQ(refusal(object), "") << sample << " " << object.at("kind") << " " << object.at("metadata").at("name");
  }
}

TEST_F(ServedObjects, EveryPodIsAsRestrictedAsTheNamespaceWants) {
  for (const char* sample : {kDemo, kEverything, kExternal}) {
    const auto inputs = here(sample);
    for (const auto& object : base_objects(inputs)) {
      if (object.at("kind") == "ServiceAccount") {
        EXPECT_EQ(refusal(object, false), "");
      }
    }
    for (const auto& each : workloads(inputs)) {
      EXPECT_EQ(refusal(pod_of(each)), "") << sample << " " << each.at("metadata").at("name");
      auto loose = pod_of(each);
      loose["spec"]["containers"][0]["securityContext"].erase("capabilities");
      EXPECT_THAT(refusal(loose), testing::HasSubstr("violates PodSecurity")) << each.at("metadata").at("name");
    }
  }
}

TEST_F(ServedObjects, AppliedAgainNothingChanges) {
  const auto inputs = here(kEverything);
  for (const auto& object : all_objects(inputs)) {
    ASSERT_EQ(refusal(object, false), "") << object.at("metadata").at("name");
    const auto first = run(client().get(ref(object)));
    ASSERT_TRUE(first);
    ASSERT_EQ(refusal(object, false), "");
    const auto second = run(client().get(ref(object)));
    ASSERT_TRUE(second);
    EXPECT_EQ(first->at("metadata").at("resourceVersion"), second->at("metadata").at("resourceVersion"))
        << object.at("kind") << " " << object.at("metadata").at("name");
  }
}

TEST_F(ServedObjects, AVolumeGrowsByItsClaimAndNotByItsStatefulSet) {
  auto inputs = here(kDemo);
  ASSERT_EQ(refusal(workload(inputs, ports::Role::shard, 0), false), "");
  inputs.spec.shards.storage.size = {20 * api::kGi};
  const auto grown = workload(inputs, ports::Role::shard, 0);
  EXPECT_THAT(refusal(grown), testing::HasSubstr("updates to statefulset spec"));
  const auto existing = run(client().get(ref(grown)));
  ASSERT_TRUE(existing);
  EXPECT_EQ(refusal(keep_what_is_fixed(grown, *existing)), "");
}

}  // namespace
}  // namespace chatop::kubernetes::objects
