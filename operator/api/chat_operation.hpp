#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operator/api/chat_cluster.hpp"

// The kind ChatOperation as values: one runbook that is to be run on one ChatCluster. What may stand in each field is
// said in describe_operation.cpp.
namespace chatop::api {

// Counts from 0 like its names; Unset is past them: an operation without a type is none.
enum class OperationType {
  DrainGateway,
  ReplayDeadLetters,
  MitigateHotShard,
  SplitShard,
  MergeShards,
  WarmCache,
  ChangeSchema,
  FailoverShard,
  BackupShards,
  RestoreShards,
  Unset
};
inline constexpr std::array<std::string_view, 10> kOperationTypeNames{
    "DrainGateway", "ReplayDeadLetters", "MitigateHotShard", "SplitShard",   "MergeShards",
    "WarmCache",    "ChangeSchema",      "FailoverShard",    "BackupShards", "RestoreShards"};
// The field of the spec that belongs to each type.
inline constexpr std::array<std::string_view, 10> kOperationBlockNames{
    "drainGateway", "replayDeadLetters", "mitigateHotShard", "splitShard",   "mergeShards",
    "warmCache",    "changeSchema",      "failoverShard",    "backupShards", "restoreShards"};
// All that may change in a spec once it is there: how a person steers an operation that runs.
inline constexpr std::array<std::string_view, 4> kOperationSteering{"approved", "suspend", "cancel", "decision"};

enum class Approval { Automatic, Manual };
inline constexpr std::array<std::string_view, 2> kApprovalNames{"Automatic", "Manual"};
enum class Verify { Full, Sample };
inline constexpr std::array<std::string_view, 2> kVerifyNames{"Full", "Sample"};
enum class RetireSource { Manual, Automatic };
inline constexpr std::array<std::string_view, 2> kRetireSourceNames{"Manual", "Automatic"};
enum class SchemaPhase { Expand, Migrate, Contract };
inline constexpr std::array<std::string_view, 3> kSchemaPhaseNames{"Expand", "Migrate", "Contract"};

struct DrainGateway {
  std::string gateway;
  bool operator==(const DrainGateway&) const = default;
};
struct ReplayDeadLetters {
  std::string topic;
  std::int64_t batch_size = 100;
  std::int64_t max_error_percent = 1;
  std::string from;  // RFC 3339
  std::string to;
  bool operator==(const ReplayDeadLetters&) const = default;
};
struct Throttle {
  std::int64_t messages_per_minute = 100;
  std::int64_t conversations = 10;
  bool operator==(const Throttle&) const = default;
};
struct MitigateHotShard {
  std::string shard;
  Throttle throttle;
  bool operator==(const MitigateHotShard&) const = default;
};
struct SplitShard {
  std::string shard;
  std::int64_t at = 0;  // the first bucket that moves; 0: the operator chooses
  std::string new_shard;
  Verify verify = Verify::Full;
  std::int64_t soak_seconds = 3600;
  RetireSource retire_source = RetireSource::Manual;
  bool operator==(const SplitShard&) const = default;
};
struct MergeShards {
  std::string shard;
  std::string into;
  Verify verify = Verify::Full;
  std::int64_t soak_seconds = 3600;
  bool operator==(const MergeShards&) const = default;
};
struct WarmCache {
  std::int64_t conversations = 10000;
  std::int64_t messages = 50;
  bool operator==(const WarmCache&) const = default;
};
struct ChangeSchema {
  std::string to;
  SchemaPhase phase = SchemaPhase::Expand;
  std::int64_t batch_rows = 1000;
  std::int64_t max_lag_milliseconds = 200;
  bool operator==(const ChangeSchema&) const = default;
};
struct FailoverShard {
  std::string shard;
  std::string to;
  bool force = false;
  bool operator==(const FailoverShard&) const = default;
};
struct BackupShards {
  std::vector<std::string> shards;
  bool verify = true;
  bool operator==(const BackupShards&) const = default;
};
struct RestoreShards {
  std::string backup;
  std::string point_in_time;  // RFC 3339; empty: the end of the backup
  std::string into;
  bool operator==(const RestoreShards&) const = default;
};

struct ChatOperationSpec {
  std::string cluster;
  OperationType type = OperationType::Unset;
  bool dry_run = false;
  Approval approval = Approval::Automatic;
  bool approved = false;
  bool suspend = false;
  bool cancel = false;
  std::int64_t timeout_seconds = 3600;
  std::int64_t ttl_seconds_after_finished = 604800;
  std::string decision;  // Keep, Back, or empty
  std::optional<DrainGateway> drain_gateway;
  std::optional<ReplayDeadLetters> replay_dead_letters;
  std::optional<MitigateHotShard> mitigate_hot_shard;
  std::optional<SplitShard> split_shard;
  std::optional<MergeShards> merge_shards;
  std::optional<WarmCache> warm_cache;
  std::optional<ChangeSchema> change_schema;
  std::optional<FailoverShard> failover_shard;
  std::optional<BackupShards> backup_shards;
  std::optional<RestoreShards> restore_shards;
  bool operator==(const ChatOperationSpec&) const = default;
};

enum class OperationPhase { Pending, AwaitingApproval, Running, Suspended, Cancelling, Cancelled, Succeeded, Failed };
inline constexpr std::array<std::string_view, 8> kOperationPhaseNames{
    "Pending", "AwaitingApproval", "Running", "Suspended", "Cancelling", "Cancelled", "Succeeded", "Failed"};
enum class StepState { Pending, Running, Done, Failed, Undone, Skipped };
inline constexpr std::array<std::string_view, 6> kStepStateNames{"Pending", "Running", "Done",
                                                                 "Failed",  "Undone",  "Skipped"};

struct OperationStep {
  std::string name;
  StepState state = StepState::Pending;
  std::string started_at;  // RFC 3339
  std::string finished_at;
  std::string message;
  std::int64_t attempts = 0;
  bool operator==(const OperationStep&) const = default;
};
struct ChatOperationStatus {
  OperationPhase phase = OperationPhase::Pending;
  std::int64_t progress = 0;  // percent
  std::string message;
  std::string started_at;
  std::string finished_at;
  std::vector<std::string> plan;
  std::vector<OperationStep> steps;
  std::vector<Condition> conditions;  // Complete or Failed, never both
  bool operator==(const ChatOperationStatus&) const = default;
};

struct ChatOperation {
  Metadata metadata;
  ChatOperationSpec spec;
  ChatOperationStatus status;
  bool operator==(const ChatOperation&) const = default;
};

}  // namespace chatop::api
