#include "operator/api/parse.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "operator/api/write.hpp"

namespace {

using namespace chatop::api;

constexpr std::string_view kLeast = "apiVersion: chatcluster.io/v1alpha1\nkind: ChatCluster\nmetadata: {name: demo}\n";

ChatCluster parsed(const std::string& yaml) {
  auto result = parse_chat_cluster(yaml);
  if (!result) {
    for (const auto& error : result.error()) ADD_FAILURE() << text(error);
    return {};
  }
  return *result;
}

TEST(Parse, TheLeastDocumentHasTheContractsDefaults) {
  EXPECT_EQ(to_yaml(parsed(std::string(kLeast)), Part::SpecOnly), R"(apiVersion: chatcluster.io/v1alpha1
kind: ChatCluster
metadata:
  name: demo
  namespace: default
  generation: 0
spec:
  version: ""
  image: ""
  gateways:
    replicas:
      min: 2
      max: 50
    connections:
      target: 8000
      max: 10000
    drain:
      gracePeriodSeconds: 120
      closeBelow: 50
      evictionsPerSecond: 500
    publicUrl: ""
  messages:
    replicas:
      min: 1
      max: 20
  api:
    replicas:
      min: 1
      max: 40
    targets:
      p95Milliseconds: 100
      cpuPercent: 70
  workers:
    replicas:
      min: 1
      max: 20
    targets:
      lag: 10000
  scaling:
    mode: Automatic
    stabilizationSeconds: 60
    cooldownSeconds: 30
    inputMaxAgeSeconds: 30
  shards:
    initial: 2
    members: 1
    storage:
      size: 10Gi
      storageClassName: ""
      whenDeleted: Retain
    limits:
      writesPerSecond: 8000
      storage: 1Ti
    autoSplit: Propose
    maxConnections: 500
    external: []
  redis:
    memory: 1Gi
  events:
    backend: Postgres
    partitions: 64
    replicationFactor: 3
  media:
    backend: Local
  auth:
    mode: BuiltIn
    allowedOrigins: []
  tls:
    secretName: ""
    minVersion: "1.3"
  limits:
    messagesPerMinutePerUser: 50
    messageBurst: 100
    messagesPerMinutePerConversation: 1000
    apiCallsPerMinutePerUser: 1000
    apiCallsPerMinutePerAddress: 3000
    connectsPerMinutePerAddress: 60
    connectionsPerUser: 20
    signInTriesPer5Minutes: 5
    signInsPerMinutePerAddress: 60
    groupsPerHourPerUser: 50
    groupMembers: 100000
    contentCharacters: 100000
    trustedProxies: []
    vipUsers:
      names: []
      factor: 10
  retention:
    hotDays: 30
    deletedDays: 7
  paused: false
)");
}

TEST(Parse, EmptyBlocksAndNullsMeanDefaults) {
  auto least = parsed(std::string(kLeast));
  EXPECT_EQ(parsed(std::string(kLeast) + "spec:\n"), least);
  EXPECT_EQ(parsed(std::string(kLeast) + "spec: {gateways: , redis: {memory: null}, shards: {external: ~}}\n"), least);
}

TEST(Parse, EveryBlockIsRead) {
  auto cluster = parsed(std::string(kLeast) + R"(
spec:
  version: "0.1.0"
  gateways: {replicas: {min: 3}, publicUrl: "wss://{gateway}.example.org/v1/ws"}
  scaling: {mode: Recommend}
  shards:
    initial: 4
    storage: {size: 1.5Ti, whenDeleted: Delete}
    autoSplit: "Off"
    external:
      - {name: one, secretName: one-login}
      - {name: two, secretName: two-login}
  redis: {external: {secretName: cache}}
  events: {backend: Kafka, kafka: {external: {bootstrapServers: "k0:9092,k1:9092"}}, partitions: 12}
  media: {backend: S3, s3: {bucket: files}}
  auth: {mode: ExternalJWT, jwksUrl: "https://login.example/jwks", audience: chat, allowedOrigins: ["https://a.example"]}
  limits: {messageBurst: 0, trustedProxies: [10.0.0.0/8, "::1"], vipUsers: {names: [alice], factor: 3}}
  paused: true
)");
  EXPECT_EQ(cluster.spec.gateways.replicas, (Replicas{3, 50}));
  EXPECT_EQ(cluster.spec.scaling.mode, ScalingMode::Recommend);
  EXPECT_EQ(cluster.spec.shards.initial, 4);
  EXPECT_EQ(cluster.spec.shards.storage.size.bytes, 1536 * kGi);
  EXPECT_EQ(cluster.spec.shards.storage.when_deleted, WhenDeleted::Delete);
  EXPECT_EQ(cluster.spec.shards.auto_split, AutoSplit::Off);
  ASSERT_EQ(cluster.spec.shards.external.size(), 2u);
  EXPECT_EQ(cluster.spec.shards.external[1].secret_name, "two-login");
  EXPECT_EQ(cluster.spec.redis.external->secret_name, "cache");
  EXPECT_EQ(cluster.spec.events.kafka->external->bootstrap_servers, "k0:9092,k1:9092");
  EXPECT_EQ(cluster.spec.events.partitions, 12);
  EXPECT_EQ(cluster.spec.media.s3->bucket, "files");
  EXPECT_EQ(cluster.spec.auth.jwks_url, "https://login.example/jwks");
  EXPECT_EQ(cluster.spec.limits.message_burst, 0);
  EXPECT_THAT(cluster.spec.limits.trusted_proxies, testing::ElementsAre("10.0.0.0/8", "::1"));
  EXPECT_EQ(cluster.spec.limits.vip_users, (VipUsers{{"alice"}, 3}));
  EXPECT_TRUE(cluster.spec.paused);
  // What was read is printed so that it reads back to the same.
  EXPECT_EQ(parsed(to_yaml(cluster, Part::SpecOnly)), cluster);
  EXPECT_EQ(parsed(to_json(cluster, Part::SpecOnly).dump()), cluster);
}

TEST(Parse, WordsThatOnlyLookLikeNumbersAreTexts) {
  for (const char* name : {"inf", "nan", "infinity", "e5", "v1"})
    EXPECT_EQ(parsed(std::string(kLeast) + "spec: {image: " + name + "}\n").spec.image, name);
}

TEST(Parse, AStreamOfSeveralDocuments) {
  auto documents = parse_documents(
      std::string(kLeast) +
      "---\n# nothing here\n---\napiVersion: chatcluster.io/v1alpha1\nkind: ChatOperation\n"
      "metadata: {name: go}\nspec: {cluster: demo, type: DrainGateway, drainGateway: {gateway: gateway-0}}\n");
  ASSERT_TRUE(documents) << text(documents.error().front());
  ASSERT_EQ(documents->size(), 2u);
  EXPECT_EQ(std::get<ChatCluster>((*documents)[0]).metadata.name, "demo");
  EXPECT_EQ(std::get<ChatOperation>((*documents)[1]).spec.type, OperationType::DrainGateway);
  EXPECT_EQ(std::get<ChatOperation>((*documents)[1]).spec.cluster, "demo");
}

TEST(Parse, AnchorsWithinBoundsAreRead) {
  auto cluster =
      parsed(std::string(kLeast) + "spec: {messages: {replicas: &few {min: 1, max: 2}}, workers: {replicas: *few}}\n");
  EXPECT_EQ(cluster.spec.workers.replicas, (Replicas{1, 2}));
}

TEST(Parse, ADocumentThatCameFromGetCanBeApplied) {
  auto cluster = parsed(std::string(kLeast));
  cluster.metadata.uid = "3f2c";
  cluster.metadata.generation = 7;
  cluster.metadata.creation_timestamp = "2026-01-02T03:04:05.678Z";
  cluster.metadata.labels = {{"team", "chat"}, {"number", "7"}};
  cluster.status.map_version = 12;
  auto again = parsed(to_yaml(cluster, Part::WithStatus));
  EXPECT_EQ(again.metadata, cluster.metadata);
  EXPECT_EQ(again.spec, cluster.spec);
}

TEST(ParseStatus, WhatWasWrittenIsReadBack) {
  ChatClusterStatus status;
  status.observed_generation = 3;
  status.conditions = {{"Available", ConditionStatus::True, "Serving", "All parts \"serve\": yes\n# really",
                        "2026-01-02T03:04:05.678Z", 3}};
  status.endpoints = {"ws://127.0.0.1:4000/v1/ws", "http://127.0.0.1:4001"};
  status.map_version = 12;
  status.gateways = {2, 1, 17, {{"gateway-0", GatewayState::Serving, 17}, {"gateway-1", GatewayState::Draining, 0}}};
  status.messages = {1, 1};
  status.serving_shards = 1;
  status.shards = {{"shard-0", "0-2047", ShardState::Serving, "shard-0", 1, 0, 12, 8000000}};
  status.scaling = {{"gateways", 2, 4, "spec.gateways.replicas.min is 4", "2026-01-02T03:04:05.678Z"}};
  auto again = parse_status(to_json(status).dump());
  ASSERT_TRUE(again) << text(again.error().front());
  EXPECT_EQ(*again, status);
}

TEST(ParseStatus, AMessageWithBytesOfALogIsWrittenAndRead) {
  ChatClusterStatus status;
  status.conditions = {{"Degraded", ConditionStatus::True, "CrashLoop", "its log ends with: \xff\xfe", "", 1}};
  auto again = parse_status(json_text(to_json(status)));
  ASSERT_TRUE(again) << text(again.error().front());
  EXPECT_EQ(again->conditions.front().message, "its log ends with: \xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_THAT(to_yaml(to_json(status)), testing::HasSubstr("CrashLoop"));
}

TEST(ParseStatus, FieldsOfANewerVersionArePassedOver) {
  auto status = parse_status(R"({"mapVersion": 4, "weather": "fine", "gateways": {"ready": 2, "mood": []}})");
  ASSERT_TRUE(status);
  EXPECT_EQ(status->map_version, 4);
  EXPECT_EQ(status->gateways.ready, 2);
}

TEST(ParseStatus, ABrokenStatusIsAnErrorAndNoCrash) {
  for (auto broken : {"", "[", "[]", "7", "{\"mapVersion\": \"x\"}", "{\"conditions\": 3}"})
    EXPECT_FALSE(parse_status(broken));
}

TEST(Write, TextsThatYamlWouldTakeForSomethingElseAreQuoted) {
  OrderedJson value = {{"a", "true"}, {"b", "1.3"},  {"c", ""},      {"d", "a: b"}, {"e", "x #y"},
                       {"f", "-"},    {"g", "né\n"}, {"h", "plain"}, {"i", {"{"}},  {"j", OrderedJson::array()}};
  EXPECT_EQ(to_yaml(value),
            "a: \"true\"\nb: \"1.3\"\nc: \"\"\nd: \"a: b\"\ne: \"x #y\"\nf: \"-\"\ng: \"né\\n\"\nh: plain\n"
            "i:\n- \"{\"\nj: []\n");
}

}  // namespace
