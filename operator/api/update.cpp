#include "operator/api/update.hpp"

#include <array>
#include <utility>

#include "operator/api/quantity.hpp"

namespace chatop::api {
namespace {

using Spec = ChatClusterSpec;

std::string name_of(EventsBackend backend) {
  return std::string(kEventsBackendNames[static_cast<std::size_t>(backend)]);
}

const std::array<UpdateRule, 5> kRules{{
    {"spec.shards.initial", "spec.shards",
     [](const Spec& a, const Spec& b) { return a.shards.initial == b.shards.initial; },
     [](const Spec& a) {
       return "can only be set when the cluster is created (it is " + std::to_string(a.shards.initial) + ")";
     },
     "grow with a ChatOperation splitShard, or by autoSplit", "self.initial == oldSelf.initial",
     "can only be set when the cluster is created (it is %d)", "oldSelf.initial"},
    {"spec.shards.storage.size", "spec.shards.storage",
     [](const Spec& a, const Spec& b) { return b.shards.storage.size >= a.shards.storage.size; },
     [](const Spec& a) { return "can grow, not shrink (it is " + text(a.shards.storage.size) + ")"; },
     "keep it, or move the data to new shards with a ChatOperation splitShard",
     "quantity(string(self.size)).compareTo(quantity(string(oldSelf.size))) >= 0", "can grow, not shrink (it is %s)",
     "string(oldSelf.size)"},
    {"spec.shards.storage.storageClassName", "spec.shards.storage",
     [](const Spec& a, const Spec& b) {
       return a.shards.storage.storage_class_name == b.shards.storage.storage_class_name;
     },
     [](const Spec& a) {
       return "can only be set when the cluster is created (it is \"" + a.shards.storage.storage_class_name + "\")";
     },
     "keep it: a volume stays in its class", "self.storageClassName == oldSelf.storageClassName",
     "can only be set when the cluster is created (it is \"%s\")", "oldSelf.storageClassName"},
    {"spec.shards.external", "spec.shards",
     [](const Spec& a, const Spec& b) { return a.shards.external.empty() == b.shards.external.empty(); },
     [](const Spec& a) {
       return std::string("can not replace managed shards or be replaced by them (the cluster has ") +
              (a.shards.external.empty() ? "managed ones)" : "external ones)");
     },
     "make a second ChatCluster", "(size(self.external) == 0) == (size(oldSelf.external) == 0)",
     "can not replace managed shards or be replaced by them (the cluster has %s ones)",
     "size(oldSelf.external) == 0 ? 'managed' : 'external'"},
    {"spec.events.backend", "spec.events",
     [](const Spec& a, const Spec& b) { return a.events.backend == b.events.backend; },
     [](const Spec& a) {
       return "can only be set when the cluster is created (it is " + name_of(a.events.backend) + ")";
     },
     "keep it: events that wait in the old place would be lost", "self.backend == oldSelf.backend",
     "can only be set when the cluster is created (it is %s)", "oldSelf.backend"},
}};

}  // namespace

std::span<const UpdateRule> update_rules() { return kRules; }

std::vector<FieldError> validate_update(const ChatCluster& current, const ChatCluster& next) {
  std::vector<FieldError> errors;
  for (const auto& rule : kRules)
    if (!rule.allowed(current.spec, next.spec))
      errors.push_back({std::string(rule.path), 0, rule.problem(current.spec), std::string(rule.remedy)});
  return errors;
}

ChatCluster created(ChatCluster applied, std::string uid, std::string now) {
  applied.metadata.uid = std::move(uid);
  applied.metadata.creation_timestamp = std::move(now);
  applied.metadata.generation = 1;
  applied.status = {};
  return applied;
}

ChatCluster updated(const ChatCluster& current, ChatCluster applied) {
  applied.metadata.uid = current.metadata.uid;
  applied.metadata.creation_timestamp = current.metadata.creation_timestamp;
  applied.metadata.generation = current.metadata.generation + (applied.spec == current.spec ? 0 : 1);
  applied.status = current.status;
  return applied;
}

}  // namespace chatop::api
