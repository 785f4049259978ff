#pragma once
#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/config.hpp"
#include "dataplane/base/result.hpp"
#include "operator/kubernetes/objects/inputs.hpp"

// PostgreSQL and Redis that somebody else runs, as the Secrets of spec.shards.external and spec.redis.external name
// them. Errors are sentences that name the Secret and its key, and no value. Pure.
namespace chatop::kubernetes {

struct ExternalPostgres {
  chat::base::HostPort address;
  std::string user;  // owns the database
  std::string password;
  std::string sslmode;  // verify-full or verify-ca; empty: TLS is not asked for
  std::string ca;       // PEM
};
struct ExternalRedis {
  chat::base::HostPort address;
  std::string password;
  std::string ca;  // PEM; empty: plain TCP
};
struct ExternalServers {
  std::vector<ExternalPostgres> shards;  // shard-0, shard-1, …
  std::optional<ExternalRedis> redis;
};

[[nodiscard]] bool has_external(const api::ChatClusterSpec& spec);
// The Secrets of shard-0, shard-1 and so on: the order in which the list stands has no meaning, so that it can change.
// By name, a shorter one first: a2 before a10.
[[nodiscard]] std::vector<std::string> shard_secrets(const api::ShardsSpec& shards);

// Of Secrets as the API server has them.
[[nodiscard]] chat::base::Result<ExternalPostgres> external_postgres(const chat::base::Json& secret);
[[nodiscard]] chat::base::Result<ExternalRedis> external_redis(const chat::base::Json& secret);
// Daemons know one way to all shards: with TLS or without, by names or not.
[[nodiscard]] chat::base::Status fit_together(const ExternalServers& servers);

[[nodiscard]] objects::External for_objects(const ExternalServers& servers);
// Everything that Pods are told, as a text to compare; no secret is in it.
[[nodiscard]] std::string shown(const objects::External& external);

}  // namespace chatop::kubernetes
