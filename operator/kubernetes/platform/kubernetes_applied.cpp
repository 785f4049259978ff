// What KubernetesPlatform wants to be there, against what is there.
#include <algorithm>

#include "operator/kubernetes/client/fields.hpp"
#include "operator/kubernetes/platform/kubernetes_platform.hpp"
#include "operator/kubernetes/platform/trim.hpp"

namespace chatop::kubernetes {

using chat::base::Json;
using ports::Role;

namespace {

bool is_ours(const Json& object) {
  return text_at(object, {"metadata", "labels", objects::kManagedByLabel}) == objects::kFieldManager;
}

}  // namespace

// As it was applied, and as it was left then: what somebody else changes of it is applied again.
bool KubernetesPlatform::is_applied(What what, const std::string& name, const std::string& hash) {
  const auto* object = environment_.caches.find(what, name_space_, name);
  if (object == nullptr || text_at(*object, {"applied"}) != hash) return false;
  const auto version = text_at(*object, {"version"});
  const auto [known, is_new] = versions_.try_emplace(environment_.caches.kind(what).kind + "/" + name, version);
  return is_new || known->second == version;
}

bool KubernetesPlatform::is_applied(const std::string& workload) {
  const auto wanted = wanted_.workloads.find(workload);
  if (wanted == wanted_.workloads.end()) return false;
  return is_applied(is_elastic(wanted->second.role) ? What::deployments : What::stateful_sets, workload,
                    wanted->second.hash);
}

bool KubernetesPlatform::base_is_applied() {
  return std::all_of(wanted_.base.begin(), wanted_.base.end(),
                     [this](const auto& each) { return is_applied(each.what, each.name, each.hash); });
}

// Pods of ours; somebody may label one of his.
bool KubernetesPlatform::has_pods() const {
  const auto pods = environment_.caches.of_cluster(What::pods, name_space_, cluster_);
  return std::any_of(pods.begin(), pods.end(), [](const auto* pod) { return is_ours(*pod); });
}

bool KubernetesPlatform::map_is_there() const {
  return memory_.map.empty() ||
         environment_.caches.find(What::config_maps, name_space_, objects::map_name(cluster_)) != nullptr;
}

std::vector<const Json*> KubernetesPlatform::unwanted_objects() {
  std::vector<const Json*> unwanted;
  for (What what : {What::services, What::config_maps}) {  // of the others none is ever one too many
    for (const auto* object : environment_.caches.of_cluster(what, name_space_, cluster_)) {
      const auto name = name_of(*object);
      const bool known = std::any_of(wanted_.base.begin(), wanted_.base.end(),
                                     [&](const auto& each) { return each.what == what && each.name == name; });
      // Only what we applied: somebody may label what is his.
      if (!known && is_ours(*object) && !text_at(*object, {"applied"}).empty() && name != objects::map_name(cluster_))
        unwanted.push_back(object);
    }
  }
  // Redis holds no truth: where somebody else runs it now, ours goes.
  const auto* redis = workload_object(Role::redis, 0);
  if (redis != nullptr && is_external(Role::redis) && is_ours(*redis)) unwanted.push_back(redis);
  return unwanted;
}

// A gateway stays until the plan has drained it, also one too many.
std::int64_t KubernetesPlatform::wanted_replicas(const WantedWorkload& workload) const {
  if (workload.role != Role::gateway) return workload.replicas;
  auto most = workload.replicas;
  for (const auto& [process, name] : pods_) {
    const auto parsed = ports::parse_process_name(process);
    const auto* pod = parsed->role == Role::gateway ? pod_of(process) : nullptr;
    if (pod != nullptr && is_running(*pod) && !is_terminating(*pod))
      most = std::max<std::int64_t>(most, parsed->ordinal + 1);
  }
  return most;
}

// More replicas than are wanted, none of which runs: the plan does not see them.
bool KubernetesPlatform::has_idle_surplus(const WantedWorkload& workload, const Json& object) const {
  if (object.value("replicas", std::int64_t{0}) <= wanted_replicas(workload)) return false;
  const auto above = static_cast<int>(wanted_replicas(workload));
  return std::none_of(pods_.begin(), pods_.end(), [&](const auto& each) {
    const auto parsed = ports::parse_process_name(each.first);
    const auto* pod = pod_of(each.first);
    return parsed->role == workload.role && parsed->ordinal >= above && pod != nullptr && is_running(*pod);
  });
}

// Those that can be applied without a Pod being made differently, which is for the plan to decide.
std::vector<std::string> KubernetesPlatform::stale_workloads() {
  std::vector<std::string> stale;
  for (const auto& [name, workload] : wanted_.workloads) {
    const auto* object = workload_object(workload.role, workload.ordinal);
    if (object == nullptr || text_at(*object, {"hash"}) != workload.config_hash) continue;
    if (!is_applied(name) || has_idle_surplus(workload, *object)) stale.push_back(name);
  }
  return stale;
}

}  // namespace chatop::kubernetes
