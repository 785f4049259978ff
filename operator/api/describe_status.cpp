#include "operator/api/field_visitor.hpp"
#include "operator/api/text_rules.hpp"

// The contract's fields of status, in its order. Written by the operator only.
namespace chatop::api {
namespace {

constexpr TextRule kText{any_text, "text"};
constexpr Range kCount{0, INT64_MAX};
constexpr std::size_t kMost = 10'000;

void describe(FieldVisitor& v, Condition& condition) {
  v.text("type", condition.type, kText, "Available, Progressing, Degraded, Durable, ScalingLimited, UpdateInProgress");
  v.choice("status", condition.status, kConditionStatusNames, "Whether it holds");
  v.text("reason", condition.reason, kText, "One word, for programs");
  v.text("message", condition.message, kText, "A sentence, for people");
  v.text("lastTransitionTime", condition.last_transition_time, kText, "When `status` last changed, RFC 3339");
  v.integer("observedGeneration", condition.observed_generation, kCount, "Of the spec it was judged by");
}

void describe(FieldVisitor& v, RoleStatus& role) {
  v.integer("desired", role.desired, kCount, "Instances there should be");
  v.integer("ready", role.ready, kCount, "Instances that serve");
}

void describe(FieldVisitor& v, GatewaysStatus& gateways) {
  v.integer("desired", gateways.desired, kCount, "Instances there should be");
  v.integer("ready", gateways.ready, kCount, "Instances that serve");
  v.integer("connections", gateways.connections, kCount, "WebSockets of all");
  v.list("members", gateways.members, kMost, "Each gateway", [&](GatewayMember& member) {
    v.text("name", member.name, kText, "gateway-0");
    v.choice("state", member.state, kGatewayStateNames, "Where it is in its life");
    v.integer("connections", member.connections, kCount, "Its WebSockets");
  });
}

void describe(FieldVisitor& v, ShardStatus& shard) {
  v.text("name", shard.name, kText, "shard-0");
  v.text("buckets", shard.buckets, kText, "Ranges it owns: 0-2047");
  v.choice("state", shard.state, kShardStateNames, "Where it is in its life");
  v.text("primary", shard.primary, kText, "The instance that takes writes");
  v.integer("members", shard.members, kCount, "Instances that answer");
  v.integer("lagBytes", shard.lag_bytes, kCount, "Of the replica furthest behind");
  v.integer("writesPerSecond", shard.writes_per_second, kCount, "Lately");
  v.integer("bytes", shard.bytes, kCount, "Its data on disk");
}

}  // namespace

void describe(FieldVisitor& v, ChatClusterStatus& status) {
  v.integer("observedGeneration", status.observed_generation, kCount, "Of the spec this status speaks of");
  v.list("conditions", status.conditions, kMost, "What holds and what does not",
         [&](Condition& condition) { describe(v, condition); });
  v.object("endpoints", "Where clients connect", [&] {
    v.text("websocket", status.endpoints.websocket, kText, "ws://… or wss://…");
    v.text("api", status.endpoints.api, kText, "http://… or https://…");
  });
  v.integer("mapVersion", status.map_version, kCount, "Of the cluster map published last");
  v.object("gateways", "", [&] { describe(v, status.gateways); });
  v.object("messages", "", [&] { describe(v, status.messages); });
  v.object("api", "", [&] { describe(v, status.api); });
  v.object("workers", "", [&] { describe(v, status.workers); });
  v.list("shards", status.shards, kMost, "Each shard", [&](ShardStatus& shard) { describe(v, shard); });
  v.list("scaling", status.scaling, kMost, "The last ten decisions", [&](ScalingDecision& decision) {
    v.text("component", decision.component, kText, "gateways, api, workers, …");
    v.integer("from", decision.from, kCount, "Instances before");
    v.integer("to", decision.to, kCount, "Instances after");
    v.text("reason", decision.reason, kText, "In words");
    v.text("at", decision.at, kText, "RFC 3339");
  });
}

}  // namespace chatop::api
