#include "operator/api/field_visitor.hpp"

// The contract's fields of a ChatOperation, in its order.
namespace chatop::api {
namespace {

constexpr Range kSeconds{0, 30 * 86400};
constexpr Range kCount{0, INT64_MAX};
constexpr std::size_t kMost = 1000;

constexpr TextRule kText{kAnyText, "text"};
constexpr TextRule kShard{kChildName, "the name of a shard, for example shard-0"};
constexpr TextRule kShardNeeded{kChildName, "the name of a shard, for example shard-0", true};
constexpr TextRule kMoment{kTime, "a moment, for example \"2026-01-31T12:00:00Z\"", false, true};

void describe(FieldVisitor& v, SplitShard& split) {
  v.text("shard", split.shard, kShardNeeded, "The shard to split");
  v.integer("at", split.at, {0, 4095}, "The first bucket that moves; 0: where the load is halved");
  v.text("newShard", split.new_shard, kShard, "Takes the moved buckets; empty: the operator names it");
  v.choice("verify", split.verify, kVerifyNames, "Compare every copied row, or a sample, before the switch");
  v.integer("soakSeconds", split.soak_seconds, kSeconds,
            "After the switch the way back stays open this long, and until decision is set");
  v.choice("retireSource", split.retire_source, kRetireSourceNames,
           "Whether the moved rows wait for decision: Keep, or are deleted after the soak");
}

void describe(FieldVisitor& v, MergeShards& merge) {
  v.text("shard", merge.shard, kShardNeeded, "The shard that goes");
  v.text("into", merge.into, kShardNeeded, "The shard that takes its buckets");
  v.choice("verify", merge.verify, kVerifyNames, "Compare every copied row, or a sample, before the switch");
  v.integer("soakSeconds", merge.soak_seconds, kSeconds, "After the switch the way back stays open this long");
}

void describe(FieldVisitor& v, ReplayDeadLetters& replay) {
  constexpr TextRule kTopic{kWord, "the name of a topic"};
  v.text("topic", replay.topic, kTopic, "Whose dead letters; empty: all topics");
  v.integer("batchSize", replay.batch_size, {1, 10'000}, "Events replayed at a time");
  v.integer("maxErrorPercent", replay.max_error_percent, {0, 100}, "It stops when more of a batch fail again");
  v.text("from", replay.from, kMoment, "Only those that died at or after this moment");
  v.text("to", replay.to, kMoment, "Only those that died before this moment");
}

void describe(FieldVisitor& v, ChangeSchema& change) {
  constexpr TextRule kTo{kWord, "a version of the schema, for example \"0007\"", true};
  v.text("to", change.to, kTo, "The version of the schema to reach");
  v.choice("phase", change.phase, kSchemaPhaseNames, "Add what is new, move the rows, or remove what is old");
  v.integer("batchRows", change.batch_rows, {1, 100'000}, "Rows moved in one transaction");
  v.integer("maxLagMilliseconds", change.max_lag_milliseconds, {1, 60'000}, "It pauses while replicas lag more");
}

void describe_blocks_of_shards(FieldVisitor& v, ChatOperationSpec& spec) {
  v.optional("mitigateHotShard", spec.mitigate_hot_shard, "Runbook 3, first half: calm a shard", [&](auto& mitigate) {
    v.text("shard", mitigate.shard, kShardNeeded, "The hot shard");
    v.object("throttle", "What its busiest conversations may still do", [&] {
      v.integer("messagesPerMinute", mitigate.throttle.messages_per_minute, {1, 1'000'000}, "Of each of them");
      v.integer("conversations", mitigate.throttle.conversations, {1, 1000}, "How many of the busiest");
    });
  });
  v.optional("splitShard", spec.split_shard, "Runbook 3, second half: move half of a shard to a new one",
             [&](auto& split) { describe(v, split); });
  v.optional("mergeShards", spec.merge_shards, "Move a shard's buckets into another and retire it",
             [&](auto& merge) { describe(v, merge); });
}

void describe_blocks_of_upkeep(FieldVisitor& v, ChatOperationSpec& spec) {
  constexpr TextRule kBackup{kWord, "the name of a backup", true};
  constexpr TextRule kInto{kResourceName, "the name of the ChatCluster to restore into", true};
  constexpr TextRule kMember{kChildName, "the name of an instance"};
  v.optional("warmCache", spec.warm_cache, "Runbook 4: fill Redis after it was emptied", [&](auto& warm) {
    v.integer("conversations", warm.conversations, {1, 1'000'000}, "How many of the most recent");
    v.integer("messages", warm.messages, {1, 1000}, "Of each of them");
  });
  v.optional("changeSchema", spec.change_schema, "Runbook 5: change the schema of every shard while chat goes on",
             [&](auto& change) { describe(v, change); });
  v.optional("failoverShard", spec.failover_shard, "Let another instance of a shard take the writes", [&](auto& fail) {
    v.text("shard", fail.shard, kShardNeeded, "The shard");
    v.text("to", fail.to, kMember, "The instance that takes over; empty: the one furthest ahead");
    v.boolean("force", fail.force, "Also where the old primary does not answer");
  });
  v.optional("backupShards", spec.backup_shards, "Write a backup of shards", [&](auto& backup) {
    v.texts("shards", backup.shards, kShard, 256, "Which; empty: all");
    v.boolean("verify", backup.verify, "Restore it beside and compare");
  });
  v.optional("restoreShards", spec.restore_shards, "Restore a backup into a new ChatCluster", [&](auto& restore) {
    v.text("backup", restore.backup, kBackup, "The backup");
    v.text("pointInTime", restore.point_in_time, kMoment, "As it was at this moment; empty: at the backup's end");
    v.text("into", restore.into, kInto, "The ChatCluster to restore into");
  });
}

}  // namespace

void describe(FieldVisitor& v, ChatOperationSpec& spec) {
  constexpr TextRule kCluster{kResourceName, "the name of a ChatCluster", true};
  constexpr TextRule kKeepOrBack{kDecision, "Keep or Back", false, true};
  constexpr TextRule kGateway{kChildName, "the name of a gateway, for example gateway-1", true};
  v.text("cluster", spec.cluster, kCluster, "The ChatCluster of this namespace it works on");
  v.choice("type", spec.type, kOperationTypeNames, "What is to be done; exactly the block of that name says how");
  v.boolean("dryRun", spec.dry_run, "Work out and publish the plan in status, touch nothing");
  v.choice("approval", spec.approval, kApprovalNames, "Manual: publish the plan, then wait until approved is true");
  v.boolean("approved", spec.approved, "Go on after AwaitingApproval; may be changed later");
  v.boolean("suspend", spec.suspend, "Stop at the next safe point, go on when false again; may be changed later");
  v.boolean("cancel", spec.cancel, "Undo what was done and end; may be changed later");
  v.integer("timeoutSeconds", spec.timeout_seconds, {1, 30 * 86400}, "It fails when it takes longer");
  v.integer("ttlSecondsAfterFinished", spec.ttl_seconds_after_finished, {0, 366 * 86400}, "Then it is deleted");
  v.text("decision", spec.decision, kKeepOrBack,
         "Ends the soak of a split: Keep deletes the moved rows, Back goes the reverse way; may be changed later");
  v.optional("drainGateway", spec.drain_gateway, "Runbook 1: empty a gateway and replace it",
             [&](auto& drain) { v.text("gateway", drain.gateway, kGateway, "The gateway"); });
  v.optional("replayDeadLetters", spec.replay_dead_letters, "Runbook 2: try dead events once more",
             [&](auto& replay) { describe(v, replay); });
  describe_blocks_of_shards(v, spec);
  describe_blocks_of_upkeep(v, spec);
}

void describe(FieldVisitor& v, ChatOperationStatus& status) {
  v.choice("phase", status.phase, kOperationPhaseNames, "Where it is in its life");
  v.integer("progress", status.progress, {0, 100}, "Percent");
  v.text("message", status.message, kText, "A sentence, for people: what it does or waits for");
  v.text("startedAt", status.started_at, kText, "When it began to run, RFC 3339");
  v.text("finishedAt", status.finished_at, kText, "When it ended, RFC 3339");
  v.texts("plan", status.plan, kText, kMost, "What will be done, with counts, bytes and expected time");
  v.list("steps", status.steps, kMost, "name", "What is done, in order", [&](OperationStep& step) {
    v.text("name", step.name, kText, "The step");
    v.choice("state", step.state, kStepStateNames, "Where it is");
    v.text("startedAt", step.started_at, kText, "When it began, RFC 3339");
    v.text("finishedAt", step.finished_at, kText, "When it ended, RFC 3339");
    v.text("message", step.message, kText, "A sentence, for people");
    v.integer("attempts", step.attempts, kCount, "How often it was tried");
  });
  v.list("conditions", status.conditions, kMost, "type", "Complete or Failed, never both",
         [&](Condition& condition) { describe(v, condition); });
}

}  // namespace chatop::api
