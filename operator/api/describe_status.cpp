#include "operator/api/field_visitor.hpp"

// The contract's fields of status, in its order. Written by the operator only.
namespace chatop::api {
namespace {

constexpr TextRule kText{kAnyText, "text"};
constexpr Range kCount{0, INT64_MAX};
constexpr std::size_t kMost = 10'000;

void describe(FieldVisitor& v, RoleStatus& role) {
  v.integer("desired", role.desired, kCount, "Instances there should be");
  v.integer("ready", role.ready, kCount, "Instances that serve");
}

void describe(FieldVisitor& v, GatewaysStatus& gateways) {
  v.integer("desired", gateways.desired, kCount, "Instances there should be");
  v.integer("ready", gateways.ready, kCount, "Instances that serve");
  v.integer("connections", gateways.connections, kCount, "WebSockets of all");
  v.list("members", gateways.members, kMost, "name", "Each gateway", [&](GatewayMember& member) {
    v.text("name", member.name, kText, "Its name, for example gateway-0");
    v.choice("state", member.state, kGatewayStateNames, "Where it is in its life");
    v.integer("connections", member.connections, kCount, "Its WebSockets");
  });
}

void describe(FieldVisitor& v, ShardStatus& shard) {
  v.text("name", shard.name, kText, "Its name, for example shard-0");
  v.text("buckets", shard.buckets, kText, "Ranges it owns: 0-2047");
  v.choice("state", shard.state, kShardStateNames, "Where it is in its life");
  v.text("primary", shard.primary, kText, "The instance that takes writes");
  v.integer("members", shard.members, kCount, "Instances that answer");
  v.integer("lagBytes", shard.lag_bytes, kCount, "Of the replica furthest behind");
  v.integer("writesPerSecond", shard.writes_per_second, kCount, "Messages a second lately");
  v.integer("bytes", shard.bytes, kCount, "Its data on disk");
}

}  // namespace

void describe(FieldVisitor& v, Condition& condition) {
  v.text("type", condition.type, kText, "What it speaks of");
  v.choice("status", condition.status, kConditionStatusNames, "Whether it holds");
  v.text("reason", condition.reason, kText, "One word, for programs");
  v.text("message", condition.message, kText, "A sentence, for people");
  v.text("lastTransitionTime", condition.last_transition_time, kText, "When `status` last changed, RFC 3339");
  v.integer("observedGeneration", condition.observed_generation, kCount, "The generation of the spec it was judged by");
}

void describe(FieldVisitor& v, ChatClusterStatus& status) {
  v.integer("observedGeneration", status.observed_generation, kCount,
            "The generation of the spec this status speaks of");
  v.list("conditions", status.conditions, kMost, "type",
         "What holds and what does not: Available, Progressing, Degraded, Durable, ScalingLimited, UpdateInProgress",
         [&](Condition& condition) { describe(v, condition); });
  v.object("endpoints", "Where clients connect", [&] {
    v.text("websocket", status.endpoints.websocket, kText, "Of the WebSocket: ws://… or wss://…");
    v.text("api", status.endpoints.api, kText, "Of REST and the web client: http://… or https://…");
  });
  v.integer("mapVersion", status.map_version, kCount, "The version of the cluster map published last");
  v.object("gateways", "Those that hold the WebSockets", [&] { describe(v, status.gateways); });
  v.object("messages", "Those that write messages", [&] { describe(v, status.messages); });
  v.object("api", "Those that serve REST", [&] { describe(v, status.api); });
  v.object("workers", "Those that consume events", [&] { describe(v, status.workers); });
  v.integer("servingShards", status.serving_shards, kCount, "Shards that take writes");
  v.list("shards", status.shards, kMost, "name", "Each shard", [&](ShardStatus& shard) { describe(v, shard); });
  v.list("scaling", status.scaling, kMost, "", "The last ten decisions", [&](ScalingDecision& decision) {
    v.text("component", decision.component, kText, "What was scaled: gateways, messages, api or workers");
    v.integer("from", decision.from, kCount, "Instances before");
    v.integer("to", decision.to, kCount, "Instances after");
    v.text("reason", decision.reason, kText, "Why, in words");
    v.text("at", decision.at, kText, "When, RFC 3339");
  });
}

}  // namespace chatop::api
