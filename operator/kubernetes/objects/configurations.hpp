#pragma once
#include <string>

#include "operator/kubernetes/objects/inputs.hpp"

// The files that processes in Pods are started with, as text. They hold no secret: only where secrets stand.
namespace chatop::kubernetes::objects {

inline constexpr const char* kDaemonFile = "daemon.yaml";
inline constexpr const char* kMapFile = "map.json";
inline constexpr const char* kPostgresFile = "postgresql.conf";
inline constexpr const char* kAccessFile = "pg_hba.conf";
inline constexpr const char* kRedisFile = "redis.conf";
// A key of demo-secrets that redis.conf includes.
inline constexpr const char* kRedisAuthFile = "redis_auth.conf";
[[nodiscard]] std::string redis_auth_text(const std::string& password);
inline constexpr std::string_view kPostgresData = "/var/lib/postgresql/data/pgdata";

[[nodiscard]] constexpr bool needs_redis(ports::Role role) {
  return role == ports::Role::gateway || role == ports::Role::api || role == ports::Role::messages;
}
[[nodiscard]] constexpr bool needs_postgres(ports::Role role) {
  return role == ports::Role::worker || role == ports::Role::api || role == ports::Role::messages;
}

// The name that stands in it is the role's: a Pod's own comes by --name.
[[nodiscard]] std::string daemon_text(const Inputs& inputs, ports::Role role);
[[nodiscard]] std::string postgres_text(const Inputs& inputs);
[[nodiscard]] std::string access_text(const Inputs& inputs);  // pg_hba.conf
[[nodiscard]] std::string redis_text(const Inputs& inputs);

}  // namespace chatop::kubernetes::objects
