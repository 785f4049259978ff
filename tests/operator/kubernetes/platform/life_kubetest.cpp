// From apply to nothing left, under operators that are killed, and what keeps a ChatCluster from it.
#include "tests/operator/kubernetes/platform/life.hpp"

namespace chatop::kubernetes {
namespace {

using api::ConditionStatus;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(Life, FromApplyToNothingLeft) {
  auto& first = begin();
  apply(small());
  ASSERT_TRUE(serves(1)) << api::json_text(api::to_json(status()));
  EXPECT_THAT(names_of(kinds::kStatefulSet),
              ::testing::UnorderedElementsAre("demo-gateway", "demo-redis", "demo-shard-0", "demo-shard-1"));
  EXPECT_THAT(names_of(kinds::kDeployment),
              ::testing::UnorderedElementsAre("demo-api", "demo-messages", "demo-worker"));
  EXPECT_EQ(objects_of(kinds::kSecret).size(), 2U);
  EXPECT_EQ(status().gateways.ready, 2);
  EXPECT_EQ(status().serving_shards, 2);
  EXPECT_EQ(shards_->passwords.size(), 1U);
  EXPECT_THAT(daemons_->last_map, HasSubstr("demo-shard-0." + name_space_ + ".svc:5432"));

  // I8: at rest nothing is written.
  const auto writes = first.http.all_writes();
  EXPECT_FALSE(chat::testing::eventually(
      io_, [&] { return first.http.all_writes() != writes; }, 20s));

  // More gateways; then another image, one gateway at a time and each drained first.
  auto changed = small();
  changed["gateways"]["replicas"]["min"] = 3;
  apply(changed);
  ASSERT_TRUE(serves(2));
  EXPECT_EQ(status().gateways.ready, 3);
  EXPECT_THAT(daemons_->drained, IsEmpty());
  changed["image"] = "chatcluster:other";
  apply(changed);
  ASSERT_TRUE(serves(3)) << api::json_text(api::to_json(status()));
  EXPECT_THAT(daemons_->drained, ::testing::UnorderedElementsAre("demo-gateway-0", "demo-gateway-1", "demo-gateway-2"));
  for (const auto& [name, pod] : objects_of(kinds::kPod))
    EXPECT_EQ(pod["spec"]["containers"][0]["image"], "chatcluster:other") << name;
  // What goes as planned is told, and is no warning.
  const Kind events{"events.k8s.io", "v1", "events", "Event", true};
  std::vector<std::string> warnings;
  std::size_t told = 0;
  for (const auto& [name, event] : objects_of(events)) {
    if (text_at(event, {"regarding", "kind"}) != "ChatCluster") continue;
    ++told;
    if (text_at(event, {"type"}) == "Warning") warnings.push_back(text_at(event, {"note"}));
  }
  EXPECT_GT(told, 0U);
  EXPECT_THAT(warnings, IsEmpty());
  // Fewer again: the highest goes.
  changed["gateways"]["replicas"]["min"] = 2;
  apply(changed);
  ASSERT_TRUE(serves(4));
  EXPECT_THAT(names_of(kinds::kPod), ::testing::Not(Contains("demo-gateway-2")));

  // What changes no Pod is applied too, and what somebody scaled is scaled back.
  changed["shards"]["storage"]["whenDeleted"] = "Delete";
  apply(changed);
  const ObjectRef shard{kinds::kStatefulSet, name_space_, "demo-shard-0"};
  const auto when_deleted = [&] {
    return text_at(run(client().get(shard)).value(), {"spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"});
  };
  EXPECT_TRUE(soon([&] { return when_deleted() == "Delete"; }));
  changed["shards"]["storage"]["whenDeleted"] = "Retain";
  apply(changed);
  EXPECT_TRUE(soon([&] { return when_deleted() == "Retain"; }));
  const ObjectRef workers{kinds::kDeployment, name_space_, "demo-worker"};
  const Json three = {{"spec", {{"replicas", 3}}}};
  ASSERT_TRUE(run(person().merge(workers, three, "")));
  EXPECT_TRUE(soon([&] { return run(client().get(workers)).value()["spec"]["replicas"] == 1; }));

  // What is not ours stays: an object with our label, a field of another manager.
  auto foreign = map_body("demo-of-somebody");
  foreign["metadata"]["labels"] = {{objects::kClusterLabel, "demo"}};
  ASSERT_TRUE(run(person().apply(map("demo-of-somebody"), foreign, {})));
  const ObjectRef service{kinds::kService, name_space_, "demo-gateway"};
  Json note = {{"metadata", {{"annotations", {{"somebody/note", "mine"}}}}}};
  ASSERT_TRUE(run(person().merge(service, note, "")));
  // What is ours comes back.
  Json spoiled = {{"spec", {{"selector", {{objects::kClusterLabel, "wrong"}}}}}};
  ASSERT_TRUE(run(person().merge(service, spoiled, "")));
  EXPECT_TRUE(soon([&] {
    auto found = run(client().get(service));
    return found && (*found)["spec"]["selector"][objects::kClusterLabel] == "demo" &&
           (*found)["metadata"]["annotations"]["somebody/note"] == "mine";
  }));

  ASSERT_TRUE(remove());
  EXPECT_TRUE(soon([&] { return names_of(kinds::kPod).empty() && names_of(kinds::kService).empty(); }));
  EXPECT_THAT(names_of(kinds::kStatefulSet), IsEmpty());
  EXPECT_THAT(names_of(kinds::kClaim), ::testing::UnorderedElementsAre("data-demo-shard-0-0", "data-demo-shard-1-0"));
  EXPECT_THAT(names_of(kinds::kSecret), ::testing::UnorderedElementsAre("demo-jwt", "demo-secrets"));
  EXPECT_TRUE(soon([&] {
    auto left = names_of(kinds::kConfigMap);
    std::erase(left, "kube-root-ca.crt");
    std::sort(left.begin(), left.end());
    return left == std::vector<std::string>{"demo-map", "demo-of-somebody"};
  }));

  // A new one of that name serves the same data with the same keys.
  apply(small());
  ASSERT_TRUE(serves(1));
  EXPECT_EQ(shards_->passwords.size(), 1U);
}

TEST_F(Life, AnOperatorThatIsKilledIsFollowedByAnother) {
  auto spec = small();
  spec["shards"]["storage"]["whenDeleted"] = "Delete";
  auto& first = begin();
  apply(spec);
  ASSERT_TRUE(soon([&] { return first.http.writes["patch apps/statefulsets"] > 1; }));
  first.kill();
  auto& second = begin();
  ASSERT_TRUE(serves(1));
  auto writes = second.http.all_writes();
  const auto goes_on = [&] { return second.http.all_writes() != writes; };
  while (chat::testing::eventually(io_, goes_on, 3s)) writes = second.http.all_writes();
  // One that comes to what is well changes nothing.
  second.kill();
  auto& third = begin();
  const auto before = objects_of(kinds::kPod);
  const auto said = api::json_text(api::to_json(status()));
  EXPECT_TRUE(soon([&] { return third.loop.has_decided(); }));
  EXPECT_FALSE(chat::testing::eventually(
      io_, [&] { return third.http.all_writes() != 0; }, 5s))
      << ::testing::PrintToString(third.http.writes) << said << api::json_text(api::to_json(status()));
  EXPECT_EQ(objects_of(kinds::kPod).size(), before.size());
  ASSERT_TRUE(remove());
  EXPECT_TRUE(soon([&] { return names_of(kinds::kClaim).empty(); }));
  EXPECT_THAT(names_of(kinds::kSecret), IsEmpty());
}

TEST_F(Life, WhatKeepsPodsFromRunningIsACondition) {
  const Kind quotas{"", "v1", "resourcequotas", "ResourceQuota", true};
  begin();
  auto spec = small();
  spec["image"] = kubelet_->bad_image;
  apply(spec);
  ASSERT_TRUE(soon([&] { return is("Degraded", ConditionStatus::True, "ImagePullFailed"); }))
      << api::json_text(api::to_json(status()));
  const Kind events{"events.k8s.io", "v1", "events", "Event", true};
  EXPECT_TRUE(soon([&] {
    const auto told = objects_of(events);
    return std::any_of(told.begin(), told.end(), [](const auto& each) {
      return text_at(each.second, {"reason"}) == "ImagePullFailed" &&
             text_at(each.second, {"regarding", "kind"}) == "ChatCluster";
    });
  }));
  spec.erase("image");
  apply(spec);
  ASSERT_TRUE(serves(2)) << api::json_text(api::to_json(status()));

  Json quota = {{"apiVersion", "v1"},
                {"kind", "ResourceQuota"},
                {"metadata", {{"name", "few"}, {"namespace", name_space_}}},
                {"spec", {{"hard", {{"pods", std::to_string(objects_of(kinds::kPod).size())}}}}}};
  ASSERT_TRUE(run(person().apply({quotas, name_space_, "few"}, quota, {})));
  ASSERT_TRUE(soon([&] {
    auto found = run(client().get({quotas, name_space_, "few"}));
    return found && found->contains("status") && (*found)["status"].contains("used");
  }));
  spec["gateways"]["replicas"]["min"] = 3;
  apply(spec);
  ASSERT_TRUE(soon([&] { return is("Degraded", ConditionStatus::True, "QuotaFull"); }))
      << api::json_text(api::to_json(status()));
  quota["spec"]["hard"]["pods"] = "50";
  ASSERT_TRUE(run(person().apply({quotas, name_space_, "few"}, quota, {})));
  ASSERT_TRUE(serves(3)) << api::json_text(api::to_json(status()));
}

TEST_F(Life, AStorageClassThatIsNotThereAndANameNoServiceMayHaveAreSaid) {
  begin();
  auto spec = small();
  spec["shards"]["storage"]["storageClassName"] = "nowhere";
  apply(spec);
  EXPECT_TRUE(soon([&] { return is("Degraded", ConditionStatus::True, "StorageClassMissing"); }))
      << api::json_text(api::to_json(status()));
  const std::string name = "4ever";  // no Service may begin with a digit
  apply(small(), name);
  EXPECT_TRUE(soon([&] {
    const auto now = status(name);
    const auto* degraded = api::find_condition(now, "Degraded");
    return degraded != nullptr && degraded->reason == "NameRefused";
  }));
}

TEST_F(Life, VolumesGrowWithTheSpecWhereTheirClassLetsThem) {
  auto& first = begin();
  auto spec = small();
  spec["shards"]["storage"]["storageClassName"] = storage_class(true);
  volumes(spec["shards"]["storage"]["storageClassName"]);
  apply(spec);
  ASSERT_TRUE(serves(1)) << api::json_text(api::to_json(status()));
  ASSERT_TRUE(soon([&] { return claims_are("1Gi", "Bound"); }));
  spec["shards"]["storage"]["size"] = "2Gi";
  apply(spec);
  ASSERT_TRUE(soon([&] { return claims_are("2Gi", "Bound"); }));
  ASSERT_TRUE(serves(2));
  EXPECT_EQ(first.http.writes["patch /persistentvolumeclaims"], 2);
  // The StatefulSets keep what they were made with, and everything else of them can be changed.
  spec["shards"]["storage"]["whenDeleted"] = "Delete";
  apply(spec);
  const auto of_set = [&](const char* policy) {
    const ObjectRef place{kinds::kStatefulSet, name_space_, "demo-shard-0"};
    auto set = run(client().get(place)).value();
    return text_at(set, {"spec", "persistentVolumeClaimRetentionPolicy", policy}) + " " +
           text_at(set["spec"]["volumeClaimTemplates"][0], {"spec", "resources", "requests", "storage"});
  };
  EXPECT_TRUE(soon([&] { return of_set("whenDeleted") == "Delete 1Gi"; }));

  storage_class(false);
  spec["shards"]["storage"]["size"] = "3Gi";
  ASSERT_TRUE(soon([&] { return !first.caches.volumes_may_grow(storage_class(false)); }));
  apply(spec);
  ASSERT_TRUE(soon([&] { return is("Degraded", ConditionStatus::True, "VolumeFixed"); }))
      << api::json_text(api::to_json(status()));
  EXPECT_TRUE(is("Available", ConditionStatus::True));
  EXPECT_TRUE(claims_are("2Gi", "Bound"));
  EXPECT_EQ(first.http.writes["patch /persistentvolumeclaims"], 2);
  storage_class(true);
  EXPECT_TRUE(soon([&] { return claims_are("3Gi", "Bound") && is("Degraded", ConditionStatus::False); }))
      << api::json_text(api::to_json(status()));
}

TEST_F(Life, ExactlyTheShippedRolesAreEnoughAndUsed) {
  auto& first = begin(account());
  // What happens twice is one Event, written again after a minute.
  const Happening again{
      {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"name", name_space_}, {"namespace", name_space_}},
      false,
      "Staged",
      "Test",
      "twice"};
  first.events.record(again);
  auto spec = small();
  spec["gateways"]["publicUrl"] = "wss://{gateway}.example.org/v1/ws";
  spec["gateways"]["replicas"]["min"] = 3;
  spec["messages"]["replicas"]["min"] = 2;
  spec["shards"]["storage"]["whenDeleted"] = "Delete";
  put_old_key();  // whose successor is put beside it
  spec["shards"]["storage"]["storageClassName"] = storage_class(true);
  volumes(spec["shards"]["storage"]["storageClassName"]);
  apply(spec);
  ASSERT_TRUE(serves(1)) << ::testing::PrintToString(first.http.refused);
  ASSERT_TRUE(soon([&] { return claims_are("1Gi", "Bound"); }));
  first.events.record(again);
  spec["shards"]["storage"]["size"] = "2Gi";  // volumes grow
  spec["gateways"]["replicas"]["min"] = 2;    // a gateway's Service goes
  spec["messages"]["replicas"]["min"] = 1;    // one of a Deployment is chosen
  apply(spec);
  ASSERT_TRUE(serves(2)) << ::testing::PrintToString(first.http.refused);
  ASSERT_TRUE(soon([&] { return claims_are("2Gi", "Bound"); }));
  spec["image"] = "chatcluster:other";
  apply(spec);
  ASSERT_TRUE(serves(3)) << ::testing::PrintToString(first.http.refused);
  // Of a shard that there was once: no StatefulSet takes it away.
  Json claim = {
      {"apiVersion", "v1"},
      {"kind", "PersistentVolumeClaim"},
      {"metadata", {{"name", "data-demo-shard-9-0"}, {"namespace", name_space_}, {"labels", objects::labels("demo")}}},
      {"spec", {{"accessModes", {"ReadWriteOnce"}}, {"resources", {{"requests", {{"storage", "1Gi"}}}}}}}};
  ASSERT_TRUE(run(person().apply({kinds::kClaim, name_space_, "data-demo-shard-9-0"}, claim, {})));
  ASSERT_TRUE(remove()) << ::testing::PrintToString(first.http.refused);
  // Kept this time: what has an owner loses it.
  spec["shards"]["storage"]["whenDeleted"] = "Retain";
  apply(spec);
  ASSERT_TRUE(serves(1));
  ASSERT_TRUE(remove());
  EXPECT_TRUE(soon([&] { return first.http.used.contains("patch events.k8s.io/events"); }));
  EXPECT_THAT(first.http.refused, IsEmpty());
  std::vector<std::string> unused;
  auto rules = namespaced_rules();
  rules.insert(rules.end(), cluster_rules().begin(), cluster_rules().end());
  for (const auto& rule : rules)
    for (const auto& resource : rule.resources)
      for (const auto& verb : rule.verbs)
        if (!first.http.used.contains(verb + " " + rule.group + "/" + resource))
          unused.push_back(verb + " " + rule.group + "/" + resource);
  EXPECT_THAT(unused, IsEmpty());
}

}  // namespace
}  // namespace chatop::kubernetes
