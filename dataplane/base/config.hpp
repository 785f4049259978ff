#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/result.hpp"

namespace chat::base {

enum class ConfigErrc { unreadable = 1, invalid };
std::error_code make_error_code(ConfigErrc code);

struct HostPort {
  std::string host;  // a numeric address, or a name in Kubernetes
  std::uint16_t port = 0;
};
// "127.0.0.1:80", "[::1]:80", "name:80".
[[nodiscard]] Result<HostPort> parse_host_port(const std::string& text);

// What every daemon is told at its start: one YAML file, written by the operator. Files named in it hold secrets, so
// that a configuration can be shown to anyone. Unknown keys are refused, each error names the key's path.
struct DaemonConfig {
  std::string name;     // gateway-0: the identity in the map, logs and metrics
  std::string cluster;  // demo
  std::string version;
  HostPort listen;                 // this instance's own address (WebSocket, REST or RPC)
  std::optional<HostPort> shared;  // the address all instances of a role share (SO_REUSEPORT)
  HostPort admin;                  // health, metrics, status, map
  std::filesystem::path admin_token_file;
  std::filesystem::path map_file;      // the cluster map to start with; newer ones are pushed
  std::string public_url;              // of the API, as browsers see it; https makes cookies Secure
  std::filesystem::path jwt_keys_dir;  // <kid>.pem private keys (chat-api), <kid>.pub.pem public keys (all)
  std::filesystem::path web_dir;       // chat-api: the web client
  HostPort redis;
  std::filesystem::path redis_password_file;
  std::string postgres_user = "chat";
  std::filesystem::path postgres_password_file;
  std::string postgres_database = "chat";
  std::vector<std::string> allowed_origins;
  // chat-gateway: how long a SIGTERM that comes without a drain before it lets people go elsewhere first; 0 to 86,400.
  std::int64_t stop_grace_seconds = 5;

  // TLS. The files are PEM, as in a kubernetes.io/tls Secret (tls.crt, tls.key, ca.crt), and are read again when they
  // change. Where none is named the connection is plain TCP.
  //
  // Towards clients, on `listen` and `shared` of chat-gateway and chat-api.
  std::filesystem::path tls_cert_file;  // the certificate, then those between it and its CA
  std::filesystem::path tls_key_file;
  std::string tls_min_version = "1.3";  // or 1.2
  // Between daemons, always 1.3: chat-messages and those who call it show this certificate and want one of this CA
  // from each other. It must be fit for both sides: no extended key usage, or serverAuth and clientAuth.
  std::filesystem::path internal_tls_cert_file;
  std::filesystem::path internal_tls_key_file;
  std::filesystem::path internal_tls_ca_file;
  std::string internal_tls_name;  // a DNS name that the other's certificate must bear; empty: any certificate of the CA
  // `admin` serves HTTPS with that certificate. It wants none from the other side, since kubelet has none to show.
  bool admin_tls = false;
  // To Postgres and Redis, 1.2 at least: their certificate must be of this CA, and name the host that was asked for.
  std::filesystem::path postgres_ca_file;
  std::string postgres_sslmode = "verify-full";  // or verify-ca: whatever host the certificate names
  std::filesystem::path redis_ca_file;
};
[[nodiscard]] Result<DaemonConfig> load_daemon_config(const std::filesystem::path& file);
// A file's contents without the trailing newline: passwords and tokens.
[[nodiscard]] Result<std::string> read_secret(const std::filesystem::path& file);

}  // namespace chat::base

template <>
struct std::is_error_code_enum<chat::base::ConfigErrc> : std::true_type {};
