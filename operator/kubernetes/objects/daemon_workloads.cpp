// chat-gateway, chat-api, chat-messages and chat-worker.
#include "operator/kubernetes/objects/configurations.hpp"
#include "operator/kubernetes/objects/names.hpp"
#include "operator/kubernetes/objects/pod_parts.hpp"
#include "operator/kubernetes/objects/workloads.hpp"

namespace chatop::kubernetes::objects {

using ports::Role;

namespace {

// A daemon finishes what is under way within 10 s; a gateway, after the user's grace, within 40.
constexpr int kStopSeconds = 30;
constexpr int kGatewayStopSeconds = 60;
// A new Pod's address is in the map before an old one goes.
constexpr int kMinReadySeconds = 5;
constexpr int kKeptRevisions = 2;

Json field_variable(std::string_view name, std::string_view path) {
  return {{"name", name}, {"valueFrom", {{"fieldRef", {{"fieldPath", path}}}}}};
}

Json daemon_ports(Role role) {
  Json list = Json::array({{{"name", "admin"}, {"containerPort", kAdminPort}}});
  constexpr auto kName = [](Role of) { return of == Role::gateway ? "ws" : of == Role::api ? "http" : "rpc"; };
  if (role != Role::worker) list.push_back({{"name", kName(role)}, {"containerPort", service_port(role)}});
  return list;
}

// The limits are far above what the bounds of everything in a daemon come to: they are for what should not be.
Json resources(const Inputs& inputs, Role role) {
  constexpr std::int64_t kConnectionsPerMi = 8;  // 128 KiB each, TLS and what waits to be read included
  if (role == Role::gateway)
    return limited(requests("100m", "256Mi"), 512 + inputs.spec.gateways.connections.max / kConnectionsPerMi);
  if (role == Role::worker) return limited(requests("50m", "64Mi"), 1024);
  return limited(requests("100m", "128Mi"), 2048);
}

// A gateway is known by its place, as people know it; the others by their Pod.
std::vector<std::string> command(Role role) {
  return {std::string(kPrefix) + "/bin/chat-" + component(role),
          "--config",
          std::string(kConfigFolder) + "/" + kDaemonFile,
          "--name",
          role == Role::gateway ? "gateway-$(POD_INDEX)" : "$(POD_NAME)",
          "--pod-ip",
          "$(POD_IP)"};
}

Json environment(Role role) {
  Json list = Json::array({field_variable("POD_IP", "status.podIP")});
  list.push_back(role == Role::gateway ? field_variable("POD_INDEX", "metadata.labels['apps.kubernetes.io/pod-index']")
                                       : field_variable("POD_NAME", "metadata.name"));
  return list;
}

bool trusts_external(const Inputs& inputs, Role role) {
  return (needs_postgres(role) && !inputs.external.postgres_ca.empty()) ||
         (needs_redis(role) && !inputs.external.redis_ca.empty());
}

// To clients.
bool shows_certificate(const Inputs& inputs, Role role) {
  return (role == Role::gateway || role == Role::api) && !inputs.spec.tls.secret_name.empty();
}

Json volumes(const Inputs& inputs, Role role) {
  std::vector<std::string> keys{kAdminToken};
  if (needs_postgres(role)) keys.emplace_back(kPostgresChatPassword);
  Json list =
      Json::array({config_map_volume("config", workload_name(inputs.cluster, role)),
                   config_map_volume("map", map_name(inputs.cluster)),
                   secret_volume("secrets", secrets_name(inputs.cluster), keys), scratch_volume("tmp", "64Mi")});
  if (needs_redis(role)) {
    const auto& external = inputs.spec.redis.external;
    auto volume = secret_volume("redis", external ? external->secret_name : secrets_name(inputs.cluster), {});
    volume["secret"]["items"] =
        Json::array({{{"key", external ? "password" : kRedisPassword}, {"path", kRedisPassword}}});
    list.push_back(std::move(volume));
  }
  if (shows_certificate(inputs, role))
    list.push_back(secret_volume("tls", inputs.spec.tls.secret_name, {"tls.crt", "tls.key"}));
  if (trusts_external(inputs, role)) list.push_back(config_map_volume("external-ca", external_ca_name(inputs.cluster)));
  if (role == Role::api) list.push_back(secret_volume("jwt", jwt_name(inputs.cluster), {}));
  if (role == Role::gateway) list.push_back(config_map_volume("jwt", public_keys_name(inputs.cluster)));
  return list;
}

Json mounts(const Inputs& inputs, Role role) {
  Json list = Json::array({mount("config", kConfigFolder), mount("map", kMapFolder), mount("secrets", kSecretsFolder),
                           writable_mount("tmp", "/tmp")});
  if (needs_redis(role)) list.push_back(mount("redis", kRedisFolder));
  if (shows_certificate(inputs, role)) list.push_back(mount("tls", kClientTlsFolder));
  if (trusts_external(inputs, role)) list.push_back(mount("external-ca", kExternalCaFolder));
  if (role == Role::api || role == Role::gateway) list.push_back(mount("jwt", kJwtFolder));
  return list;
}

Json daemon_pod(const Inputs& inputs, Role role) {
  auto daemon = container(inputs, component(role), command(role));
  daemon["env"] = environment(role);
  daemon["ports"] = daemon_ports(role);
  daemon["resources"] = resources(inputs, role);
  daemon["volumeMounts"] = mounts(inputs, role);
  daemon["startupProbe"] = http_probe(inputs, "/startupz", 1, 120);
  daemon["livenessProbe"] = http_probe(inputs, "/livez", 10, 3);
  daemon["readinessProbe"] = http_probe(inputs, "/readyz", 3, 2);
  auto its_volumes = volumes(inputs, role);
  add_internal_tls(inputs, its_volumes, daemon);
  const auto drain = static_cast<int>(inputs.spec.gateways.drain.grace_period_seconds);
  const auto all = labels(inputs.cluster, role);
  return pod_template(inputs, {.role = role,
                               .labels = all,
                               .configuration = daemon_text(inputs, role),
                               .grace_seconds = role == Role::gateway ? kGatewayStopSeconds + drain : kStopSeconds,
                               .containers = Json::array({std::move(daemon)}),
                               .volumes = std::move(its_volumes),
                               .spread = spread(selector(inputs.cluster, role), role != Role::gateway)});
}

Json workload_of(const Inputs& inputs, Role role, std::string_view kind) {
  auto object = object_of(inputs, "apps/v1", kind, workload_name(inputs.cluster, role), labels(inputs.cluster, role));
  object["spec"] = {{"replicas", replicas(inputs, role)},
                    {"revisionHistoryLimit", kKeptRevisions},
                    {"selector", {{"matchLabels", selector(inputs.cluster, role)}}},
                    {"template", daemon_pod(inputs, role)}};
  return object;
}

}  // namespace

Json gateway_set(const Inputs& inputs) {
  auto object = workload_of(inputs, Role::gateway, "StatefulSet");
  auto& spec = object["spec"];
  spec["serviceName"] = gateways_host_name(inputs.cluster);
  // The operator decides when one goes: it is drained first.
  spec["podManagementPolicy"] = "Parallel";
  spec["updateStrategy"] = {{"type", "OnDelete"}};
  return object;
}

Json daemon_deployment(const Inputs& inputs, Role role) {
  auto object = workload_of(inputs, role, "Deployment");
  auto& spec = object["spec"];
  spec["minReadySeconds"] = kMinReadySeconds;
  spec["strategy"] = {{"type", "RollingUpdate"}, {"rollingUpdate", {{"maxUnavailable", 0}, {"maxSurge", 1}}}};
  return object;
}

}  // namespace chatop::kubernetes::objects
