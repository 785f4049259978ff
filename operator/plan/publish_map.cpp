#include <algorithm>

#include "operator/api/public_url.hpp"
#include "operator/plan/parts.hpp"
#include "operator/plan/wanted.hpp"

namespace chatop::plan {

using ports::ProcessView;
using ports::Role;

namespace {

std::string gateway_url(const Context& context, const ProcessView& gateway) {
  const auto& template_url = context.spec.gateways.public_url;
  if (!template_url.empty()) return api::gateway_url(template_url, gateway.name);
  return "ws://" + gateway.address.host + ":" + std::to_string(gateway.address.port) + "/v1/ws";
}

// nullopt: addresses are missing yet.
std::optional<ClusterMap> content(const Context& context) {
  ClusterMap map;
  map.cluster = context.cluster.metadata.name;
  map.limits = context.spec.limits;
  map.connections_per_gateway = context.spec.gateways.connections.max;
  map.buckets = context.buckets;
  for (const auto& spec : context.wanted) {
    const ProcessView* process = context.find(spec.name);
    if (process == nullptr || !process->prepared || context.is_emptied(spec.name)) return std::nullopt;
    if (spec.role == Role::shard) map.shards.push_back({spec.name, process->address});
    if (spec.role == Role::messages && process->address.port != 0)
      map.messages.push_back({spec.name, process->address});
    if (spec.role == Role::gateway)
      map.gateways.push_back(
          {spec.name, gateway_url(context, *process), process->admin, context.is_draining(spec.name)});
  }
  for (const auto& [name, since] : context.memory.drains) {
    const ProcessView* process = context.find(name);
    if (!context.is_wanted(name) && process != nullptr)
      map.gateways.push_back({name, gateway_url(context, *process), process->admin, true});
  }
  // One too many while the platform replaces another: it takes over already.
  for (const auto& process : context.seen.platform.processes) {
    if (process.role == Role::messages && process.in_hand && process.address.port != 0 &&
        !context.is_wanted(process.name))
      map.messages.push_back({process.name, process.address});
  }
  return map;
}

// The first map appears when every shard has its schema and its buckets: daemons start with it.
bool may_publish(const Context& context) {
  if (context.published.version > 0) return true;
  return std::all_of(context.wanted.begin(), context.wanted.end(), [&context](const auto& spec) {
    return spec.role != Role::shard || context.shard_serves(spec.name);
  });
}

// Above everything any daemon ever saw, also when the file was lost.
std::int64_t next_version(const Context& context) {
  std::int64_t version = context.published.version;
  for (const auto& [name, daemon] : context.seen.daemons) {
    if (daemon.report) version = std::max(version, daemon.report->map_version);
  }
  return version + 1;
}

}  // namespace

void publish_map(Context& context) {
  if (auto map = content(context); map && may_publish(context) && !same_content(*map, context.published)) {
    map->version = next_version(context);
    context.memory.map = to_json(*map);
  }
  if (context.memory != context.seen.memory) context.act(Remember{context.memory});
  for (const auto& process : context.seen.platform.processes) {
    const auto* report = context.live_report(process);
    if (report != nullptr && report->map_version < context.published.version) context.act(PushMap{process.name});
  }
}

}  // namespace chatop::plan
