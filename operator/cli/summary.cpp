#include "operator/cli/summary.hpp"

#include <algorithm>
#include <array>

namespace chatop::cli {
namespace {

Component role(const std::string& name, std::int64_t ready, std::int64_t desired) {
  return {name, std::to_string(ready) + "/" + std::to_string(desired) + " ready", ready == desired && desired > 0,
          ready > 0};
}

Component shards(const api::ChatClusterStatus& status) {
  std::string others;
  std::size_t serving = 0;
  for (const auto& shard : status.shards) {
    if (shard.state == api::ShardState::Serving && !shard.primary.empty()) {
      ++serving;
      continue;
    }
    auto state = api::kShardStateNames[static_cast<std::size_t>(shard.state)];
    others += (others.empty() ? ": " : ", ") + shard.name + " " +
              (shard.state == api::ShardState::Serving ? "has no primary" : std::string(state));
  }
  return {"shards", std::to_string(serving) + "/" + std::to_string(status.shards.size()) + " serving" + others,
          others.empty() && serving > 0, serving > 0};
}

}  // namespace

std::vector<Component> components(const api::ChatClusterStatus& status) {
  return {shards(status), role("messages", status.messages.ready, status.messages.desired),
          role("api", status.api.ready, status.api.desired),
          role("workers", status.workers.ready, status.workers.desired),
          role("gateways", status.gateways.ready, status.gateways.desired)};
}

bool available(const api::ChatCluster& cluster) {
  const auto* condition = api::find_condition(cluster.status, "Available");
  return condition && condition->status == api::ConditionStatus::True &&
         cluster.status.observed_generation == cluster.metadata.generation;
}

std::string readiness(const api::ChatCluster& cluster) {
  const auto* condition = api::find_condition(cluster.status, "Available");
  return condition ? std::string(api::kConditionStatusNames[static_cast<std::size_t>(condition->status)]) : "Pending";
}

std::vector<api::Condition> problems(const api::ChatClusterStatus& status) {
  constexpr std::array<std::string_view, 2> kBadWhenTrue{"Degraded", "ScalingLimited"};
  std::vector<api::Condition> found;
  for (const auto& condition : status.conditions) {
    const bool holds = condition.status == api::ConditionStatus::True;
    const bool bad_when_true =
        std::find(kBadWhenTrue.begin(), kBadWhenTrue.end(), condition.type) != kBadWhenTrue.end();
    if (condition.type == "Available" ? !holds : bad_when_true && holds) found.push_back(condition);
  }
  return found;
}

std::vector<std::string> suspects(const api::ChatCluster& cluster) {
  const auto& status = cluster.status;
  std::vector<std::string> names;
  for (const auto& shard : status.shards)
    if (shard.state == api::ShardState::Joining || shard.primary.empty()) names.push_back(shard.name);
  auto add = [&names](const std::string& process, std::int64_t ready, std::int64_t desired) {
    if (ready < desired) names.push_back(process + "-" + std::to_string(desired - 1));
  };
  add("messages", status.messages.ready, status.messages.desired);
  add("api", status.api.ready, status.api.desired);
  add("worker", status.workers.ready, status.workers.desired);
  if (status.gateways.members.empty()) add("gateway", status.gateways.ready, status.gateways.desired);
  for (const auto& member : status.gateways.members)
    if (member.state == api::GatewayState::Starting || member.state == api::GatewayState::Gone)
      names.push_back(member.name);
  return names;
}

}  // namespace chatop::cli
