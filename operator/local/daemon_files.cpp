#include "operator/local/daemon_files.hpp"

#include <openssl/evp.h>

#include <array>
#include <nlohmann/json.hpp>

#include "operator/local/secrets.hpp"
#include "operator/settings/backend_settings.hpp"
#include "operator/settings/daemon_settings.hpp"

namespace chatop::local {

using ports::Role;

std::string daemon_config(const ports::ProcessSpec& process, const ClusterLayout& layout,
                          const Installation& installation, const Addresses& addresses) {
  chat::base::DaemonConfig config;
  config.name = process.name;
  config.cluster = layout.cluster;
  config.version = process.version;
  config.listen = addresses.own;
  if (addresses.shared.port != 0) config.shared = addresses.shared;
  config.admin = addresses.admin;
  config.admin_token_file = layout.secret(kAdminToken);
  config.map_file = layout.map();
  config.redis = addresses.redis;
  config.redis_password_file = layout.secret(kRedisPassword);
  if (process.role == Role::api || process.role == Role::gateway) {
    const auto& shared = addresses.shared;
    config.jwt_keys_dir = layout.jwt_keys();
    config.public_url =
        process.public_url.empty() ? "http://" + shared.host + ":" + std::to_string(shared.port) : process.public_url;
    config.allowed_origins = process.allowed_origins;
  }
  if (process.role == Role::api) config.web_dir = installation.web;
  if (process.role != Role::gateway) config.postgres_password_file = layout.secret(kPostgresChatPassword);
  return settings::daemon_text(config);
}

std::string postgres_config(const ports::ProcessSpec& process, const ClusterLayout& layout, std::uint16_t port) {
  const auto data = layout.data(process.name);
  std::string text = settings::kWrittenByUs;
  text += "data_directory = " + settings::quoted(data) + "\n";
  text += "hba_file = " + settings::quoted(data / "pg_hba.conf") + "\n";
  text += "ident_file = " + settings::quoted(data / "pg_ident.conf") + "\n";
  text += "listen_addresses = '127.0.0.1'\nport = " + std::to_string(port) + "\nunix_socket_directories = ''\n";
  return text + settings::postgres_settings(process.max_connections);
}

std::string redis_config(const ports::ProcessSpec& process, const ClusterLayout& layout, std::uint16_t port,
                         const std::string& password) {
  std::string text = settings::kWrittenByUs;
  text += "bind 127.0.0.1\nprotected-mode yes\nport " + std::to_string(port) + "\nrequirepass " + password + "\n";
  text += settings::redis_settings(process.memory_bytes);
  return text + "dir " + nlohmann::json(layout.redis().string()).dump() + "\n";
}

std::string short_hash(const std::string& text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (std::size_t i = 0; i < 8; ++i) {
    hex += kDigits[digest[i] >> 4U];
    hex += kDigits[digest[i] & 15U];
  }
  return hex;
}

}  // namespace chatop::local
