#include "operator/kubernetes/objects/names.hpp"

#include <cctype>

namespace chatop::kubernetes::objects {

using ports::Role;

namespace {

// A StatefulSet's name and a hash of 10 letters make a label's value of at most 63.
constexpr std::size_t kLongestCluster =
    63 - std::string_view("-shard-9999").size() - std::string_view("-0123456789").size();

}  // namespace

std::uint16_t service_port(Role role) {
  switch (role) {
    case Role::gateway:
      return kWebSocketPort;
    case Role::api:
      return kApiPort;
    case Role::messages:
      return kRpcPort;
    case Role::shard:
      return kPostgresPort;
    case Role::redis:
      return kRedisPort;
    case Role::worker:
      break;
  }
  return 0;
}

std::string component(Role role) {
  const std::string process = ports::process_name(role, 0);
  return process.substr(0, process.find('-'));
}

std::string workload_name(const std::string& cluster, Role role, int ordinal) {
  return cluster + "-" + (role == Role::shard ? ports::process_name(role, ordinal) : component(role));
}

std::string pod_name(const std::string& cluster, Role role, int ordinal) {
  const int index = role == Role::shard || role == Role::redis ? 0 : ordinal;
  return workload_name(cluster, role, ordinal) + "-" + std::to_string(index);
}

std::string service_host(const std::string& cluster, const std::string& name_space, Role role, int ordinal) {
  return workload_name(cluster, role, ordinal) + "." + name_space + ".svc";
}

std::string map_name(const std::string& cluster) { return cluster + "-map"; }
std::string secrets_name(const std::string& cluster) { return cluster + "-secrets"; }
std::string jwt_name(const std::string& cluster) { return cluster + "-jwt"; }
std::string public_keys_name(const std::string& cluster) { return cluster + "-jwt-public"; }
std::string external_ca_name(const std::string& cluster) { return cluster + "-external-ca"; }
std::string tls_name(const std::string& cluster) { return cluster + "-tls"; }
std::string daemon_host(const std::string& cluster, const std::string& name_space) {
  return "daemon." + cluster + "." + name_space + ".chatcluster.internal";
}
std::vector<std::string> tls_hosts(const std::string& cluster, const std::string& name_space) {
  // All Services of the namespace, so that a new shard needs no new certificate; the CA is this cluster's only.
  return {daemon_host(cluster, name_space), "*." + name_space + ".svc"};
}
std::string gateways_host_name(const std::string& cluster) { return cluster + "-gateway-pods"; }
std::string claim_name(const std::string& cluster, int shard) {
  return "data-" + pod_name(cluster, Role::shard, shard);
}

chat::base::Json labels(const std::string& cluster) {
  return {{"app.kubernetes.io/name", "chatcluster"},
          {"app.kubernetes.io/instance", cluster},
          {kManagedByLabel, kFieldManager},
          {kClusterLabel, cluster}};
}

chat::base::Json labels(const std::string& cluster, Role role) {
  auto all = labels(cluster);
  all[kComponentLabel] = component(role);
  return all;
}

chat::base::Json selector(const std::string& cluster, Role role) {
  return {{kClusterLabel, cluster}, {kComponentLabel, component(role)}};
}

chat::base::Json operator_labels() {
  return {{"app.kubernetes.io/name", "chatcluster"}, {kComponentLabel, "operator"}};
}

std::string name_problem(const std::string& cluster) {
  if (cluster.size() > kLongestCluster)
    return "metadata.name is " + std::to_string(cluster.size()) +
           " characters long, and the objects made of it, such as " + cluster +
           "-shard-0, may have 52: take a name of at most " + std::to_string(kLongestCluster);
  if (cluster.empty() || std::isalpha(static_cast<unsigned char>(cluster.front())) == 0)
    return "metadata.name begins with a digit, which the name of a Service, such as " + cluster +
           "-api, may not: take one that begins with a letter";
  return {};
}

}  // namespace chatop::kubernetes::objects
