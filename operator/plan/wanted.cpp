#include "operator/plan/wanted.hpp"

#include "operator/api/public_url.hpp"

namespace chatop::plan {

using ports::ProcessSpec;
using ports::Role;

std::int64_t desired(const api::ChatClusterSpec& spec, Role role) {
  switch (role) {
    case Role::gateway:
      return spec.gateways.replicas.min;
    case Role::api:
      return spec.api.replicas.min;
    case Role::messages:
      return spec.messages.replicas.min;
    case Role::worker:
      return spec.workers.replicas.min;
    case Role::shard:
      return spec.shards.external.empty() ? spec.shards.initial
                                          : static_cast<std::int64_t>(spec.shards.external.size());
    case Role::redis:
      break;
  }
  return 1;
}

std::vector<ProcessSpec> wanted_processes(const api::ChatClusterSpec& spec, const ClusterMap& map,
                                          const std::string& operator_version) {
  std::vector<ProcessSpec> processes;
  for (Role role : ports::kRoles) {
    const auto count =
        role == Role::shard && map.version > 0 ? static_cast<std::int64_t>(map.shards.size()) : desired(spec, role);
    for (int ordinal = 0; ordinal < count; ++ordinal) {
      ProcessSpec process;
      process.role = role;
      process.ordinal = ordinal;
      process.name = ports::process_name(role, ordinal);
      process.version = operator_version;
      if (role == Role::shard) process.max_connections = spec.shards.max_connections;
      if (role == Role::redis) process.memory_bytes = spec.redis.memory.bytes;
      if (role == Role::api || role == Role::gateway) {
        process.allowed_origins = spec.auth.allowed_origins;
        process.public_url = api::api_url(spec.gateways.public_url);
      }
      processes.push_back(std::move(process));
    }
  }
  return processes;
}

std::vector<std::string> unsupported(const api::ChatClusterSpec& spec, const ports::Offer& offer,
                                     const std::string& operator_version) {
  std::vector<std::string> sentences;
  auto say = [&sentences](bool asked, std::string sentence) {
    if (asked) sentences.push_back(std::move(sentence));
  };
  const std::string not_served = " is not served " + offer.where + " by this version: ";
  say(!offer.versions && !spec.version.empty() && spec.version != operator_version,
      "spec.version " + spec.version + not_served + "it runs its own build, " + operator_version + "; leave it empty");
  say(spec.shards.members > 1, "spec.shards.members above 1" + not_served + "set it to 1");
  say(!offer.external && !spec.shards.external.empty(), "spec.shards.external" + not_served + "leave it empty");
  say(!offer.external && spec.redis.external.has_value(), "spec.redis.external" + not_served + "leave it out");
  say(spec.events.backend == api::EventsBackend::Kafka,
      "spec.events.backend Kafka" + not_served + "set it to Postgres");
  say(spec.media.backend == api::MediaBackend::S3, "spec.media.backend S3" + not_served + "set it to Local");
  say(spec.auth.mode == api::AuthMode::ExternalJWT, "spec.auth.mode ExternalJWT" + not_served + "set it to BuiltIn");
  say(!offer.tls && !spec.tls.secret_name.empty(), "spec.tls.secretName" + not_served + "leave it empty");
  return sentences;
}

}  // namespace chatop::plan
