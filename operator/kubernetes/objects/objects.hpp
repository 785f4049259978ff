#pragma once
#include <map>
#include <string>
#include <vector>

#include "operator/kubernetes/objects/inputs.hpp"
#include "operator/kubernetes/objects/names.hpp"

// The Kubernetes objects of a ChatCluster as JSON, to be applied (server-side) by kFieldManager. Pure: the same inputs
// make the same text. Each says its apiVersion, kind, name and namespace, and belongs to the ChatCluster (owner
// reference), except what must outlive it where spec.shards.storage.whenDeleted is Retain: the volumes, and the
// Secrets without which nobody could read them.
namespace chatop::kubernetes::objects {

// All but workloads, the map and Secrets, in the order they are to be applied: ServiceAccounts, NetworkPolicies,
// ConfigMaps, Services, PodDisruptionBudgets. An object of ours that is not among them any more (a Service of a gateway
// that was scaled in) has no use: it carries kClusterLabel and can be found and removed.
[[nodiscard]] std::vector<Json> base_objects(const Inputs& inputs);

// The StatefulSet (gateway, shard, redis) or Deployment (api, messages, worker). `ordinal` counts for shards only.
[[nodiscard]] Json workload(const Inputs& inputs, ports::Role role, int ordinal = 0);

// `wanted` with what can not be changed of the StatefulSet that is there (volumeClaimTemplates: the API server refuses
// an apply that changes them, and a volume grows by its claim).
[[nodiscard]] Json keep_what_is_fixed(Json wanted, const Json& existing);
// A merge patch of a shard's PersistentVolumeClaim, for when spec.shards.storage.size has grown.
[[nodiscard]] Json claim_growth(const Inputs& inputs);

// chatcluster.io/config-hash of a workload's Pods: 16 hex digits that change when a Pod would be made differently now,
// its configuration files included. The number of replicas is not in it.
[[nodiscard]] std::string config_hash(const Json& workload);

// The ConfigMap of the map that daemons start with.
[[nodiscard]] Json map_object(const Inputs& inputs);

// What is generated once: each a text of 64 hex digits.
struct SecretValues {
  std::string admin_token;
  std::string postgres_superuser_password;
  std::string postgres_chat_password;
  std::string redis_password;
  std::map<std::string, std::string> jwt_keys;  // <kid>.pem and <kid>.pub.pem
};
// demo-secrets and demo-jwt, to be created and never overwritten.
[[nodiscard]] std::vector<Json> secrets(const Inputs& inputs, const SecretValues& values);
// PEM texts of the certificate that the cluster's parts show each other, for Inputs::internal_tls.
struct TlsValues {
  std::string certificate;
  std::string key;
  std::string ca;
};
// The Secret demo-tls. Its values may be replaced: whoever uses them reads the files again.
[[nodiscard]] Json tls_secret(const Inputs& inputs, const TlsValues& values);
// The <kid>.pub.pem of the Secret demo-jwt as the API server has it, for Inputs::jwt_public_keys.
[[nodiscard]] std::map<std::string, std::string> public_keys(const Json& jwt_secret);
// One value of a Secret as the API server has it; empty where it is not there.
[[nodiscard]] std::string secret_value(const Json& secret, const std::string& key);

}  // namespace chatop::kubernetes::objects
