#include "operator/kubernetes/objects/objects.hpp"

#include "dataplane/base/digest.hpp"
#include "operator/api/public_url.hpp"
#include "operator/kubernetes/objects/configurations.hpp"
#include "operator/kubernetes/objects/network_policies.hpp"
#include "operator/kubernetes/objects/pod_parts.hpp"
#include "operator/kubernetes/objects/workloads.hpp"

namespace chatop::kubernetes::objects {

using ports::Role;

namespace {

constexpr Role kDaemons[] = {Role::gateway, Role::api, Role::messages, Role::worker};

int managed_shards(const Inputs& inputs) { return inputs.spec.shards.external.empty() ? inputs.shards : 0; }
bool managed_redis(const Inputs& inputs) { return !inputs.spec.redis.external; }

Json shard_labels(const Inputs& inputs, int ordinal) {
  auto all = labels(inputs.cluster, Role::shard);
  all[kProcessLabel] = ports::process_name(Role::shard, ordinal);
  return all;
}

void add_accounts(const Inputs& inputs, std::vector<Json>& objects) {
  for (Role role : {Role::gateway, Role::api, Role::messages, Role::worker, Role::shard, Role::redis}) {
    if ((role == Role::shard && managed_shards(inputs) == 0) || (role == Role::redis && !managed_redis(inputs)))
      continue;
    auto account =
        object_of(inputs, "v1", "ServiceAccount", inputs.cluster + "-" + component(role), labels(inputs.cluster, role));
    account["automountServiceAccountToken"] = false;
    objects.push_back(std::move(account));
  }
}

Json config_map(const Inputs& inputs, const std::string& name, Json its_labels, Json data) {
  auto object = object_of(inputs, "v1", "ConfigMap", name, std::move(its_labels));
  object["data"] = std::move(data);
  return object;
}

void add_configurations(const Inputs& inputs, std::vector<Json>& objects) {
  for (Role role : kDaemons)
    objects.push_back(config_map(inputs, workload_name(inputs.cluster, role), labels(inputs.cluster, role),
                                 {{kDaemonFile, daemon_text(inputs, role)}}));
  for (int shard = 0; shard < managed_shards(inputs); ++shard)
    objects.push_back(config_map(inputs, workload_name(inputs.cluster, Role::shard, shard), shard_labels(inputs, shard),
                                 {{kPostgresFile, postgres_text(inputs)}, {kAccessFile, access_text(inputs)}}));
  if (managed_redis(inputs))
    objects.push_back(config_map(inputs, workload_name(inputs.cluster, Role::redis),
                                 labels(inputs.cluster, Role::redis), {{kRedisFile, redis_text(inputs)}}));
  Json trusted = Json::object();
  if (!inputs.external.postgres_ca.empty()) trusted[kPostgresCa] = inputs.external.postgres_ca;
  if (!inputs.external.redis_ca.empty()) trusted[kRedisCa] = inputs.external.redis_ca;
  if (!trusted.empty())
    objects.push_back(config_map(inputs, external_ca_name(inputs.cluster), labels(inputs.cluster), std::move(trusted)));
  if (!inputs.jwt_public_keys.empty())
    objects.push_back(config_map(inputs, public_keys_name(inputs.cluster), labels(inputs.cluster, Role::gateway),
                                 inputs.jwt_public_keys));
}

Json service(const Inputs& inputs, const std::string& name, Json its_labels, Json chosen, std::string_view port_name,
             std::uint16_t port) {
  auto object = object_of(inputs, "v1", "Service", name, std::move(its_labels));
  object["spec"] = {
      {"selector", std::move(chosen)},
      {"ports", Json::array({{{"name", port_name}, {"port", port}, {"protocol", "TCP"}, {"targetPort", port_name}}})}};
  return object;
}

// Leads to its Pods before they are Ready: for those who try until they get in, and wait for nothing else.
Json at_once(Json service) {
  service["spec"]["publishNotReadyAddresses"] = true;
  return service;
}

void add_services(const Inputs& inputs, std::vector<Json>& objects) {
  const auto& cluster = inputs.cluster;
  auto of = [&](Role role, const std::string& name, std::string_view port_name) {
    return service(inputs, name, labels(cluster, role), selector(cluster, role), port_name, service_port(role));
  };
  objects.push_back(of(Role::gateway, workload_name(cluster, Role::gateway), "ws"));
  auto pods = at_once(of(Role::gateway, gateways_host_name(cluster), "ws"));
  pods["spec"]["clusterIP"] = "None";
  objects.push_back(std::move(pods));
  if (api::names_gateways(inputs.spec.gateways.public_url)) {
    for (int i = 0; i < replicas(inputs, Role::gateway); ++i) {
      auto one = of(Role::gateway, pod_name(cluster, Role::gateway, i), "ws");
      one["spec"]["selector"]["statefulset.kubernetes.io/pod-name"] = pod_name(cluster, Role::gateway, i);
      objects.push_back(std::move(one));
    }
  }
  objects.push_back(of(Role::api, workload_name(cluster, Role::api), "http"));
  for (int shard = 0; shard < managed_shards(inputs); ++shard) {
    auto chosen = selector(cluster, Role::shard);
    chosen[kProcessLabel] = ports::process_name(Role::shard, shard);
    objects.push_back(at_once(service(inputs, workload_name(cluster, Role::shard, shard), shard_labels(inputs, shard),
                                      chosen, "postgres", kPostgresPort)));
  }
  if (managed_redis(inputs)) objects.push_back(at_once(of(Role::redis, workload_name(cluster, Role::redis), "redis")));
}

// One at a time of each. Redis has one Pod: a budget would either forbid nothing or keep its node for ever.
void add_budgets(const Inputs& inputs, std::vector<Json>& objects) {
  for (Role role : {Role::gateway, Role::api, Role::messages, Role::worker, Role::shard}) {
    if (role == Role::shard && managed_shards(inputs) == 0) continue;
    auto budget = object_of(inputs, "policy/v1", "PodDisruptionBudget", inputs.cluster + "-" + component(role),
                            labels(inputs.cluster, role));
    budget["spec"] = {{"maxUnavailable", 1},
                      {"selector", {{"matchLabels", selector(inputs.cluster, role)}}},
                      {"unhealthyPodEvictionPolicy", "AlwaysAllow"}};
    objects.push_back(std::move(budget));
  }
}

}  // namespace

std::int64_t replicas(const Inputs& inputs, Role role) {
  if (auto found = inputs.replicas.find(role); found != inputs.replicas.end()) return found->second;
  switch (role) {
    case Role::gateway:
      return inputs.spec.gateways.replicas.min;
    case Role::api:
      return inputs.spec.api.replicas.min;
    case Role::messages:
      return inputs.spec.messages.replicas.min;
    case Role::worker:
      return inputs.spec.workers.replicas.min;
    case Role::shard:
    case Role::redis:
      break;
  }
  return 1;
}

std::vector<Json> base_objects(const Inputs& inputs) {
  std::vector<Json> objects;
  add_accounts(inputs, objects);
  for (auto& policy : network_policies(inputs)) objects.push_back(std::move(policy));
  add_configurations(inputs, objects);
  add_services(inputs, objects);
  add_budgets(inputs, objects);
  return objects;
}

Json workload(const Inputs& inputs, Role role, int ordinal) {
  if (role == Role::gateway) return gateway_set(inputs);
  if (role == Role::shard) return shard_set(inputs, ordinal);
  if (role == Role::redis) return redis_set(inputs);
  return daemon_deployment(inputs, role);
}

Json keep_what_is_fixed(Json wanted, const Json& existing) {
  const auto spec = existing.find("spec");
  if (spec == existing.end() || !spec->contains("volumeClaimTemplates")) return wanted;
  auto& templates = wanted["spec"]["volumeClaimTemplates"];
  if (!templates.is_array() || templates.size() != 1) return wanted;
  // Only its size can differ: what else the API server filled in is not ours.
  const auto& theirs = (*spec)["volumeClaimTemplates"];
  const Json::json_pointer size("/0/spec/resources/requests/storage");
  if (theirs.contains(size)) templates[size] = theirs[size];
  return wanted;
}

std::string config_hash(const Json& workload) {
  return workload.at("spec").at("template").at("metadata").at("annotations").at(kHashAnnotation).get<std::string>();
}

Json map_object(const Inputs& inputs) {
  return config_map(inputs, map_name(inputs.cluster), labels(inputs.cluster), {{kMapFile, inputs.map}});
}

}  // namespace chatop::kubernetes::objects
