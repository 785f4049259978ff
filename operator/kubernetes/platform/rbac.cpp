#include "operator/kubernetes/platform/rbac.hpp"

namespace chatop::kubernetes {

using api::OrderedJson;

namespace {

OrderedJson rule_json(const AccessRule& rule) {
  OrderedJson json = {
      {"apiGroups", OrderedJson::array({rule.group})}, {"resources", rule.resources}, {"verbs", rule.verbs}};
  if (!rule.names.empty()) json["resourceNames"] = rule.names;
  return json;
}

OrderedJson role(const char* kind, const char* name, const std::vector<AccessRule>& rules) {
  OrderedJson json = {{"apiVersion", "rbac.authorization.k8s.io/v1"},
                      {"kind", kind},
                      {"metadata", {{"name", name}, {"labels", {{"app.kubernetes.io/name", "chatcluster"}}}}},
                      {"rules", OrderedJson::array()}};
  for (const auto& rule : rules) json["rules"].push_back(rule_json(rule));
  return json;
}

constexpr const char* kName = "chat-operator";
constexpr const char* kLeaderName = "chat-operator-leader";

}  // namespace

const std::vector<AccessRule>& namespaced_rules() {
  // An apply that makes its object needs create beside patch.
  static const std::vector<AccessRule> rules{
      {"chatcluster.io", {"chatclusters"}, {"list", "watch", "patch"}},
      {"chatcluster.io", {"chatclusters/status"}, {"patch"}},
      {"apps", {"deployments", "statefulsets"}, {"list", "watch", "create", "patch", "delete"}},
      {"", {"configmaps", "services"}, {"list", "watch", "create", "patch", "delete"}},
      {"", {"configmaps"}, {"get"}},
      {"", {"serviceaccounts"}, {"list", "watch", "create", "patch"}},
      {"networking.k8s.io", {"networkpolicies"}, {"list", "watch", "create", "patch"}},
      {"policy", {"poddisruptionbudgets"}, {"list", "watch", "create", "patch"}},
      {"", {"pods"}, {"list", "watch", "patch", "delete"}},
      {"", {"persistentvolumeclaims"}, {"list", "watch", "patch", "delete"}},
      {"", {"secrets"}, {"get", "create", "patch", "delete"}},
      {"", {"events"}, {"list", "watch"}},  // why a Pod could not be made
      {"events.k8s.io", {"events"}, {"create", "patch"}}};
  return rules;
}

const std::vector<AccessRule>& cluster_rules() {
  static const std::vector<AccessRule> rules{{"storage.k8s.io", {"storageclasses"}, {"list", "watch"}}};
  return rules;
}

const std::vector<AccessRule>& leader_rules() {
  static const std::vector<AccessRule> rules{
      {"coordination.k8s.io", {"leases"}, {"create"}},  // which can not be narrowed to a name
      {"coordination.k8s.io", {"leases"}, {"get", "update"}, {kName}},
      {"", {"pods"}, {"get"}}};  // its own image, which is the daemons' too
  return rules;
}

std::vector<OrderedJson> roles(Scope scope) {
  auto everywhere = namespaced_rules();
  if (scope == Scope::one_namespace)
    return {role("Role", kName, everywhere), role("ClusterRole", kName, cluster_rules()),
            role("Role", kLeaderName, leader_rules())};
  everywhere.insert(everywhere.end(), cluster_rules().begin(), cluster_rules().end());
  return {role("ClusterRole", kName, everywhere), role("Role", kLeaderName, leader_rules())};
}

}  // namespace chatop::kubernetes
