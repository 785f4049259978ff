#include "operator/kubernetes/objects/network_policies.hpp"

#include "operator/kubernetes/objects/configurations.hpp"
#include "operator/kubernetes/objects/names.hpp"
#include "operator/kubernetes/objects/pod_parts.hpp"

namespace chatop::kubernetes::objects {

using ports::Role;

namespace {

Talk role_to(Role from, Role to) { return {from, Outside::clients, to, service_port(to)}; }
Talk outside_to(Outside from, Role to, std::uint16_t port) { return {std::nullopt, from, to, port}; }

std::vector<Talk> make_allowed() {
  std::vector<Talk> talks{
      outside_to(Outside::clients, Role::gateway, kWebSocketPort),
      outside_to(Outside::clients, Role::api, kApiPort),
      role_to(Role::gateway, Role::messages),
      role_to(Role::gateway, Role::redis),
      role_to(Role::api, Role::messages),
      role_to(Role::api, Role::redis),
      role_to(Role::api, Role::shard),
      // How full a gateway is, for whom to send where.
      {Role::api, Outside::clients, Role::gateway, kAdminPort},
      role_to(Role::messages, Role::redis),
      role_to(Role::messages, Role::shard),
      role_to(Role::worker, Role::shard),
      // A split streams from one to the other.
      role_to(Role::shard, Role::shard),
      outside_to(Outside::chat_operator, Role::shard, kPostgresPort),
      outside_to(Outside::chat_operator, Role::redis, kRedisPort),
  };
  for (Role role : {Role::gateway, Role::api, Role::messages, Role::worker}) {
    talks.push_back(outside_to(Outside::chat_operator, role, kAdminPort));
    talks.push_back(outside_to(Outside::monitoring, role, kAdminPort));
  }
  return talks;
}

Json peer(const Inputs& inputs, const Talk& talk) {
  if (talk.from_role) return {{"podSelector", {{"matchLabels", selector(inputs.cluster, *talk.from_role)}}}};
  if (talk.from == Outside::monitoring)
    return {{"namespaceSelector", {{"matchLabels", {{"chatcluster.io/monitoring", "true"}}}}}};
  return {{"namespaceSelector", {{"matchLabels", {{"kubernetes.io/metadata.name", inputs.operator_namespace}}}}},
          {"podSelector", {{"matchLabels", operator_labels()}}}};
}

Json tcp(std::uint16_t port) { return Json::array({{{"protocol", "TCP"}, {"port", port}}}); }

Json incoming(const Inputs& inputs, Role role) {
  Json rules = Json::array();
  for (const auto& talk : allowed_talk()) {
    if (talk.to != role) continue;
    Json rule = {{"ports", tcp(talk.port)}};
    if (talk.from_role || talk.from != Outside::clients) rule["from"] = Json::array({peer(inputs, talk)});
    rules.push_back(std::move(rule));
  }
  return rules;
}

bool is_external(const Inputs& inputs, Role role) {
  return (role == Role::redis && inputs.spec.redis.external) ||
         (role == Role::shard && !inputs.spec.shards.external.empty());
}

Json outgoing(const Inputs& inputs, Role role) {
  Json rules =
      Json::array({{{"ports", {{{"protocol", "UDP"}, {"port", 53}}, {{"protocol", "TCP"}, {"port", 53}}}}}});  // names
  bool anywhere = false;
  for (const auto& talk : allowed_talk()) {
    if (talk.from_role != role) continue;
    // Where it is, only its Secret says.
    if (is_external(inputs, talk.to)) anywhere = true;
    rules.push_back({{"ports", tcp(talk.port)},
                     {"to", Json::array({{{"podSelector", {{"matchLabels", selector(inputs.cluster, talk.to)}}}}})}});
  }
  if (anywhere) return Json::array({Json::object()});
  return rules;
}

}  // namespace

const std::vector<Talk>& allowed_talk() {
  static const auto kAllowed = make_allowed();
  return kAllowed;
}

std::vector<Json> network_policies(const Inputs& inputs) {
  std::vector<Json> policies;
  for (Role role : {Role::gateway, Role::api, Role::messages, Role::worker, Role::shard, Role::redis}) {
    if (is_external(inputs, role)) continue;
    auto policy = object_of(inputs, "networking.k8s.io/v1", "NetworkPolicy", inputs.cluster + "-" + component(role),
                            labels(inputs.cluster, role));
    policy["spec"] = {{"podSelector", {{"matchLabels", selector(inputs.cluster, role)}}},
                      {"policyTypes", {"Ingress", "Egress"}},
                      {"ingress", incoming(inputs, role)},
                      {"egress", outgoing(inputs, role)}};
    policies.push_back(std::move(policy));
  }
  return policies;
}

}  // namespace chatop::kubernetes::objects
