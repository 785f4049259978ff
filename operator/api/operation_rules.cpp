#include "operator/api/operation_rules.hpp"

#include <algorithm>

#include "operator/api/write.hpp"

namespace chatop::api {
namespace {

const std::array<OperationRule, 2> kRules{{
    {"spec.mergeShards.into", "spec.mergeShards",
     [](const ChatOperationSpec& s) {
       return !s.merge_shards || s.merge_shards->into.empty() || s.merge_shards->shard != s.merge_shards->into;
     },
     "is the shard that goes", "write another shard", "self.shard != self.into"},
    {"spec.splitShard.newShard", "spec.splitShard",
     [](const ChatOperationSpec& s) {
       return !s.split_shard || s.split_shard->shard.empty() || s.split_shard->shard != s.split_shard->new_shard;
     },
     "is the shard that is split", "write another name, or nothing", "self.shard != self.newShard"},
}};

}  // namespace

std::array<bool, kOperationBlockNames.size()> blocks_present(const ChatOperationSpec& spec) {
  return {spec.drain_gateway.has_value(), spec.replay_dead_letters.has_value(), spec.mitigate_hot_shard.has_value(),
          spec.split_shard.has_value(),   spec.merge_shards.has_value(),        spec.warm_cache.has_value(),
          spec.change_schema.has_value(), spec.failover_shard.has_value(),      spec.backup_shards.has_value(),
          spec.restore_shards.has_value()};
}

std::string block_missing(std::size_t type) {
  return "is missing, and type is " + std::string(kOperationTypeNames[type]);
}
std::string block_remedy(std::size_t type) { return "write " + std::string(kOperationBlockNames[type]) + ": {…}"; }
std::string block_foreign(std::string_view type) { return "is there, but type is " + std::string(type); }

std::span<const OperationRule> operation_rules() { return kRules; }

std::vector<FieldError> validate_update(const ChatOperation& current, const ChatOperation& next) {
  std::vector<FieldError> errors;
  const auto before = to_json(current, Part::SpecOnly)["spec"];
  const auto after = to_json(next, Part::SpecOnly)["spec"];
  auto note = [&errors](const std::string& key) {
    errors.push_back({"spec." + key, 0, std::string(kOperationFixedProblem), std::string(kOperationFixedRemedy)});
  };
  auto steering = [](std::string_view key) {
    return std::find(kOperationSteering.begin(), kOperationSteering.end(), key) != kOperationSteering.end();
  };
  for (const auto& [key, value] : before.items())
    if (!steering(key) && (!after.contains(key) || after[key] != value)) note(key);
  for (const auto& [key, value] : after.items())
    if (!steering(key) && !before.contains(key)) note(key);
  return errors;
}

}  // namespace chatop::api
