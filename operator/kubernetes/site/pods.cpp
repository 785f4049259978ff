#include "operator/kubernetes/site/pods.hpp"

#include "dataplane/base/rfc3339.hpp"
#include "operator/kubernetes/client/fields.hpp"
#include "operator/kubernetes/objects/names.hpp"
#include "operator/kubernetes/objects/pod_numbers.hpp"

namespace chatop::kubernetes {
namespace {

using chat::base::Json;

// Of the container that is meant, as kubelet sees it; null: not yet.
const Json& container_status(const Json& pod) {
  static const Json none;
  const auto name = container_of(pod);
  for (const auto& status : value_at(pod, {"status", "containerStatuses"}))
    if (text_at(status, {"name"}) == name) return status;
  return none;
}

objects::SeenPod seen_pod(const Json& pod) {
  return {uid_of(pod), text_at(pod, {"metadata", "labels", objects::kComponentLabel}),
          text_at(pod, {"metadata", "creationTimestamp"}),
          !value_at(pod, {"metadata", "deletionTimestamp"}).is_null() || text_at(pod, {"status", "phase"}) == "Failed"};
}

}  // namespace

std::vector<std::string> processes_of(const std::vector<Json>& pods) {
  std::vector<objects::SeenPod> seen;
  for (const auto& pod : pods) seen.push_back(seen_pod(pod));
  const auto numbered = objects::number_pods(seen);
  const auto redis = objects::component(ports::Role::redis);
  std::vector<std::string> processes;
  for (const auto& pod : pods) {
    const auto number = numbered.find(uid_of(pod));
    auto said = text_at(pod, {"metadata", "labels", objects::kProcessLabel});
    if (text_at(pod, {"metadata", "labels", objects::kComponentLabel}) == redis) said = redis;
    if (number != numbered.end()) said = number->second;
    processes.push_back(said.empty() ? name_in_cluster(pod) : std::move(said));
  }
  return processes;
}

std::string name_in_cluster(const Json& pod) {
  const auto name = name_of(pod);
  const auto prefix = text_at(pod, {"metadata", "labels", objects::kClusterLabel}) + "-";
  return prefix.size() > 1 && name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

std::string container_of(const Json& pod) {
  auto chosen = text_at(pod, {"metadata", "annotations", "kubectl.kubernetes.io/default-container"});
  const auto& containers = value_at(pod, {"spec", "containers"});
  if (chosen.empty() && containers.is_array() && !containers.empty()) chosen = text_at(containers.front(), {"name"});
  return chosen;
}

ports::ProcessLine process_line(const Json& pod, std::string process) {
  const auto& status = container_status(pod);
  const auto name = name_of(pod);
  const auto node = text_at(pod, {"spec", "nodeName"});
  const auto started = text_at(status, {"state", "running", "startedAt"});
  ports::ProcessLine line;
  line.name = std::move(process);
  line.id = "pod " + name + (node.empty() ? "" : " on " + node);
  line.running = !started.empty();
  line.restarts = chat::base::whole_number(value_at(status, {"restartCount"})).value_or(0);
  line.started_ms =
      chat::base::parse_rfc3339(started.empty() ? text_at(pod, {"metadata", "creationTimestamp"}) : started)
          .value_or(0);
  line.log = "kubectl logs -n " + text_at(pod, {"metadata", "namespace"}) + " " + name;
  return line;
}

}  // namespace chatop::kubernetes
