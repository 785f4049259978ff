#include "operator/kubernetes/objects/configurations.hpp"
#include "operator/kubernetes/objects/names.hpp"
#include "operator/kubernetes/objects/pod_parts.hpp"
#include "operator/kubernetes/objects/workloads.hpp"

namespace chatop::kubernetes::objects {

using ports::Role;

namespace {

constexpr int kStopSeconds = 10;
constexpr int kKeptRevisions = 2;
constexpr std::int64_t kMi = 1 << 20;

std::string ping(const Inputs& inputs) {
  std::string words = "/usr/bin/redis-cli -h 127.0.0.1 -p " + std::to_string(kRedisPort);
  // Its certificate names the Service, not this address: that it is of our CA is enough inside its own Pod.
  if (inputs.internal_tls)
    words += " --tls --cacert " + std::string(kInternalTlsFolder) + "/ca.crt --sni " +
             service_host(inputs.cluster, inputs.name_space, Role::redis);
  return words + " ping";
}

// It answers, if only that it wants a password.
std::vector<std::string> lives(const Inputs& inputs) { return {"/bin/sh", "-c", ping(inputs)}; }

// It takes commands: while it loads it says so instead.
std::vector<std::string> serves(const Inputs& inputs) {
  const std::string password = std::string(kSecretsFolder) + "/" + kRedisPassword;
  return {"/bin/sh", "-c", "REDISCLI_AUTH=\"$(cat " + password + ")\" " + ping(inputs) + " | grep -qx PONG"};
}

}  // namespace

Json redis_set(const Inputs& inputs) {
  const auto name = workload_name(inputs.cluster, Role::redis);
  const auto memory = inputs.spec.redis.memory.bytes;
  auto server = container(inputs, "redis", {"/usr/bin/redis-server", std::string(kConfigFolder) + "/" + kRedisFile});
  server["ports"] = Json::array({{{"name", "redis"}, {"containerPort", kRedisPort}}});
  // What it keeps, and a quarter for what keeping it costs; at most half, and what its clients have not read yet.
  server["resources"] = limited(requests("50m", std::to_string((memory + memory / 4) / kMi + 16) + "Mi"),
                                (memory + memory / 2) / kMi + 256);
  server["volumeMounts"] =
      Json::array({mount("config", kConfigFolder), mount("secrets", kSecretsFolder), writable_mount("tmp", "/tmp")});
  auto volumes = Json::array({config_map_volume("config", name),
                              secret_volume("secrets", secrets_name(inputs.cluster), {kRedisPassword, kRedisAuthFile}),
                              scratch_volume("tmp", "64Mi")});
  add_internal_tls(inputs, volumes, server);
  server["startupProbe"] = exec_probe(lives(inputs), 1, 60);
  server["livenessProbe"] = exec_probe(lives(inputs), 10, 3);
  server["readinessProbe"] = exec_probe(serves(inputs), 5, 2);
  const auto all = labels(inputs.cluster, Role::redis);
  const auto mine = selector(inputs.cluster, Role::redis);
  auto object = object_of(inputs, "apps/v1", "StatefulSet", name, all);
  object["spec"] = {{"replicas", replicas(inputs, Role::redis)},
                    {"revisionHistoryLimit", kKeptRevisions},
                    {"serviceName", name},
                    {"podManagementPolicy", "Parallel"},
                    {"updateStrategy", {{"type", "OnDelete"}}},
                    {"selector", {{"matchLabels", mine}}},
                    {"template", pod_template(inputs, {.role = Role::redis,
                                                       .labels = all,
                                                       .configuration = redis_text(inputs),
                                                       .grace_seconds = kStopSeconds,
                                                       .containers = Json::array({std::move(server)}),
                                                       .volumes = std::move(volumes)})}};
  return object;
}

}  // namespace chatop::kubernetes::objects
