#include "operator/kubernetes/objects/configurations.hpp"

#include "operator/api/public_url.hpp"
#include "operator/kubernetes/objects/names.hpp"
#include "operator/kubernetes/objects/pod_parts.hpp"
#include "operator/settings/backend_settings.hpp"
#include "operator/settings/daemon_settings.hpp"

namespace chatop::kubernetes::objects {

using chat::base::HostPort;
using ports::Role;

namespace {

// Every address of the Pod; --pod-ip makes it the other family's where the Pod has that one.
HostPort everywhere(std::uint16_t port) { return {"0.0.0.0", port}; }

std::filesystem::path in(std::string_view folder, const char* file) { return std::filesystem::path(folder) / file; }

}  // namespace

std::string daemon_text(const Inputs& inputs, Role role) {
  chat::base::DaemonConfig config;
  config.name = component(role);
  config.cluster = inputs.cluster;
  config.version = inputs.version;
  if (role != Role::worker) config.listen = everywhere(service_port(role));
  config.admin = everywhere(kAdminPort);
  config.admin_token_file = in(kSecretsFolder, kAdminToken);
  config.map_file = in(kMapFolder, kMapFile);
  if (needs_redis(role)) {
    if (!inputs.spec.redis.external)
      config.redis = {service_host(inputs.cluster, inputs.name_space, Role::redis), kRedisPort};
    config.redis_password_file = in(kRedisFolder, kRedisPassword);
  }
  if (role == Role::api || role == Role::gateway) {
    config.jwt_keys_dir = kJwtFolder;
    config.public_url = api::api_url(inputs.spec.gateways.public_url);
    config.allowed_origins = inputs.spec.auth.allowed_origins;
  }
  if (role == Role::api) config.web_dir = std::filesystem::path(kPrefix) / "share" / "web";
  if (needs_postgres(role)) config.postgres_password_file = in(kSecretsFolder, kPostgresChatPassword);
  return settings::daemon_text(config);
}

std::string postgres_text(const Inputs& inputs) {
  std::string text = settings::kWrittenByUs;
  text += "data_directory = " + settings::quoted(std::string(kPostgresData)) + "\n";
  text += "hba_file = " + settings::quoted(in(kConfigFolder, kAccessFile)) + "\n";
  text += "ident_file = " + settings::quoted(std::filesystem::path(kPostgresData) / "pg_ident.conf") + "\n";
  text += "listen_addresses = '*'\nport = " + std::to_string(kPostgresPort) + "\nunix_socket_directories = ''\n";
  return text + settings::postgres_settings(inputs.spec.shards.max_connections);
}

std::string access_text() {
  // Who may connect at all is said by the NetworkPolicies.
  return std::string(settings::kWrittenByUs) +
         "host all all all scram-sha-256\n"
         "host replication all all scram-sha-256\n";
}

std::string redis_text(const Inputs& inputs) {
  std::string text = settings::kWrittenByUs;
  text += "bind * -::*\nprotected-mode yes\nport " + std::to_string(kRedisPort) + "\n";
  text += "include " + in(kSecretsFolder, kRedisAuthFile).string() + "\n";
  return text + settings::redis_settings(inputs.spec.redis.memory.bytes) + "dir /tmp\n";
}

}  // namespace chatop::kubernetes::objects
