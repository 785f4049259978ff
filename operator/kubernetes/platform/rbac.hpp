#pragma once
#include <string>
#include <vector>

#include "operator/api/write.hpp"

// What the operator may do on the API server, as data: the manifests are made from it, a test lives with exactly it.
namespace chatop::kubernetes {

struct AccessRule {
  std::string group;  // empty: the core group
  std::vector<std::string> resources;
  std::vector<std::string> verbs;
  std::vector<std::string> names = {};  // only these objects; empty: all
};

// In every namespace whose ChatClusters are served. Secrets are never listed: they are asked for by name.
[[nodiscard]] const std::vector<AccessRule>& namespaced_rules();
// About objects without a namespace.
[[nodiscard]] const std::vector<AccessRule>& cluster_rules();
// In the operator's own namespace: its Lease, and its own Pod.
[[nodiscard]] const std::vector<AccessRule>& leader_rules();

enum class Scope { all_namespaces, one_namespace };
// ClusterRoles and Roles to bind the operator's ServiceAccount to, without bindings and namespaces. For all namespaces:
// ClusterRole chat-operator, Role chat-operator-leader; for one: Role chat-operator, ClusterRole chat-operator, Role
// chat-operator-leader.
[[nodiscard]] std::vector<api::OrderedJson> roles(Scope scope);

}  // namespace chatop::kubernetes
