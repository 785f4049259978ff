#include "operator/kubernetes/platform/external_servers.hpp"

#include <algorithm>
#include <charconv>

#include "operator/kubernetes/client/fields.hpp"
#include "operator/kubernetes/objects/names.hpp"
#include "operator/kubernetes/objects/objects.hpp"
#include "operator/ports/platform.hpp"

namespace chatop::kubernetes {

using chat::base::HostPort;
using chat::base::Json;
using chat::base::Result;
using chat::base::Status;
using ports::PlatformErrc;

namespace {

constexpr std::size_t kLongestHost = 253;
constexpr std::uint16_t kNoPort = 0;

// One Secret; the first thing that is wrong with it is kept.
class Reader {
 public:
  explicit Reader(const Json& secret) : secret_(secret) {}

  // Files that were made with `echo` end with a line's end.
  std::string optional(const char* key) const {
    auto value = objects::secret_value(secret_, key);
    while (!value.empty() && (value.back() == '\n' || value.back() == '\r')) value.pop_back();
    return value;
  }
  std::string needed(const char* key) {
    auto value = optional(key);
    if (value.empty()) wrong("has no key " + std::string(key) + ": add it (kubectl edit, or stringData)");
    return value;
  }
  HostPort address(std::uint16_t usual_port) {
    HostPort address{needed("host"), usual_port};
    constexpr auto kFits = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    };
    if (address.host.size() > kLongestHost || !std::all_of(address.host.begin(), address.host.end(), kFits))
      wrong("says as host what is neither a name nor an IPv4 address: write the name alone, without port or scheme");
    const auto text = optional("port");
    if (!text.empty()) address.port = port_of(text);
    if (address.port == kNoPort) wrong("says as port what is none: write a number from 1 to 65535");
    return address;
  }
  std::string ca() {
    auto pem = optional("ca.crt");
    if (!pem.empty() && pem.find("-----BEGIN CERTIFICATE-----") == std::string::npos)
      wrong("has no certificate in ca.crt: put the CA's in, as PEM");
    return pem.empty() ? pem : pem + "\n";
  }
  void wrong(const std::string& what) {
    if (problem_.empty()) problem_ = "the Secret " + name_of(secret_) + " " + what;
  }
  template <class Value>
  Result<Value> done(Value value) const {
    if (!problem_.empty()) return chat::base::fail(PlatformErrc::secret_missing, problem_);
    return value;
  }

 private:
  static std::uint16_t port_of(const std::string& text) {
    std::uint16_t port = kNoPort;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc() && end == text.data() + text.size() ? port : kNoPort;
  }
  const Json& secret_;
  std::string problem_;
};

}  // namespace

bool has_external(const api::ChatClusterSpec& spec) { return !spec.shards.external.empty() || spec.redis.external; }

std::vector<std::string> shard_secrets(const api::ShardsSpec& shards) {
  auto sorted = shards.external;
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return std::pair(a.name.size(), a.name) < std::pair(b.name.size(), b.name);
  });
  std::vector<std::string> secrets;
  for (auto& shard : sorted) secrets.push_back(std::move(shard.secret_name));
  return secrets;
}

Result<ExternalPostgres> external_postgres(const Json& secret) {
  Reader reader(secret);
  ExternalPostgres server;
  server.address = reader.address(objects::kPostgresPort);
  server.user = reader.optional("user");
  if (server.user.empty()) server.user = reader.optional("username");
  if (server.user.empty()) server.user = reader.needed("user");
  server.password = reader.needed("password");
  server.ca = reader.ca();
  server.sslmode = reader.optional("sslmode");
  const bool verifies = server.sslmode == "verify-full" || server.sslmode == "verify-ca";
  if (server.ca.empty() && !server.sslmode.empty() && server.sslmode != "prefer")
    reader.wrong("asks for sslmode " + std::string(verifies ? server.sslmode : "other than prefer") +
                 " and has no ca.crt: add the CA's certificate, without which nothing can be checked");
  if (!server.ca.empty() && !server.sslmode.empty() && !verifies)
    reader.wrong("has a ca.crt and asks for a sslmode that does not look at it: write verify-full or verify-ca");
  if (server.ca.empty())
    server.sslmode.clear();
  else if (server.sslmode.empty())
    server.sslmode = "verify-full";
  if (const auto name = reader.optional("database"); !name.empty() && name != "chat")
    reader.wrong("names another database than chat, which is the one that daemons use");
  return reader.done(std::move(server));
}

Result<ExternalRedis> external_redis(const Json& secret) {
  Reader reader(secret);
  ExternalRedis server;
  server.address = reader.address(objects::kRedisPort);
  server.password = reader.needed("password");
  server.ca = reader.ca();
  return reader.done(std::move(server));
}

Status fit_together(const ExternalServers& servers) {
  for (const auto& shard : servers.shards) {
    if (shard.sslmode != servers.shards.front().sslmode)
      return chat::base::fail(
          PlatformErrc::person,
          "the Secrets of spec.shards.external differ in ca.crt or sslmode: daemons reach all shards "
          "in one way, so give all of them a ca.crt and the same sslmode, or none");
  }
  return {};
}

objects::External for_objects(const ExternalServers& servers) {
  objects::External external;
  for (const auto& shard : servers.shards) {
    external.postgres_sslmode = shard.sslmode;
    if (external.postgres_ca.find(shard.ca) == std::string::npos) external.postgres_ca += shard.ca;
  }
  if (servers.redis) {
    external.redis = servers.redis->address;
    external.redis_ca = servers.redis->ca;
  }
  return external;
}

std::string shown(const objects::External& external) {
  return external.postgres_sslmode + " " + external.postgres_ca + " " + external.redis.host + " " +
         std::to_string(external.redis.port) + " " + external.redis_ca;
}

}  // namespace chatop::kubernetes
