#include "operator/local/daemon_files.hpp"

#include <openssl/evp.h>

#include <array>
#include <nlohmann/json.hpp>

#include "operator/local/secrets.hpp"

namespace chatop::local {
namespace {

using chat::base::HostPort;
using ports::Role;

std::string text_of(const HostPort& address) { return address.host + ":" + std::to_string(address.port); }

// A JSON string is a YAML string.
void line(std::string& text, const char* key, const std::string& value) {
  text += key;
  text += ": " + nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

// In a single-quoted value of postgresql.conf.
std::string quoted(const std::string& value) {
  std::string text = "'";
  for (char c : value) text += c == '\'' ? std::string("''") : std::string(1, c);
  return text + "'";
}

}  // namespace

std::string daemon_config(const ports::ProcessSpec& process, const ClusterLayout& layout,
                          const Installation& installation, const Addresses& addresses) {
  std::string text = "# Written by chat-operator: changes made here are lost.\n";
  line(text, "name", process.name);
  line(text, "cluster", layout.cluster);
  line(text, "version", process.version);
  if (addresses.own.port != 0) line(text, "listen", text_of(addresses.own));
  if (addresses.shared.port != 0) line(text, "shared", text_of(addresses.shared));
  line(text, "admin", text_of(addresses.admin));
  line(text, "admin_token_file", layout.secret(kAdminToken));
  line(text, "map_file", layout.map());
  line(text, "redis", text_of(addresses.redis));
  line(text, "redis_password_file", layout.secret(kRedisPassword));
  if (process.role == Role::api || process.role == Role::gateway) {
    line(text, "jwt_keys_dir", layout.jwt_keys());
    line(text, "public_url", process.public_url.empty() ? "http://" + text_of(addresses.shared) : process.public_url);
    line(text, "allowed_origins", "");
    text.erase(text.rfind("\"\""));
    text +=
        nlohmann::json(process.allowed_origins).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  }
  if (process.role == Role::api) line(text, "web_dir", installation.web);
  if (process.role != Role::gateway) {
    line(text, "postgres_user", "chat");
    line(text, "postgres_password_file", layout.secret(kPostgresChatPassword));
    line(text, "postgres_database", "chat");
  }
  return text;
}

std::string postgres_config(const ports::ProcessSpec& process, const ClusterLayout& layout, std::uint16_t port) {
  const auto data = layout.data(process.name);
  std::string text = "# Written by chat-operator: changes made here are lost.\n";
  text += "data_directory = " + quoted(data) + "\n";
  text += "hba_file = " + quoted(data / "pg_hba.conf") + "\n";
  text += "ident_file = " + quoted(data / "pg_ident.conf") + "\n";
  text += "listen_addresses = '127.0.0.1'\nport = " + std::to_string(port) + "\n";
  text += "max_connections = " + std::to_string(process.max_connections) + "\n";
  text +=
      "unix_socket_directories = ''\n"
      "password_encryption = 'scram-sha-256'\n"
      "# What was acknowledged is on disk.\n"
      "fsync = on\nsynchronous_commit = on\nfull_page_writes = on\n"
      "# A split of a shard streams its changes.\n"
      "wal_level = logical\nmax_wal_size = '2GB'\nmin_wal_size = '128MB'\n"
      "# One flush of the file system before crash recovery instead of one a file: seconds less, and as safe.\n"
      "recovery_init_sync_method = 'syncfs'\n"
      "shared_buffers = '128MB'\n"
      "jit = off\n"
      "tcp_keepalives_idle = 10\ntcp_keepalives_interval = 5\ntcp_keepalives_count = 3\n"
      "timezone = 'UTC'\nlog_timezone = 'UTC'\n"
      "log_destination = 'stderr'\nlogging_collector = off\nlog_line_prefix = '%m [%p] %q%a '\n"
      "log_checkpoints = off\n"
      "# One line an error: what fails again and again, on a full disk for one, is not to fill a log with contexts.\n"
      "log_error_verbosity = 'terse'\n"
      "# Statements carry what people write: never logged.\n"
      "log_min_error_statement = 'panic'\nlog_parameter_max_length_on_error = 0\n";
  return text;
}

std::string redis_config(const ports::ProcessSpec& process, const ClusterLayout& layout, std::uint16_t port,
                         const std::string& password) {
  // Nothing in Redis is the truth: it keeps no file, and at its bound it drops what expires anyway.
  return "# Written by chat-operator: changes made here are lost.\n"
         "bind 127.0.0.1\nprotected-mode yes\nport " +
         std::to_string(port) +
         "\n"
         "requirepass " +
         password +
         "\n"
         "maxmemory " +
         std::to_string(process.memory_bytes) +
         "\nmaxmemory-policy volatile-lru\n"
         "save \"\"\nappendonly no\ndaemonize no\nmaxclients 4096\n"
         "client-output-buffer-limit pubsub 64mb 16mb 30\n"
         "tcp-keepalive 10\nlogfile \"\"\nloglevel notice\n"
         "dir " +
         nlohmann::json(layout.redis().string()).dump() + "\n";
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
