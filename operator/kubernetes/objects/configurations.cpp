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

// What somebody else runs has certificates of CAs that its Secrets bring.
void add_external_tls(const Inputs& inputs, Role role, chat::base::DaemonConfig& config) {
  if (needs_postgres(role) && !inputs.external.postgres_ca.empty()) {
    config.postgres_ca_file = in(kExternalCaFolder, kPostgresCa);
    config.postgres_sslmode = inputs.external.postgres_sslmode;
  }
  if (needs_redis(role) && !inputs.external.redis_ca.empty()) config.redis_ca_file = in(kExternalCaFolder, kRedisCa);
}

void add_tls(const Inputs& inputs, Role role, chat::base::DaemonConfig& config) {
  if ((role == Role::gateway || role == Role::api) && !inputs.spec.tls.secret_name.empty()) {
    config.tls_cert_file = in(kClientTlsFolder, "tls.crt");
    config.tls_key_file = in(kClientTlsFolder, "tls.key");
    config.tls_min_version = inputs.spec.tls.min_version;
  }
  add_external_tls(inputs, role, config);
  if (!inputs.internal_tls) return;
  config.internal_tls_cert_file = in(kInternalTlsFolder, "tls.crt");
  config.internal_tls_key_file = in(kInternalTlsFolder, "tls.key");
  config.internal_tls_ca_file = in(kInternalTlsFolder, "ca.crt");
  config.internal_tls_name = daemon_host(inputs.cluster, inputs.name_space);
  config.admin_tls = true;
  if (needs_postgres(role) && inputs.spec.shards.external.empty())
    config.postgres_ca_file = config.internal_tls_ca_file;
  if (needs_redis(role) && !inputs.spec.redis.external) config.redis_ca_file = config.internal_tls_ca_file;
}

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
    config.redis = inputs.spec.redis.external
                       ? inputs.external.redis
                       : HostPort{service_host(inputs.cluster, inputs.name_space, Role::redis), kRedisPort};
    config.redis_password_file = in(kRedisFolder, kRedisPassword);
  }
  if (role == Role::api || role == Role::gateway) {
    config.jwt_keys_dir = kJwtFolder;
    config.public_url = api::api_url(inputs.spec.gateways.public_url);
    config.allowed_origins = inputs.spec.auth.allowed_origins;
  }
  // When somebody else deletes a gateway's Pod (kubectl drain): who was drained before has nobody left.
  if (role == Role::gateway) config.stop_grace_seconds = inputs.spec.gateways.drain.grace_period_seconds;
  if (role == Role::api) config.web_dir = std::filesystem::path(kPrefix) / "share" / "web";
  if (needs_postgres(role)) config.postgres_password_file = in(kSecretsFolder, kPostgresChatPassword);
  add_tls(inputs, role, config);
  return settings::daemon_text(config);
}

std::string postgres_text(const Inputs& inputs) {
  std::string text = settings::kWrittenByUs;
  text += "data_directory = " + settings::quoted(std::string(kPostgresData)) + "\n";
  text += "hba_file = " + settings::quoted(in(kConfigFolder, kAccessFile)) + "\n";
  text += "ident_file = " + settings::quoted(std::filesystem::path(kPostgresData) / "pg_ident.conf") + "\n";
  text += "listen_addresses = '*'\nport = " + std::to_string(kPostgresPort) + "\nunix_socket_directories = ''\n";
  if (inputs.internal_tls) {
    text += "ssl = on\nssl_min_protocol_version = 'TLSv1.3'\n";
    text += "ssl_cert_file = " + settings::quoted(in(kInternalTlsFolder, "tls.crt")) + "\n";
    text += "ssl_key_file = " + settings::quoted(in(kInternalTlsFolder, "tls.key")) + "\n";
  }
  return text + settings::postgres_settings(inputs.spec.shards.max_connections);
}

std::string access_text(const Inputs& inputs) {
  // Who may connect at all is said by the NetworkPolicies.
  const std::string how = inputs.internal_tls ? "hostssl" : "host";
  return settings::kWrittenByUs + how + " all all all scram-sha-256\n" + how + " replication all all scram-sha-256\n";
}

std::string redis_auth_text(const std::string& password) { return "requirepass " + password + "\n"; }

std::string redis_text(const Inputs& inputs) {
  std::string text = settings::kWrittenByUs;
  text += "bind * -::*\nprotected-mode yes\n";
  if (inputs.internal_tls) {
    text += "port 0\ntls-port " + std::to_string(kRedisPort) + "\ntls-auth-clients no\n";
    text += "tls-cert-file " + in(kInternalTlsFolder, "tls.crt").string() + "\n";
    text += "tls-key-file " + in(kInternalTlsFolder, "tls.key").string() + "\n";
    text += "tls-ca-cert-file " + in(kInternalTlsFolder, "ca.crt").string() + "\n";
    text += "tls-protocols TLSv1.3\n";
  } else {
    text += "port " + std::to_string(kRedisPort) + "\n";
  }
  text += "include " + in(kSecretsFolder, kRedisAuthFile).string() + "\n";
  return text + settings::redis_settings(inputs.spec.redis.memory.bytes) + "dir /tmp\n";
}

}  // namespace chatop::kubernetes::objects
