#include "operator/kubernetes/objects/pod_parts.hpp"

#include "dataplane/base/digest.hpp"
#include "operator/kubernetes/objects/names.hpp"

namespace chatop::kubernetes::objects {
namespace {

constexpr int kUser = 999;              // of the image
constexpr int kReadableByGroup = 0440;  // JSON has no octal numbers
constexpr std::size_t kHashDigits = 16;

Json metadata(const Inputs& inputs, const std::string& name, Json labels) {
  return {{"name", name}, {"namespace", inputs.name_space}, {"labels", std::move(labels)}};
}

}  // namespace

Json lasting_object_of(const Inputs& inputs, std::string_view api_version, std::string_view kind,
                       const std::string& name, Json labels) {
  return {{"apiVersion", api_version}, {"kind", kind}, {"metadata", metadata(inputs, name, std::move(labels))}};
}

Json object_of(const Inputs& inputs, std::string_view api_version, std::string_view kind, const std::string& name,
               Json labels) {
  auto object = lasting_object_of(inputs, api_version, kind, name, std::move(labels));
  object["metadata"]["ownerReferences"] = Json::array({{{"apiVersion", api::kApiVersion},
                                                        {"kind", api::kChatClusterKind},
                                                        {"name", inputs.cluster},
                                                        {"uid", inputs.uid},
                                                        {"controller", true},
                                                        {"blockOwnerDeletion", true}}});
  return object;
}

Json mount(std::string_view name, std::string_view path) {
  return {{"name", name}, {"mountPath", path}, {"readOnly", true}};
}

Json writable_mount(std::string_view name, std::string_view path) { return {{"name", name}, {"mountPath", path}}; }

Json config_map_volume(std::string_view name, const std::string& config_map) {
  return {{"name", name}, {"configMap", {{"name", config_map}}}};
}

Json secret_volume(std::string_view name, const std::string& secret, const std::vector<std::string>& keys) {
  Json volume = {{"secretName", secret}, {"defaultMode", kReadableByGroup}};
  for (const auto& key : keys) volume["items"].push_back({{"key", key}, {"path", key}});
  return {{"name", name}, {"secret", std::move(volume)}};
}

Json memory_volume(std::string_view name, std::string_view most) {
  return {{"name", name}, {"emptyDir", {{"medium", "Memory"}, {"sizeLimit", most}}}};
}

Json scratch_volume(std::string_view name, std::string_view most) {
  return {{"name", name}, {"emptyDir", {{"sizeLimit", most}}}};
}

void add_internal_tls(const Inputs& inputs, Json& volumes, Json& container) {
  if (!inputs.internal_tls) return;
  volumes.push_back(secret_volume("internal-tls", tls_name(inputs.cluster), {"tls.crt", "tls.key", "ca.crt"}));
  container["volumeMounts"].push_back(mount("internal-tls", kInternalTlsFolder));
}

Json exec_probe(std::vector<std::string> command, int period_seconds, int failures) {
  return {{"exec", {{"command", std::move(command)}}},
          {"periodSeconds", period_seconds},
          {"timeoutSeconds", 5},
          {"failureThreshold", failures}};
}

Json http_probe(const Inputs& inputs, std::string_view path, int period_seconds, int failures) {
  Json get = {{"path", path}, {"port", "admin"}};
  if (inputs.internal_tls) get["scheme"] = "HTTPS";
  return {{"httpGet", std::move(get)},
          {"periodSeconds", period_seconds},
          {"timeoutSeconds", 5},
          {"failureThreshold", failures}};
}

Json container(const Inputs& inputs, std::string_view name, std::vector<std::string> command) {
  return {
      {"name", name},
      {"image", inputs.spec.image.empty() ? inputs.image : inputs.spec.image},
      {"imagePullPolicy", "IfNotPresent"},
      {"command", std::move(command)},
      {"securityContext",
       {{"allowPrivilegeEscalation", false}, {"readOnlyRootFilesystem", true}, {"capabilities", {{"drop", {"ALL"}}}}}}};
}

Json requests(std::string_view cpu, std::string_view memory) {
  return {{"requests", {{"cpu", cpu}, {"memory", memory}}}};
}

Json limited(Json requests, std::int64_t mebibytes) {
  requests["limits"] = {{"memory", std::to_string(mebibytes) + "Mi"}};
  return requests;
}

Json spread(const Json& labels, bool by_template) {
  Json constraints = Json::array();
  for (const char* where : {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}) {
    Json constraint = {{"maxSkew", 1},
                       {"topologyKey", where},
                       {"whenUnsatisfiable", "ScheduleAnyway"},
                       {"labelSelector", {{"matchLabels", labels}}}};
    if (by_template) constraint["matchLabelKeys"] = {"pod-template-hash"};
    constraints.push_back(std::move(constraint));
  }
  return constraints;
}

Json pod_template(const Inputs& inputs, PodTemplate parts) {
  Json spec = {{"serviceAccountName", inputs.cluster + "-" + component(parts.role)},
               {"automountServiceAccountToken", false},
               {"enableServiceLinks", false},
               {"terminationGracePeriodSeconds", parts.grace_seconds},
               {"securityContext",
                {{"runAsNonRoot", true},
                 {"runAsUser", kUser},
                 {"runAsGroup", kUser},
                 {"fsGroup", kUser},
                 {"fsGroupChangePolicy", "OnRootMismatch"},
                 {"seccompProfile", {{"type", "RuntimeDefault"}}}}},
               {"containers", std::move(parts.containers)},
               {"volumes", std::move(parts.volumes)}};
  if (!parts.init_containers.empty()) spec["initContainers"] = std::move(parts.init_containers);
  if (!parts.spread.empty()) spec["topologySpreadConstraints"] = std::move(parts.spread);
  if (!parts.affinity.empty()) spec["affinity"] = std::move(parts.affinity);
  Json made = {{"metadata", {{"labels", std::move(parts.labels)}}}, {"spec", std::move(spec)}};
  if (inputs.internal_tls && ports::is_daemon(parts.role))
    made["metadata"]["annotations"][kAdminSchemeAnnotation] = "https";
  const auto hash = chat::base::hex(chat::base::sha256(made.dump() + parts.configuration));
  made["metadata"]["annotations"][kHashAnnotation] = hash.substr(0, kHashDigits);
  return made;
}

}  // namespace chatop::kubernetes::objects
