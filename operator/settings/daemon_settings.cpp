#include "operator/settings/daemon_settings.hpp"

#include <nlohmann/json.hpp>

namespace chatop::settings {
namespace {

using chat::base::DaemonConfig;
using chat::base::HostPort;

// JSON is YAML.
template <class Value>
void line(std::string& text, const char* key, const Value& value) {
  text += key;
  text += ": " + nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

void line_of(std::string& text, const char* key, const std::string& value) {
  if (!value.empty()) line(text, key, value);
}

void line_of(std::string& text, const char* key, const HostPort& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  const std::string host = v6 ? "[" + address.host + "]" : address.host;
  if (address.port != 0) line(text, key, host + ":" + std::to_string(address.port));
}

void add_tls(std::string& text, const DaemonConfig& config) {
  const DaemonConfig usual;
  line_of(text, "tls_cert_file", config.tls_cert_file.string());
  line_of(text, "tls_key_file", config.tls_key_file.string());
  if (config.tls_min_version != usual.tls_min_version) line(text, "tls_min_version", config.tls_min_version);
  line_of(text, "internal_tls_cert_file", config.internal_tls_cert_file.string());
  line_of(text, "internal_tls_key_file", config.internal_tls_key_file.string());
  line_of(text, "internal_tls_ca_file", config.internal_tls_ca_file.string());
  line_of(text, "internal_tls_name", config.internal_tls_name);
  if (config.admin_tls) line(text, "admin_tls", true);
  line_of(text, "postgres_ca_file", config.postgres_ca_file.string());
  if (config.postgres_sslmode != usual.postgres_sslmode) line(text, "postgres_sslmode", config.postgres_sslmode);
  line_of(text, "redis_ca_file", config.redis_ca_file.string());
}

}  // namespace

std::string daemon_text(const DaemonConfig& config) {
  std::string text = kWrittenByUs;
  line_of(text, "name", config.name);
  line_of(text, "cluster", config.cluster);
  line_of(text, "version", config.version);
  line_of(text, "listen", config.listen);
  line_of(text, "shared", config.shared.value_or(HostPort()));
  line_of(text, "admin", config.admin);
  line_of(text, "admin_token_file", config.admin_token_file.string());
  line_of(text, "map_file", config.map_file.string());
  line_of(text, "redis", config.redis);
  line_of(text, "redis_password_file", config.redis_password_file.string());
  line_of(text, "jwt_keys_dir", config.jwt_keys_dir.string());
  line_of(text, "public_url", config.public_url);
  if (!config.allowed_origins.empty()) line(text, "allowed_origins", config.allowed_origins);
  if (config.stop_grace_seconds != DaemonConfig().stop_grace_seconds)
    line(text, "stop_grace_seconds", config.stop_grace_seconds);
  line_of(text, "web_dir", config.web_dir.string());
  if (!config.postgres_password_file.empty()) {
    line_of(text, "postgres_user", config.postgres_user);
    line_of(text, "postgres_password_file", config.postgres_password_file.string());
    line_of(text, "postgres_database", config.postgres_database);
  }
  add_tls(text, config);
  return text;
}

}  // namespace chatop::settings
