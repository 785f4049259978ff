#include "operator/api/stored.hpp"

#include <gtest/gtest.h>

namespace {

using namespace chatop::api;
using chat::base::Json;

ChatCluster cluster_of(const Json& object) {
  auto document = parse_stored(object);
  if (!document) {
    for (const auto& error : document.error()) ADD_FAILURE() << text(error);
    return {};
  }
  return std::get<ChatCluster>(*document);
}

Json stored() {
  return Json::parse(R"({
    "apiVersion": "chatcluster.io/v1alpha1", "kind": "ChatCluster",
    "metadata": {"name": "demo", "namespace": "chat", "uid": "u-1", "generation": 7, "resourceVersion": "12",
                 "creationTimestamp": "2026-01-02T03:04:05Z", "labels": {"team": "a"}, "finalizers": ["x/y"],
                 "managedFields": [{"fieldsV1": {"f:spec": {".": {}}}}]},
    "spec": {"gateways": {"replicas": {"min": 4}}, "shards": {"storage": {"size": "20Gi"}}, "redis": {"memory": 2147483648}},
    "status": {"observedGeneration": 6, "endpoints": {"api": "http://10.0.0.1:8081"}}})");
}

TEST(Stored, AnObjectOfTheApiServerIsReadWithItsStatus) {
  const auto cluster = cluster_of(stored());
  EXPECT_EQ(cluster.metadata.namespace_name, "chat");
  EXPECT_EQ(cluster.metadata.uid, "u-1");
  EXPECT_EQ(cluster.metadata.generation, 7);
  EXPECT_EQ(cluster.metadata.labels.at("team"), "a");
  EXPECT_EQ(cluster.spec.gateways.replicas.min, 4);
  EXPECT_EQ(cluster.spec.gateways.replicas.max, 50);
  EXPECT_EQ(cluster.spec.shards.storage.size.bytes, 20 * kGi);
  EXPECT_EQ(cluster.spec.redis.memory.bytes, 2 * kGi);
  EXPECT_EQ(cluster.status.observed_generation, 6);
  EXPECT_EQ(cluster.status.endpoints.api, "http://10.0.0.1:8081");
}

TEST(Stored, WhatANewerVersionAddedIsPassedOver) {
  auto object = stored();
  object["spec"]["holograms"] = {{"replicas", 3}};
  object["spec"]["scaling"]["mode"] = "Clairvoyant";
  object["spec"]["gateways"]["replicas"]["max"] = 100'000'000;  // beyond this version's bound
  object["status"]["mood"] = "good";
  const auto cluster = cluster_of(object);
  EXPECT_EQ(cluster.spec.scaling.mode, ScalingMode::Automatic);
  EXPECT_EQ(cluster.spec.gateways.replicas.max, 100'000'000);
}

TEST(Stored, WhatHasNoReadingIsAnErrorWithItsPath) {
  auto object = stored();
  object["spec"]["gateways"] = "many";
  auto document = parse_stored(object);
  ASSERT_FALSE(document);
  EXPECT_EQ(document.error().front().path, "spec.gateways");
  EXPECT_FALSE(parse_stored(Json::parse(R"({"kind": "Pod"})")));
  EXPECT_FALSE(parse_stored(Json::parse("[]")));
}

TEST(Stored, AnOperationToo) {
  auto document = parse_stored(Json::parse(R"({"kind": "ChatOperation", "metadata": {"name": "go"},
    "spec": {"cluster": "demo", "type": "DrainGateway", "drainGateway": {"gateway": "gateway-1"}},
    "status": {"phase": "Running", "progress": 40, "steps": [{"name": "drain", "state": "Running"}]}})"));
  ASSERT_TRUE(document);
  const auto& operation = std::get<ChatOperation>(*document);
  EXPECT_EQ(operation.spec.drain_gateway->gateway, "gateway-1");
  EXPECT_EQ(operation.status.phase, OperationPhase::Running);
  EXPECT_EQ(operation.status.steps.size(), 1u);
}

std::string written(const std::string& yaml) {
  auto documents = parse_documents(yaml);
  if (!documents) {
    for (const auto& error : documents.error()) ADD_FAILURE() << text(error);
    return "";
  }
  std::string all;
  for (const auto& each : as_written(yaml, *documents)) all += each.dump() + "\n";
  return all;
}

TEST(AsWritten, OnlyWhatStandsThereStays) {
  EXPECT_EQ(
      written(R"(
apiVersion: chatcluster.io/v1alpha1
kind: ChatCluster
metadata: {name: demo, labels: {team: a}}
spec:
  paused: false            # the default, but written
  gateways: {replicas: {min: 4}, drain: }
  shards: {storage: {size: 20Gi}, external: []}
  limits: {vipUsers: {names: [ada, bob]}}
status: {mapVersion: 3}
)"),
      R"({"apiVersion":"chatcluster.io/v1alpha1","kind":"ChatCluster","metadata":{"name":"demo","labels":{"team":"a"}},)"
      R"("spec":{"gateways":{"replicas":{"min":4}},"shards":{"storage":{"size":"20Gi"},"external":[]},)"
      R"("limits":{"vipUsers":{"names":["ada","bob"]}},"paused":false}})"
      "\n");
}

TEST(AsWritten, WhatTheSystemGaveAndEmptyDocumentsAreLeftOut) {
  EXPECT_EQ(
      written(R"(---
---
apiVersion: chatcluster.io/v1alpha1
kind: ChatCluster
metadata: {name: demo, namespace: chat, uid: u-1, generation: 4, creationTimestamp: "2026-01-02T03:04:05Z", resourceVersion: "9"}
---
apiVersion: chatcluster.io/v1alpha1
kind: ChatOperation
metadata: {name: go}
spec: {cluster: demo, type: WarmCache, warmCache: {}}
)"),
      R"({"apiVersion":"chatcluster.io/v1alpha1","kind":"ChatCluster","metadata":{"name":"demo","namespace":"chat"}})"
      "\n"
      R"({"apiVersion":"chatcluster.io/v1alpha1","kind":"ChatOperation","metadata":{"name":"go"},)"
      R"("spec":{"cluster":"demo","type":"WarmCache","warmCache":{}}})"
      "\n");
}

}  // namespace
