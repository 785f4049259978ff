#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/json.hpp"
#include "operator/ports/process.hpp"

// What the objects of a ChatCluster are called, and how they are found.
namespace chatop::kubernetes::objects {

inline constexpr std::string_view kFieldManager = "chat-operator";
inline constexpr const char* kOperatorLease = "chat-operator";          // decides which operator acts
inline constexpr const char* kClusterLabel = "chatcluster.io/cluster";  // the ChatCluster's name, on all objects
inline constexpr const char* kManagedByLabel = "app.kubernetes.io/managed-by";  // kFieldManager
inline constexpr const char* kProcessLabel = "chatcluster.io/process";  // "shard-0": where one object is one process
inline constexpr const char* kComponentLabel = "app.kubernetes.io/component";         // component()
inline constexpr const char* kHashAnnotation = "chatcluster.io/config-hash";          // on Pods
inline constexpr const char* kAdminSchemeAnnotation = "chatcluster.io/admin-scheme";  // on daemons' Pods, for monitors

// In Pods, and of their Services.
inline constexpr std::uint16_t kWebSocketPort = 8080;  // gateway
inline constexpr std::uint16_t kApiPort = 8081;        // api
inline constexpr std::uint16_t kRpcPort = 7000;        // messages
inline constexpr std::uint16_t kAdminPort = 9090;      // all daemons
inline constexpr std::uint16_t kPostgresPort = 5432;
inline constexpr std::uint16_t kRedisPort = 6379;

// Keys of the Secret that secrets_name() names.
inline constexpr const char* kAdminToken = "admin_token";
inline constexpr const char* kPostgresSuperuserPassword = "postgres_superuser_password";
inline constexpr const char* kPostgresChatPassword = "postgres_chat_password";
inline constexpr const char* kRedisPassword = "redis_password";

// Keys of the ConfigMap that external_ca_name() names.
inline constexpr const char* kPostgresCa = "postgres.crt";
inline constexpr const char* kRedisCa = "redis.crt";

// What others of the cluster, or clients, connect to; 0 for a worker.
[[nodiscard]] std::uint16_t service_port(ports::Role role);

[[nodiscard]] std::string component(ports::Role role);  // gateway, api, messages, worker, shard, redis

// demo-gateway, demo-api, demo-messages, demo-worker, demo-shard-0, demo-redis: the StatefulSet or Deployment, and the
// Service where others connect to it. `ordinal` counts for shards only.
[[nodiscard]] std::string workload_name(const std::string& cluster, ports::Role role, int ordinal = 0);
// The Pod of a process that has a fixed one: demo-gateway-3, demo-shard-0-0, demo-redis-0.
[[nodiscard]] std::string pod_name(const std::string& cluster, ports::Role role, int ordinal);
// Inside the cluster: demo-shard-0.chat.svc
[[nodiscard]] std::string service_host(const std::string& cluster, const std::string& name_space, ports::Role role,
                                       int ordinal = 0);
[[nodiscard]] std::string map_name(const std::string& cluster);          // ConfigMap demo-map, key map.json
[[nodiscard]] std::string secrets_name(const std::string& cluster);      // Secret demo-secrets
[[nodiscard]] std::string jwt_name(const std::string& cluster);          // Secret demo-jwt: <kid>.pem, <kid>.pub.pem
[[nodiscard]] std::string public_keys_name(const std::string& cluster);  // ConfigMap demo-jwt-public: <kid>.pub.pem
// ConfigMap demo-external-ca: kPostgresCa, kRedisCa
[[nodiscard]] std::string external_ca_name(const std::string& cluster);
// Secret demo-tls: tls.crt, tls.key, ca.crt. Its certificate bears tls_hosts() and is fit for servers and clients.
[[nodiscard]] std::string tls_name(const std::string& cluster);
[[nodiscard]] std::vector<std::string> tls_hosts(const std::string& cluster, const std::string& name_space);
// The one of them that every daemon's certificate bears, whatever the Pod's address.
[[nodiscard]] std::string daemon_host(const std::string& cluster, const std::string& name_space);
[[nodiscard]] std::string gateways_host_name(const std::string& cluster);     // the headless Service demo-gateway-pods
[[nodiscard]] std::string claim_name(const std::string& cluster, int shard);  // PersistentVolumeClaim of a shard

// Of every object of the cluster; the second has also its role.
[[nodiscard]] chat::base::Json labels(const std::string& cluster);
[[nodiscard]] chat::base::Json labels(const std::string& cluster, ports::Role role);

// What finds the Pods of a role, and no others.
[[nodiscard]] chat::base::Json selector(const std::string& cluster, ports::Role role);
// Of the operator's own Pods, wherever it was installed.
[[nodiscard]] chat::base::Json operator_labels();

// Empty, or a sentence that says why Kubernetes would refuse the objects of a ChatCluster of this name.
[[nodiscard]] std::string name_problem(const std::string& cluster);

}  // namespace chatop::kubernetes::objects
