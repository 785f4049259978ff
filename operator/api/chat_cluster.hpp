#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The kind ChatCluster as values: pure data, the defaults of the contract as member initialisers. What may stand in
// each field (path, bounds, description) is said once, in describe.cpp; parsing, printing and the schema follow it.
namespace chatop::api {

inline constexpr std::string_view kApiVersion = "chatcluster.io/v1alpha1";
inline constexpr std::string_view kChatClusterKind = "ChatCluster";
inline constexpr std::string_view kChatOperationKind = "ChatOperation";

// A number of bytes, written 10Gi.
struct Quantity {
  std::int64_t bytes = 0;
  auto operator<=>(const Quantity&) const = default;  // NOLINT(modernize-use-nullptr): clang-tidy 14 misreads <=>
};
inline constexpr std::int64_t kGi = std::int64_t{1} << 30;

struct Metadata {
  std::string name;
  std::string namespace_name = "default";
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
  std::string uid;                 // given when it is created
  std::int64_t generation = 0;     // grows when the spec changes
  std::string creation_timestamp;  // RFC 3339
  bool operator==(const Metadata&) const = default;
};

// ---------------------------------------------------------------- spec

// Each enumeration counts from 0, and its names stand in the same order.
enum class ScalingMode { Automatic, Recommend };
inline constexpr std::array<std::string_view, 2> kScalingModeNames{"Automatic", "Recommend"};
enum class WhenDeleted { Retain, Delete };
inline constexpr std::array<std::string_view, 2> kWhenDeletedNames{"Retain", "Delete"};
enum class AutoSplit { Off, Propose, Automatic };
inline constexpr std::array<std::string_view, 3> kAutoSplitNames{"Off", "Propose", "Automatic"};
enum class EventsBackend { Postgres, Kafka };
inline constexpr std::array<std::string_view, 2> kEventsBackendNames{"Postgres", "Kafka"};
enum class MediaBackend { Local, S3 };
inline constexpr std::array<std::string_view, 2> kMediaBackendNames{"Local", "S3"};
enum class AuthMode { BuiltIn, ExternalJWT };
inline constexpr std::array<std::string_view, 2> kAuthModeNames{"BuiltIn", "ExternalJWT"};

struct Replicas {
  std::int64_t min = 1;
  std::int64_t max = 20;
  bool operator==(const Replicas&) const = default;
};

struct GatewayConnections {
  std::int64_t target = 8000;
  std::int64_t max = 10000;
  bool operator==(const GatewayConnections&) const = default;
};
struct GatewayDrain {
  std::int64_t grace_period_seconds = 120;
  std::int64_t close_below = 50;
  std::int64_t evictions_per_second = 500;
  bool operator==(const GatewayDrain&) const = default;
};
struct GatewaysSpec {
  Replicas replicas{2, 50};
  GatewayConnections connections;
  GatewayDrain drain;
  std::string public_url;
  bool operator==(const GatewaysSpec&) const = default;
};

struct MessagesSpec {
  Replicas replicas{1, 20};
  bool operator==(const MessagesSpec&) const = default;
};

struct ApiTargets {
  std::int64_t p95_milliseconds = 100;
  std::int64_t cpu_percent = 70;
  bool operator==(const ApiTargets&) const = default;
};
struct ApiSpec {
  Replicas replicas{1, 40};
  ApiTargets targets;
  bool operator==(const ApiSpec&) const = default;
};

struct WorkersTargets {
  std::int64_t lag = 10000;
  bool operator==(const WorkersTargets&) const = default;
};
struct WorkersSpec {
  Replicas replicas{1, 20};
  WorkersTargets targets;
  bool operator==(const WorkersSpec&) const = default;
};

struct ScalingSpec {
  ScalingMode mode = ScalingMode::Automatic;
  std::int64_t stabilization_seconds = 60;
  std::int64_t cooldown_seconds = 30;
  std::int64_t input_max_age_seconds = 30;
  bool operator==(const ScalingSpec&) const = default;
};

struct ShardStorage {
  Quantity size{10 * kGi};
  std::string storage_class_name;
  WhenDeleted when_deleted = WhenDeleted::Retain;
  bool operator==(const ShardStorage&) const = default;
};
struct ShardLimits {
  std::int64_t writes_per_second = 8000;
  Quantity storage{1024 * kGi};
  bool operator==(const ShardLimits&) const = default;
};
struct ExternalShard {
  std::string name;
  std::string secret_name;
  bool operator==(const ExternalShard&) const = default;
};
struct ShardsSpec {
  std::int64_t initial = 2;  // immutable
  std::int64_t members = 1;
  ShardStorage storage;
  ShardLimits limits;
  AutoSplit auto_split = AutoSplit::Propose;
  std::int64_t max_connections = 500;
  std::vector<ExternalShard> external;
  bool operator==(const ShardsSpec&) const = default;
};

struct ExternalRedis {
  std::string secret_name;
  bool operator==(const ExternalRedis&) const = default;
};
struct RedisSpec {
  Quantity memory{kGi};
  std::optional<ExternalRedis> external;
  bool operator==(const RedisSpec&) const = default;
};

struct ExternalKafka {
  std::string bootstrap_servers;
  std::string secret_name;
  bool operator==(const ExternalKafka&) const = default;
};
struct KafkaSpec {
  bool managed = false;
  std::optional<ExternalKafka> external;
  bool operator==(const KafkaSpec&) const = default;
};
struct EventsSpec {
  EventsBackend backend = EventsBackend::Postgres;
  std::optional<KafkaSpec> kafka;
  std::int64_t partitions = 64;
  std::int64_t replication_factor = 3;
  bool operator==(const EventsSpec&) const = default;
};

struct S3Spec {
  std::string bucket;
  std::string region;
  std::string endpoint;
  std::string secret_name;
  bool operator==(const S3Spec&) const = default;
};
struct MediaSpec {
  MediaBackend backend = MediaBackend::Local;
  std::optional<S3Spec> s3;
  bool operator==(const MediaSpec&) const = default;
};

struct AuthSpec {
  AuthMode mode = AuthMode::BuiltIn;
  std::vector<std::string> allowed_origins;
  std::string jwks_url;
  std::string audience;
  std::string issuer;
  bool operator==(const AuthSpec&) const = default;
};

struct TlsSpec {
  std::string secret_name;
  std::string min_version = "1.3";
  bool operator==(const TlsSpec&) const = default;
};

struct VipUsers {
  std::vector<std::string> names;
  std::int64_t factor = 10;
  bool operator==(const VipUsers&) const = default;
};
struct LimitsSpec {  // 0: no limit
  std::int64_t messages_per_minute_per_user = 50;
  std::int64_t message_burst = 100;
  std::int64_t messages_per_minute_per_conversation = 1000;
  std::int64_t api_calls_per_minute_per_user = 1000;
  std::int64_t api_calls_per_minute_per_address = 3000;
  std::int64_t connects_per_minute_per_address = 60;
  std::int64_t connections_per_user = 20;
  std::int64_t sign_in_tries_per_5_minutes = 5;
  std::int64_t sign_ins_per_minute_per_address = 60;
  std::int64_t groups_per_hour_per_user = 50;
  std::int64_t group_members = 100000;
  std::int64_t content_characters = 100000;
  std::vector<std::string> trusted_proxies;
  VipUsers vip_users;
  bool operator==(const LimitsSpec&) const = default;
};

struct RetentionSpec {
  std::int64_t hot_days = 30;
  std::int64_t deleted_days = 7;
  bool operator==(const RetentionSpec&) const = default;
};

struct ChatClusterSpec {
  std::string version;
  std::string image;
  GatewaysSpec gateways;
  MessagesSpec messages;
  ApiSpec api;
  WorkersSpec workers;
  ScalingSpec scaling;
  ShardsSpec shards;
  RedisSpec redis;
  EventsSpec events;
  MediaSpec media;
  AuthSpec auth;
  TlsSpec tls;
  LimitsSpec limits;
  RetentionSpec retention;
  bool paused = false;
  bool operator==(const ChatClusterSpec&) const = default;
};

// ---------------------------------------------------------------- status

enum class ConditionStatus { Unknown, True, False };
inline constexpr std::array<std::string_view, 3> kConditionStatusNames{"Unknown", "True", "False"};
enum class GatewayState { Starting, Serving, Draining, Gone };
inline constexpr std::array<std::string_view, 4> kGatewayStateNames{"Starting", "Serving", "Draining", "Gone"};
enum class ShardState { Joining, Serving, Splitting, Fenced, Retiring };
inline constexpr std::array<std::string_view, 5> kShardStateNames{"Joining", "Serving", "Splitting", "Fenced",
                                                                  "Retiring"};

struct Condition {
  std::string type;  // Available, Progressing, Degraded, Durable, ScalingLimited, UpdateInProgress
  ConditionStatus status = ConditionStatus::Unknown;
  std::string reason;                // CamelCase, for programs
  std::string message;               // a sentence, for people
  std::string last_transition_time;  // RFC 3339; changes with `status` only
  std::int64_t observed_generation = 0;
  bool operator==(const Condition&) const = default;
};

struct Endpoints {
  std::string websocket;
  std::string api;
  bool operator==(const Endpoints&) const = default;
};

struct GatewayMember {
  std::string name;
  GatewayState state = GatewayState::Starting;
  std::int64_t connections = 0;
  bool operator==(const GatewayMember&) const = default;
};
struct GatewaysStatus {
  std::int64_t desired = 0;
  std::int64_t ready = 0;
  std::int64_t connections = 0;
  std::vector<GatewayMember> members;
  bool operator==(const GatewaysStatus&) const = default;
};
struct RoleStatus {
  std::int64_t desired = 0;
  std::int64_t ready = 0;
  bool operator==(const RoleStatus&) const = default;
};

struct ShardStatus {
  std::string name;
  std::string buckets;  // "0-2047", several ranges joined by commas
  ShardState state = ShardState::Joining;
  std::string primary;       // process or pod that takes writes; empty: none
  std::int64_t members = 0;  // instances that answer
  std::int64_t lag_bytes = 0;
  std::int64_t writes_per_second = 0;
  std::int64_t bytes = 0;
  bool operator==(const ShardStatus&) const = default;
};

struct ScalingDecision {
  std::string component;
  std::int64_t from = 0;
  std::int64_t to = 0;
  std::string reason;
  std::string at;  // RFC 3339
  bool operator==(const ScalingDecision&) const = default;
};

struct ChatClusterStatus {
  std::int64_t observed_generation = 0;
  std::vector<Condition> conditions;
  Endpoints endpoints;
  std::int64_t map_version = 0;
  GatewaysStatus gateways;
  RoleStatus messages;
  RoleStatus api;
  RoleStatus workers;
  std::int64_t serving_shards = 0;  // a column of `kubectl get` can not count
  std::vector<ShardStatus> shards;
  std::vector<ScalingDecision> scaling;  // the last ten
  bool operator==(const ChatClusterStatus&) const = default;
};

// ---------------------------------------------------------------- the resource

struct ChatCluster {
  Metadata metadata;
  ChatClusterSpec spec;
  ChatClusterStatus status;
  bool operator==(const ChatCluster&) const = default;
};

// nullptr when the status has no condition of that type.
[[nodiscard]] const Condition* find_condition(const ChatClusterStatus& status, std::string_view type);

}  // namespace chatop::api
