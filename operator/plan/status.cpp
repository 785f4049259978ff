#include <algorithm>

#include "dataplane/base/clock.hpp"
#include "operator/api/public_url.hpp"
#include "operator/plan/parts.hpp"
#include "operator/plan/wanted.hpp"

namespace chatop::plan {

using ports::ProcessView;
using ports::Role;

namespace {

constexpr std::size_t kDecisionsKept = 10;

api::GatewayState state_of(const Context& context, const ProcessView& process) {
  if (!process.running) return process.ended_ms > 0 ? api::GatewayState::Gone : api::GatewayState::Starting;
  if (context.is_draining(process.name) || process.stopping) return api::GatewayState::Draining;
  return context.is_ready(process) ? api::GatewayState::Serving : api::GatewayState::Starting;
}

api::GatewaysStatus gateways(const Context& context) {
  api::GatewaysStatus status;
  status.desired = desired(context.spec, Role::gateway);
  status.ready = context.ready_count(Role::gateway);
  for (const auto& process : context.seen.platform.processes) {
    if (process.role != Role::gateway || (!process.running && !context.is_wanted(process.name))) continue;
    api::GatewayMember member;
    member.name = process.name;
    member.state = state_of(context, process);
    if (const auto* report = context.live_report(process)) member.connections = report->connections;
    status.connections += member.connections;
    status.members.push_back(std::move(member));
  }
  return status;
}

api::RoleStatus role(const Context& context, Role role) {
  return {desired(context.spec, role), context.ready_count(role)};
}

std::vector<api::ShardStatus> shards(const Context& context) {
  std::vector<api::ShardStatus> list;
  for (const auto& spec : context.wanted) {
    if (spec.role != Role::shard) continue;
    api::ShardStatus status;
    status.name = spec.name;
    status.buckets = ranges_text(context.buckets, spec.name);
    if (context.shard_serves(spec.name)) status.state = api::ShardState::Serving;
    auto it = context.seen.shards.find(spec.name);
    if (it != context.seen.shards.end() && it->second.report) {
      status.members = 1;
      if (it->second.report->takes_writes) status.primary = spec.name;
      status.bytes = it->second.report->bytes;
      status.writes_per_second = it->second.writes_per_second;
    } else if (const auto& before = context.cluster.status.shards; !before.empty()) {
      for (const auto& old : before) {
        if (old.name == spec.name) status.bytes = old.bytes;  // the last known size, not zero
      }
    }
    list.push_back(std::move(status));
  }
  return list;
}

// The last ten decisions about how many there are. Taken from the difference to the status before.
std::vector<api::ScalingDecision> scaling(const Context& context, const api::ChatClusterStatus& next) {
  const auto& before = context.cluster.status;
  auto decisions = before.scaling;
  auto note = [&](const char* component, std::int64_t from, std::int64_t to) {
    if (from == 0 || from == to) return;
    decisions.push_back({component, from, to, "spec." + std::string(component) + ".replicas.min was changed",
                         chat::base::rfc3339(context.seen.wall_ms)});
  };
  note("gateways", before.gateways.desired, next.gateways.desired);
  note("messages", before.messages.desired, next.messages.desired);
  note("api", before.api.desired, next.api.desired);
  note("workers", before.workers.desired, next.workers.desired);
  if (decisions.size() > kDecisionsKept)
    decisions.erase(decisions.begin(), decisions.end() - static_cast<std::ptrdiff_t>(kDecisionsKept));
  return decisions;
}

api::Endpoints endpoints(const Context& context) {
  api::Endpoints endpoints;
  const auto& platform = context.seen.platform;
  auto text = [](const chat::base::HostPort& where) { return where.host + ":" + std::to_string(where.port); };
  if (!context.spec.gateways.public_url.empty())
    endpoints.websocket = api::gateway_url(context.spec.gateways.public_url, ports::process_name(Role::gateway, 0));
  else if (platform.gateways_shared.port != 0)
    endpoints.websocket = "ws://" + text(platform.gateways_shared) + "/v1/ws";
  if (platform.api_shared.port != 0) endpoints.api = "http://" + text(platform.api_shared);
  return endpoints;
}

}  // namespace

api::ChatClusterStatus make_status(const Context& context, const std::vector<std::string>& not_served) {
  api::ChatClusterStatus status;
  status.observed_generation = context.cluster.metadata.generation;
  status.endpoints = endpoints(context);
  status.map_version = context.published.version;
  status.gateways = gateways(context);
  status.messages = role(context, Role::messages);
  status.api = role(context, Role::api);
  status.workers = role(context, Role::worker);
  status.shards = shards(context);
  status.serving_shards = std::count_if(status.shards.begin(), status.shards.end(), [](const api::ShardStatus& shard) {
    return shard.state == api::ShardState::Serving && !shard.primary.empty();
  });
  status.scaling = scaling(context, status);
  status.conditions = make_conditions(context, not_served);
  return status;
}

}  // namespace chatop::plan
