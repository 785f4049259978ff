#include "operator/kubernetes/platform/findings.hpp"

#include <algorithm>
#include <map>

#include "dataplane/base/text.hpp"
#include "operator/kubernetes/client/fields.hpp"
#include "operator/kubernetes/platform/pod_view.hpp"
#include "operator/kubernetes/platform/trim.hpp"

namespace chatop::kubernetes {

using chat::base::Json;
using ports::Finding;

namespace {

constexpr std::size_t kLongest = 400;

std::string shortened(const std::string& text) { return chat::base::cut(text, kLongest); }

bool names(const std::string& text, const char* words) { return text.find(words) != std::string::npos; }

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// Of what the API server said when a Pod was to be made.
Finding not_made(const std::string& workload, const std::string& message) {
  if (names(message, "exceeded quota"))
    return {"QuotaFull", "the quota of the namespace is full, so " + workload +
                             " can not get all its Pods: raise the ResourceQuota or make room (" + shortened(message) +
                             ")"};
  if (names(message, "violates PodSecurity"))
    return {"PodRefused",
            "the namespace's Pod Security level refuses the Pods of " + workload + " (" + shortened(message) + ")"};
  return {"PodRefused", "the Pods of " + workload + " are refused: " + shortened(message)};
}

// Of what a container waits for. Empty reason: nothing is wrong.
Finding not_started(const Json& pod) {
  const auto why = text_at(pod, {"waiting", "reason"});
  const auto message = shortened(text_at(pod, {"waiting", "message"}));
  if (why == "ErrImagePull" || why == "ImagePullBackOff" || why == "ErrImageNeverPull" || why == "InvalidImageName")
    return {"ImagePullFailed", "can not be started: its image " + text_at(pod, {"image"}) +
                                   " can not be pulled; correct spec.image, or give the nodes access to its registry"};
  if (why == "CreateContainerConfigError" && names(message, "secret"))
    return {"SecretMissing", "can not be started: a Secret that it needs is not there (" + message + ")"};
  if (why == "CreateContainerConfigError" || why == "CreateContainerError" || why == "RunContainerError")
    return {"ContainerRefused", "can not be started: " + message};
  if (const auto text = text_at(pod, {"unschedulable"}); !text.empty())
    return {"Unschedulable", "finds no node: " + shortened(text)};
  return {};
}

// Without the names of one Pod, so that several that suffer alike are said once.
struct Sufferers {
  std::string reason;
  std::string what;
  std::vector<std::string> who;
};

void find_in_pods(const SeenObjects& seen, std::vector<Finding>& found) {
  std::vector<Sufferers> all;
  for (const auto& pod : seen.pods) {
    if (is_terminating(*pod.object)) continue;
    auto wrong = not_started(*pod.object);
    if (wrong.reason.empty()) continue;
    auto same = std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.reason == wrong.reason; });
    if (same == all.end())
      all.push_back({wrong.reason, wrong.message, {pod.process}});
    else
      same->who.push_back(pod.process);
  }
  for (auto& each : all) {
    std::sort(each.who.begin(), each.who.end());
    found.push_back({each.reason, joined(each.who) + " " + each.what});
  }
}

void find_in_workloads(const SeenObjects& seen, std::vector<Finding>& found) {
  for (const auto& workload : seen.workloads) {
    if (workload.object == nullptr || workload.pods >= workload.object->value("replicas", std::int64_t{0})) continue;
    auto why = text_at(*workload.object, {"failed"});
    if (why.empty() && workload.failure != nullptr) why = text_at(*workload.failure, {"message"});
    if (!why.empty()) found.push_back(not_made(workload.name, why));
  }
}

void find_in_claims(const SeenObjects& seen, std::vector<Finding>& found) {
  if (seen.storage_class.empty() || seen.class_exists) return;
  const bool waits = std::any_of(seen.claims.begin(), seen.claims.end(),
                                 [](const auto* claim) { return text_at(*claim, {"phase"}) != "Bound"; });
  if (waits || seen.claims.empty())
    found.push_back({"StorageClassMissing", "there is no StorageClass \"" + seen.storage_class +
                                                "\" for the shards' volumes: make it, or delete this ChatCluster and "
                                                "give another one in spec.shards.storage.storageClassName"});
}

void find_in_volumes(const SeenObjects& seen, std::vector<Finding>& found) {
  const auto& volumes = seen.volumes;
  if (!volumes.fixed.empty())
    found.push_back(
        {"VolumeFixed", "the volume of " + joined(volumes.fixed) + " is smaller than spec.shards.storage.size (" +
                            volumes.wanted + "), and its StorageClass \"" + volumes.fixed_class +
                            "\" lets no volume grow: set allowVolumeExpansion: true there, if its driver can "
                            "do that; until then the shard goes on with the room it has"});
  for (const auto* claim : seen.claims) {
    if (const auto why = text_at(*claim, {"not_grown"}); !why.empty())
      found.push_back(
          {"VolumeNotGrown", "the volume of " + name_of(*claim) + " could not be made larger: " + shortened(why)});
  }
}

}  // namespace

std::vector<Finding> find_obstacles(const SeenObjects& seen) {
  std::vector<Finding> found;
  find_in_claims(seen, found);
  find_in_volumes(seen, found);
  find_in_workloads(seen, found);
  find_in_pods(seen, found);
  return found;
}

}  // namespace chatop::kubernetes
