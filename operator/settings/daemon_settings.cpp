#include "operator/settings/daemon_settings.hpp"

#include <nlohmann/json.hpp>

namespace chatop::settings {
namespace {

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

}  // namespace

std::string daemon_text(const chat::base::DaemonConfig& config) {
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
  line_of(text, "web_dir", config.web_dir.string());
  if (config.postgres_password_file.empty()) return text;
  line_of(text, "postgres_user", config.postgres_user);
  line_of(text, "postgres_password_file", config.postgres_password_file.string());
  line_of(text, "postgres_database", config.postgres_database);
  return text;
}

}  // namespace chatop::settings
