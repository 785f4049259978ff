#include "operator/kubernetes/platform/wanted_objects.hpp"

#include <stdexcept>
#include <utility>

#include "dataplane/base/digest.hpp"
#include "operator/kubernetes/client/fields.hpp"
#include "operator/kubernetes/platform/trim.hpp"

namespace chatop::kubernetes {

using chat::base::Json;
using ports::Role;

namespace {

constexpr std::size_t kHashDigits = 16;

bool is_workload(const Json& body) {
  const auto what = what_of(body);
  return what == Caches::What::stateful_sets || what == Caches::What::deployments;
}

std::string hash_of(Json body) {
  if (is_workload(body)) {
    body["spec"].erase("replicas");
    body["spec"].erase("volumeClaimTemplates");  // of a StatefulSet that is there nothing can change them
  }
  return chat::base::hex(chat::base::sha256(body.dump())).substr(0, kHashDigits);
}

void add_workload(const objects::Inputs& inputs, Role role, int ordinal, WantedObjects& wanted) {
  const auto body = objects::workload(inputs, role, ordinal);
  wanted.workloads[objects::workload_name(inputs.cluster, role, ordinal)] = {
      role, ordinal, hash_of(body), objects::config_hash(body), body["spec"]["replicas"].get<std::int64_t>()};
}

}  // namespace

bool is_elastic(Role role) { return role == Role::api || role == Role::messages || role == Role::worker; }

Caches::What what_of(const Json& body) {
  using What = Caches::What;
  static const std::map<std::string, What> kWhats{
      {"StatefulSet", What::stateful_sets},  {"Deployment", What::deployments},  {"Service", What::services},
      {"ConfigMap", What::config_maps},      {"ServiceAccount", What::accounts}, {"NetworkPolicy", What::policies},
      {"PodDisruptionBudget", What::budgets}};
  const auto found = kWhats.find(text_at(body, {"kind"}));
  if (found == kWhats.end()) throw std::logic_error("no object of a ChatCluster: " + text_at(body, {"kind"}));
  return found->second;
}

Json stamped(Json body) {
  const auto hash = hash_of(body);
  body["metadata"]["annotations"][kAppliedAnnotation] = hash;
  return body;
}

WantedObjects wanted_objects(const objects::Inputs& inputs) {
  WantedObjects wanted;
  for (const auto& body : objects::base_objects(inputs))
    wanted.base.push_back({what_of(body), name_of(body), hash_of(body)});
  for (int shard = 0; shard < inputs.shards; ++shard) add_workload(inputs, Role::shard, shard, wanted);
  for (Role role : {Role::messages, Role::worker, Role::api, Role::gateway}) add_workload(inputs, role, 0, wanted);
  if (!inputs.spec.redis.external) add_workload(inputs, Role::redis, 0, wanted);
  return wanted;
}

}  // namespace chatop::kubernetes
