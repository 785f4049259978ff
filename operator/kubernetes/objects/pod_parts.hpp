#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "operator/kubernetes/objects/inputs.hpp"

// What the Pods of all roles have in common.
namespace chatop::kubernetes::objects {

inline constexpr std::string_view kPrefix = "/usr/lib/chatcluster";
inline constexpr std::string_view kConfigFolder = "/etc/chatcluster/config";
inline constexpr std::string_view kMapFolder = "/etc/chatcluster/map";
inline constexpr std::string_view kSecretsFolder = "/etc/chatcluster/secrets";
inline constexpr std::string_view kRedisFolder =
    "/etc/chatcluster/redis";  // the password, ours or the external Redis's
inline constexpr std::string_view kClientTlsFolder = "/etc/chatcluster/tls";  // what people see
inline constexpr std::string_view kInternalTlsFolder = "/etc/chatcluster/internal-tls";
inline constexpr std::string_view kExternalCaFolder = "/etc/chatcluster/external-ca";
inline constexpr std::string_view kJwtFolder = "/etc/chatcluster/jwt";

// apiVersion, kind and metadata with labels; owned by the ChatCluster.
[[nodiscard]] Json object_of(const Inputs& inputs, std::string_view api_version, std::string_view kind,
                             const std::string& name, Json labels);
// The same without an owner: it outlives the ChatCluster.
[[nodiscard]] Json lasting_object_of(const Inputs& inputs, std::string_view api_version, std::string_view kind,
                                     const std::string& name, Json labels);

[[nodiscard]] Json mount(std::string_view name, std::string_view path);  // read-only
[[nodiscard]] Json writable_mount(std::string_view name, std::string_view path);
[[nodiscard]] Json config_map_volume(std::string_view name, const std::string& config_map);
// Only the given keys, each a file of its name.
[[nodiscard]] Json secret_volume(std::string_view name, const std::string& secret,
                                 const std::vector<std::string>& keys);
[[nodiscard]] Json memory_volume(std::string_view name, std::string_view most);  // kept in memory
[[nodiscard]] Json scratch_volume(std::string_view name, std::string_view most);

// Adds the volume and the mount of the Secret demo-tls where there is one.
void add_internal_tls(const Inputs& inputs, Json& volumes, Json& container);

[[nodiscard]] Json exec_probe(std::vector<std::string> command, int period_seconds, int failures);
[[nodiscard]] Json http_probe(const Inputs& inputs, std::string_view path, int period_seconds, int failures);

// A container as `restricted` wants it.
[[nodiscard]] Json container(const Inputs& inputs, std::string_view name, std::vector<std::string> command);
[[nodiscard]] Json requests(std::string_view cpu, std::string_view memory);
// The same with a limit of memory, in MiB: above it the container is ended.
[[nodiscard]] Json limited(Json requests, std::int64_t mebibytes);

struct PodTemplate {
  ports::Role role;
  Json labels;
  std::string configuration;  // the text of the files that it is started with
  int grace_seconds;
  Json containers;
  Json init_containers = Json::array();
  Json volumes;
  Json spread = Json::array();
  Json affinity = Json::object();
};
// The template with what all Pods have, and with its hash.
[[nodiscard]] Json pod_template(const Inputs& inputs, PodTemplate parts);
// Pods of `labels` on different zones and nodes where there are some.
[[nodiscard]] Json spread(const Json& labels, bool by_template);

}  // namespace chatop::kubernetes::objects
