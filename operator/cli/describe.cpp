#include <ostream>

#include "operator/api/quantity.hpp"
#include "operator/api/write.hpp"
#include "operator/cli/age.hpp"
#include "operator/cli/documents.hpp"
#include "operator/cli/summary.hpp"
#include "operator/cli/table.hpp"
#include "operator/cli/verbs.hpp"

namespace chatop::cli {
namespace {

using api::ChatCluster;

std::string number(std::int64_t value) { return std::to_string(value); }

void head(Session& session, std::string_view title) {
  session.out << "\n" << painted(session, Colour::Bold, title) << "\n";
}

void metadata(Session& session, const ports::StoredCluster& stored) {
  const auto& about = stored.cluster.metadata;
  const auto seen = session.site.operator_seen();
  const std::string looks_after = seen.state == ports::OperatorSeen::State::running ? "running, " + seen.who
                                  : seen.state == ports::OperatorSeen::State::none
                                      ? std::string("not running: nothing is repaired until one is")
                                      : "not known: " + seen.who;
  Table table;
  table.row({"Name:", about.name});
  table.row({"State:", stored.deleting ? "being deleted" : "Available: " + readiness(stored.cluster)});
  table.row({"Created:",
             about.creation_timestamp + " (" + age(about.creation_timestamp, session.now_milliseconds) + " ago)"});
  table.row({"Generation:", number(about.generation) + " (the operator has seen " +
                                number(stored.cluster.status.observed_generation) + ")"});
  table.row({"UID:", about.uid});
  for (const auto& [key, value] : about.labels) table.row({"Label:", key + "=" + value});
  table.row({"Operator:", looks_after});
  table.row({"Where:", session.site.where()});
  session.out << table.text();
}

void spec(Session& session, const ChatCluster& cluster) {
  const auto& wanted = cluster.spec;
  auto range = [](const api::Replicas& replicas) { return number(replicas.min) + " to " + number(replicas.max); };
  head(session, "Spec");
  Table table;
  table.row({"gateways:", range(wanted.gateways.replicas) + ", " + number(wanted.gateways.connections.target) +
                              " connections each, at most " + number(wanted.gateways.connections.max)});
  table.row({"messages:", range(wanted.messages.replicas)});
  table.row({"api:", range(wanted.api.replicas)});
  table.row({"workers:", range(wanted.workers.replicas)});
  table.row({"shards:", number(wanted.shards.initial) + " at creation, " + number(wanted.shards.members) +
                            (wanted.shards.members == 1 ? " member" : " members") + " each, " +
                            text(wanted.shards.storage.size) + " of storage"});
  table.row({"redis:", wanted.redis.external ? "external" : text(wanted.redis.memory)});
  table.row({"events:", std::string(api::kEventsBackendNames[static_cast<std::size_t>(wanted.events.backend)])});
  table.row({"auth:", std::string(api::kAuthModeNames[static_cast<std::size_t>(wanted.auth.mode)])});
  if (wanted.paused) table.row({"paused:", "true: observed and reported, nothing is changed"});
  session.out << table.text("  ");
}

void conditions(Session& session, const ChatCluster& cluster) {
  head(session, "Conditions");
  if (cluster.status.conditions.empty()) session.out << "  none yet: no operator has looked at this document\n";
  Table table({"TYPE", "STATUS", "SINCE", "REASON", "MESSAGE"});
  for (const auto& condition : cluster.status.conditions)
    table.row({condition.type, std::string(api::kConditionStatusNames[static_cast<std::size_t>(condition.status)]),
               age(condition.last_transition_time, session.now_milliseconds), condition.reason, condition.message});
  if (!cluster.status.conditions.empty()) session.out << table.text("  ");
}

void parts(Session& session, const ChatCluster& cluster) {
  const auto& status = cluster.status;
  head(session, "Components");
  Table table;
  for (const auto& component : components(status)) table.row({component.name + ":", component.state});
  table.row({"map:", "version " + number(status.map_version)});
  session.out << table.text("  ");
  if (!status.gateways.members.empty()) {
    Table members({"GATEWAY", "STATE", "CONNECTIONS"});
    for (const auto& member : status.gateways.members)
      members.row({member.name, std::string(api::kGatewayStateNames[static_cast<std::size_t>(member.state)]),
                   number(member.connections)});
    session.out << "\n" << members.text("  ");
  }
  if (!status.shards.empty()) {
    Table shards({"SHARD", "STATE", "BUCKETS", "PRIMARY", "MEMBERS", "LAG", "WRITES/S", "BYTES"});
    for (const auto& shard : status.shards)
      shards.row({shard.name, std::string(api::kShardStateNames[static_cast<std::size_t>(shard.state)]), shard.buckets,
                  shard.primary.empty() ? "-" : shard.primary, number(shard.members), number(shard.lag_bytes),
                  number(shard.writes_per_second), number(shard.bytes)});
    session.out << "\n" << shards.text("  ");
  }
}

void endpoints(Session& session, const ChatCluster& cluster) {
  head(session, "Endpoints");
  auto shown = [](const std::string& endpoint) { return endpoint.empty() ? std::string("none yet") : endpoint; };
  Table table;
  table.row({"api and web client:", shown(cluster.status.endpoints.api)});
  table.row({"websocket:", shown(cluster.status.endpoints.websocket)});
  session.out << table.text("  ");
}

void scaling(Session& session, const ChatCluster& cluster) {
  head(session, "Recent scaling decisions");
  if (cluster.status.scaling.empty()) session.out << "  none\n";
  Table table;
  for (const auto& decision : cluster.status.scaling)
    table.row({age(decision.at, session.now_milliseconds) + " ago", decision.component,
               number(decision.from) + " -> " + number(decision.to), decision.reason});
  session.out << table.text("  ");
}

void running(Session& session, const ChatCluster& cluster) {
  head(session, "Processes");
  const auto lines = session.site.processes(cluster.metadata.name);
  if (lines.empty()) session.out << "  none\n";
  Table table({"NAME", "ID", "STATE", "RESTARTS", "SINCE", "LOG"});
  for (const auto& line : lines)
    table.row({line.name, line.id, line.running ? "running" : "stopped", number(line.restarts),
               duration(session.now_milliseconds - line.started_ms), line.log});
  if (!lines.empty()) session.out << table.text("  ");
}

}  // namespace

int describe(Session& session, const std::string& name) {
  auto stored = find_cluster(session, name);
  if (!stored) return kFailed;
  metadata(session, *stored);
  spec(session, stored->cluster);
  conditions(session, stored->cluster);
  parts(session, stored->cluster);
  endpoints(session, stored->cluster);
  scaling(session, stored->cluster);
  running(session, stored->cluster);
  return kDone;
}

}  // namespace chatop::cli
