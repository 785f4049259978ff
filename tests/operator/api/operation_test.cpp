#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "operator/api/operation_rules.hpp"
#include "operator/api/parse.hpp"
#include "operator/api/write.hpp"

namespace {

using namespace chatop::api;

ChatOperation operation(const std::string& spec) {
  auto documents = parse_documents(
      "apiVersion: chatcluster.io/v1alpha1\nkind: ChatOperation\nmetadata: {name: go}\nspec: " + spec + "\n");
  if (!documents) {
    ADD_FAILURE() << text(documents.error().front());
    return {};
  }
  return std::get<ChatOperation>(documents->front());
}

TEST(Operation, WhatIsNotSaidHasTheContractsDefault) {
  const auto split = operation("{cluster: demo, type: SplitShard, splitShard: {shard: shard-0}}").spec;
  EXPECT_EQ(split.type, OperationType::SplitShard);
  EXPECT_EQ(split.approval, Approval::Automatic);
  EXPECT_FALSE(split.dry_run || split.approved || split.suspend || split.cancel);
  EXPECT_EQ(split.timeout_seconds, 3600);
  EXPECT_EQ(split.ttl_seconds_after_finished, 604800);
  ASSERT_TRUE(split.split_shard);
  EXPECT_EQ(*split.split_shard, (SplitShard{"shard-0", 0, "", Verify::Full, 3600, RetireSource::Manual}));
  EXPECT_FALSE(split.drain_gateway || split.merge_shards);
}

TEST(Operation, EveryFieldOfEveryBlockIsRead) {
  const auto replay = operation(
      "{cluster: demo, type: ReplayDeadLetters, replayDeadLetters: {topic: t, batchSize: 7, "
      "maxErrorPercent: 3, from: \"2026-01-31T12:00:00Z\", to: \"2026-01-31T13:00:00Z\"}}");
  EXPECT_EQ(*replay.spec.replay_dead_letters,
            (ReplayDeadLetters{"t", 7, 3, "2026-01-31T12:00:00Z", "2026-01-31T13:00:00Z"}));
  const auto mitigate = operation(
      "{cluster: demo, type: MitigateHotShard, mitigateHotShard: {shard: s, throttle: "
      "{messagesPerMinute: 5, conversations: 6}}}");
  EXPECT_EQ(*mitigate.spec.mitigate_hot_shard, (MitigateHotShard{"s", {5, 6}}));
  const auto change = operation(
      "{cluster: demo, type: ChangeSchema, changeSchema: {to: \"0007\", phase: Contract, "
      "batchRows: 8, maxLagMilliseconds: 9}}");
  EXPECT_EQ(*change.spec.change_schema, (ChangeSchema{"0007", SchemaPhase::Contract, 8, 9}));
  const auto backup = operation("{cluster: demo, type: BackupShards, backupShards: {shards: [a, b], verify: false}}");
  EXPECT_EQ(*backup.spec.backup_shards, (BackupShards{{"a", "b"}, false}));
}

TEST(Operation, WhatIsWrittenIsReadBack) {
  for (const std::string block :
       {"type: DrainGateway, drainGateway: {gateway: g}", "type: WarmCache, warmCache: {messages: 3}, decision: Back",
        "type: FailoverShard, failoverShard: {shard: a, to: b, force: true}, approval: Manual",
        "type: RestoreShards, restoreShards: {backup: b, into: c}",
        "type: MergeShards, mergeShards: {shard: a, into: b}"}) {
    auto original = operation("{cluster: demo, " + block + "}");
    original.metadata.uid = "1";
    original.status.steps.push_back({"fence", StepState::Undone, "a", "b", "c", 2});
    auto again = parse_documents(to_yaml(to_json(original, Part::WithStatus)));
    ASSERT_TRUE(again) << text(again.error().front());
    EXPECT_EQ(std::get<ChatOperation>(again->front()).spec, original.spec) << block;
  }
}

TEST(Operation, OnlyWhatSteersItMayChange) {
  const auto current = operation("{cluster: demo, type: WarmCache, warmCache: {}}");
  auto steered = current;
  steered.spec.approved = steered.spec.suspend = steered.spec.cancel = true;
  steered.spec.decision = "Keep";
  EXPECT_TRUE(validate_update(current, steered).empty());
  auto next = current;
  next.spec.cluster = "other";
  next.spec.timeout_seconds = 1;
  next.spec.warm_cache.reset();
  next.spec.backup_shards.emplace();
  std::vector<std::string> paths;
  for (const auto& error : validate_update(current, next)) paths.push_back(error.path);
  EXPECT_THAT(paths, testing::UnorderedElementsAre("spec.cluster", "spec.timeoutSeconds", "spec.warmCache",
                                                   "spec.backupShards"));
}

}  // namespace
