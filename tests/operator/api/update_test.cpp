#include "operator/api/update.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace chatop::api;

ChatCluster cluster() {
  ChatCluster result;
  result.metadata.name = "demo";
  return created(result, "uid-1", "2026-01-02T03:04:05.678Z");
}

TEST(ValidateUpdate, WhatMayChangeMayChange) {
  auto next = cluster();
  next.spec.gateways.replicas.min = 4;
  next.spec.shards.storage.size = Quantity{20 * kGi};
  next.spec.shards.members = 3;
  next.spec.paused = true;
  EXPECT_TRUE(validate_update(cluster(), next).empty());
}

TEST(ValidateUpdate, InitialShardsAreFixedAtCreation) {
  auto next = cluster();
  next.spec.shards.initial = 3;
  auto errors = validate_update(cluster(), next);
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(text(errors.front()),
            "spec.shards.initial can only be set when the cluster is created (it is 2): grow with a ChatOperation "
            "splitShard, or by autoSplit");
}

TEST(ValidateUpdate, AllRefusalsAreNamedAtOnce) {
  auto next = cluster();
  next.spec.shards.storage.size = Quantity{kGi};
  next.spec.shards.storage.storage_class_name = "fast";
  next.spec.shards.external = {{"one", "secret"}};
  next.spec.events.backend = EventsBackend::Kafka;
  std::vector<std::string> paths;
  for (const auto& error : validate_update(cluster(), next)) paths.push_back(error.path);
  EXPECT_THAT(paths, testing::ElementsAre("spec.shards.storage.size", "spec.shards.storage.storageClassName",
                                          "spec.shards.external", "spec.events.backend"));
}

TEST(Updated, TheGenerationGrowsWithTheSpecOnly) {
  auto current = cluster();
  EXPECT_EQ(current.metadata.generation, 1);
  auto labelled = current;
  labelled.metadata.labels = {{"team", "chat"}};
  auto same = updated(current, labelled);
  EXPECT_EQ(same.metadata.generation, 1);
  auto next = current;
  next.spec.gateways.replicas.min = 4;
  EXPECT_EQ(updated(current, next).metadata.generation, 2);
}

TEST(Updated, WhatIdentifiesTheResourceIsKept) {
  auto current = cluster();
  current.status.map_version = 9;
  ChatCluster applied;
  applied.metadata.name = "demo";
  applied.metadata.uid = "forged";
  applied.metadata.generation = 99;
  auto stored = updated(current, applied);
  EXPECT_EQ(stored.metadata.uid, "uid-1");
  EXPECT_EQ(stored.metadata.creation_timestamp, "2026-01-02T03:04:05.678Z");
  EXPECT_EQ(stored.metadata.generation, 1);
  EXPECT_EQ(stored.status.map_version, 9);
}

}  // namespace
