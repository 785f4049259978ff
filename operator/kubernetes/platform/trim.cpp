#include "operator/kubernetes/platform/trim.hpp"

#include <algorithm>

#include "dataplane/base/text.hpp"
#include "operator/kubernetes/client/fields.hpp"
#include "operator/kubernetes/objects/names.hpp"

namespace chatop::kubernetes {

using chat::base::Json;

namespace {

constexpr std::size_t kLongestText = 2'000;

Json metadata(const Json& object) {
  const auto& all = value_at(object, {"metadata"});
  Json kept = Json::object();
  for (const char* key : {"name", "namespace", "uid", "deletionTimestamp"})
    if (all.contains(key)) kept[key] = all[key];
  const auto& labels = value_at(all, {"labels"});
  for (const char* key :
       {objects::kClusterLabel, objects::kComponentLabel, objects::kProcessLabel, objects::kManagedByLabel})
    if (labels.is_object() && labels.contains(key)) kept["labels"][key] = labels[key];
  return kept;
}

void put(Json& into, const char* key, std::string text) {
  if (!text.empty()) into[key] = chat::base::cut(text, kLongestText);
}

std::int64_t number(const Json& value) { return value.is_number_integer() ? value.get<std::int64_t>() : 0; }

Json ended(const Json& terminated) {
  Json kept = {{"code", number(value_at(terminated, {"exitCode"}))},
               {"signal", number(value_at(terminated, {"signal"}))}};
  put(kept, "reason", text_at(terminated, {"reason"}));
  put(kept, "at", text_at(terminated, {"finishedAt"}));
  put(kept, "message", text_at(terminated, {"message"}));
  return kept;
}

// The first of a list of container statuses that waits for something.
void keep_waiting(const Json& statuses, Json& kept) {
  if (!statuses.is_array()) return;
  for (const auto& status : statuses) {
    const auto& waiting = value_at(status, {"state", "waiting"});
    if (!waiting.is_object() || kept.contains("waiting")) continue;
    Json why = Json::object();
    put(kept, "image", text_at(status, {"image"}));
    put(why, "reason", text_at(waiting, {"reason"}));
    put(why, "message", text_at(waiting, {"message"}));
    kept["waiting"] = std::move(why);
  }
}

void keep_container(const Json& status, Json& kept) {
  kept["restarts"] = number(value_at(status, {"restartCount"}));
  if (auto started = text_at(status, {"state", "running", "startedAt"}); !started.empty()) kept["running"] = started;
  const auto& now = value_at(status, {"state", "terminated"});
  const auto& before = value_at(status, {"lastState", "terminated"});
  if (now.is_object())
    kept["ended"] = ended(now);
  else if (before.is_object())
    kept["ended"] = ended(before);
}

void keep_conditions(const Json& status, Json& kept) {
  const auto& conditions = value_at(status, {"conditions"});
  if (!conditions.is_array()) return;
  for (const auto& condition : conditions) {
    const auto type = text_at(condition, {"type"});
    const auto holds = text_at(condition, {"status"});
    if (type == "Ready") kept["ready"] = holds == "True";
    if (type == "PodScheduled" && holds == "False") put(kept, "unschedulable", text_at(condition, {"message"}));
  }
}

// A claim, or the template of one.
std::string size_of(const Json& claim) { return text_at(claim, {"spec", "resources", "requests", "storage"}); }
std::string size_of_first(const Json& claims) {
  return claims.is_array() && !claims.empty() ? size_of(claims.front()) : std::string();
}
Json sized(const std::string& size) { return {{"spec", {{"resources", {{"requests", {{"storage", size}}}}}}}}; }

}  // namespace

std::string image_of(const Json& pod) {
  const auto& containers = value_at(pod, {"spec", "containers"});
  return containers.is_array() && !containers.empty() ? text_at(containers.front(), {"image"}) : std::string();
}

std::string version_of(const Json& object) {
  const auto& generation = value_at(object, {"metadata", "generation"});
  return generation.is_number_integer() ? generation.dump() : text_at(object, {"metadata", "resourceVersion"});
}

Json keep_cluster(Json object) {
  Json kept = {{"metadata", metadata(object)}};
  const auto& finalizers = value_at(object, {"metadata", "finalizers"});
  kept["held"] =
      finalizers.is_array() && std::find(finalizers.begin(), finalizers.end(), kFinalizer) != finalizers.end();
  kept["status"] = value_at(object, {"status"}).dump(-1, ' ', false, Json::error_handler_t::replace);
  if (object.is_object()) {
    object.erase("status");
    if (object.contains("metadata") && object["metadata"].is_object()) {
      for (const char* key : {"managedFields", "resourceVersion", "finalizers"}) object["metadata"].erase(key);
      if (object["metadata"].contains("annotations"))
        object["metadata"]["annotations"].erase("kubectl.kubernetes.io/last-applied-configuration");
    }
  }
  kept["document"] = object.dump(-1, ' ', false, Json::error_handler_t::replace);
  return kept;
}

Json keep_pod(Json object) {
  Json kept = {{"metadata", metadata(object)}};
  const auto& status = value_at(object, {"status"});
  put(kept, "hash", text_at(object, {"metadata", "annotations", objects::kHashAnnotation}));
  put(kept, "cost", text_at(object, {"metadata", "annotations", kDeletionCost}));
  put(kept, "created", text_at(object, {"metadata", "creationTimestamp"}));
  put(kept, "ip", text_at(status, {"podIP"}));
  put(kept, "phase", text_at(status, {"phase"}));
  put(kept, "reason", text_at(status, {"reason"}));
  keep_conditions(status, kept);
  keep_waiting(value_at(status, {"initContainerStatuses"}), kept);
  keep_waiting(value_at(status, {"containerStatuses"}), kept);
  const auto& containers = value_at(status, {"containerStatuses"});
  if (containers.is_array() && !containers.empty()) keep_container(containers.front(), kept);
  return kept;
}

Json keep_object(Json object) {
  Json kept = {{"metadata", metadata(object)}, {"version", version_of(object)}};
  put(kept, "applied", text_at(object, {"metadata", "annotations", kAppliedAnnotation}));
  return kept;
}

Json keep_workload(Json object) {
  auto kept = keep_object(object);
  put(kept, "hash", text_at(object, {"spec", "template", "metadata", "annotations", objects::kHashAnnotation}));
  kept["replicas"] = number(value_at(object, {"spec", "replicas"}));
  if (auto size = size_of_first(value_at(object, {"spec", "volumeClaimTemplates"})); !size.empty())
    kept["spec"]["volumeClaimTemplates"] = Json::array({sized(size)});
  const auto& conditions = value_at(object, {"status", "conditions"});
  if (!conditions.is_array()) return kept;
  for (const auto& condition : conditions) {
    if (text_at(condition, {"type"}) == "ReplicaFailure" && text_at(condition, {"status"}) == "True")
      put(kept, "failed", text_at(condition, {"message"}));
  }
  return kept;
}

Json keep_claim(Json object) {
  Json kept = {{"metadata", metadata(object)}};
  put(kept, "phase", text_at(object, {"status", "phase"}));
  put(kept, "class", text_at(object, {"spec", "storageClassName"}));
  put(kept, "size", size_of(object));
  const auto& conditions = value_at(object, {"status", "conditions"});
  if (!conditions.is_array()) return kept;
  for (const auto& condition : conditions) {
    const auto type = text_at(condition, {"type"});
    if ((type == "ControllerResizeError" || type == "NodeResizeError") && text_at(condition, {"status"}) == "True")
      put(kept, "not_grown", text_at(condition, {"message"}));
  }
  return kept;
}

Json keep_event(Json object) {
  Json kept = {{"metadata", metadata(object)}};
  put(kept, "about", text_at(object, {"involvedObject", "uid"}));
  put(kept, "message", text_at(object, {"message"}));
  auto when = text_at(object, {"lastTimestamp"});
  put(kept, "at", when.empty() ? text_at(object, {"eventTime"}) : when);
  return kept;
}

Json keep_class(Json object) {
  return {{"metadata", metadata(object)}, {"expands", value_at(object, {"allowVolumeExpansion"}) == true}};
}

}  // namespace chatop::kubernetes
