#include "operator/api/operation_reader.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "dataplane/base/text.hpp"
#include "operator/api/text_rules.hpp"

namespace chatop::api {
namespace {

// Each type and the block that is its own.
constexpr std::array<std::string_view, 10> kTypes{
    "DrainGateway", "ReplayDeadLetters", "MitigateHotShard", "SplitShard",   "MergeShards",
    "WarmCache",    "ChangeSchema",      "FailoverShard",    "BackupShards", "RestoreShards"};
constexpr std::array<std::string_view, 10> kBlocks{
    "drainGateway", "replayDeadLetters", "mitigateHotShard", "splitShard",   "mergeShards",
    "warmCache",    "changeSchema",      "failoverShard",    "backupShards", "restoreShards"};

// nullopt where `type` is not the name of an operation.
std::optional<std::string_view> block_of(std::string_view type) {
  auto found = std::find(kTypes.begin(), kTypes.end(), type);
  if (found == kTypes.end()) return std::nullopt;
  return kBlocks[static_cast<std::size_t>(found - kTypes.begin())];
}

bool is_decision(std::string_view text) { return text == "Keep" || text == "Back"; }

}  // namespace

void read_operation_spec(DocumentReader& reader, ChatOperation& operation) {
  constexpr TextRule kCluster{is_resource_name, "the name of a ChatCluster", true};
  constexpr TextRule kType{any_text, "the name of an operation, for example DrainGateway", true};
  constexpr TextRule kDecision{is_decision, "Keep or Back"};
  constexpr std::array<std::string_view, 2> kApprovals{"Automatic", "Manual"};
  enum class Approval { Automatic, Manual } approval = Approval::Automatic;
  bool flag = false;
  std::int64_t seconds = 0;
  std::string decision;
  reader.text("cluster", operation.cluster, kCluster, "The ChatCluster it works on");
  reader.text("type", operation.type, kType, "What is to be done");
  for (auto name : {"dryRun", "approved", "suspend", "cancel"}) reader.boolean(name, flag, "");
  reader.choice("approval", approval, kApprovals, "Manual: wait until approved is true");
  reader.integer("timeoutSeconds", seconds, {1, 30 * 86400}, "It fails when it takes longer");
  reader.integer("ttlSecondsAfterFinished", seconds, {0, 366 * 86400}, "Then it is deleted");
  reader.text("decision", decision, kDecision, "Ends the soak of a split");
  for (auto block : kBlocks) reader.pass_over(block);
}

void check_operation_block(const YamlValue& root, const ChatOperation& operation, std::vector<FieldError>& errors) {
  const auto* spec = root.find("spec");
  if (!spec || spec->kind == YamlValue::Kind::Null) {
    errors.push_back({"spec", root.line, "is missing", "write spec: {cluster: …, type: …}"});
    return;
  }
  if (operation.type.empty()) return;
  const auto own = block_of(operation.type);
  if (!own) {
    auto near = chat::base::nearest(std::string_view(operation.type).substr(0, 64), kTypes);
    errors.push_back({"spec.type", line_of(root, "spec.type"),
                      "is \"" + operation.type.substr(0, 64) + "\", which is not an operation",
                      near ? "did you mean " + std::string(*near) + "?" : "write DrainGateway, SplitShard, …"});
    return;
  }
  const std::string block(*own);
  const auto* found = spec->find(block);
  if (!found)
    errors.push_back(
        {"spec." + block, spec->line, "is missing, and type is " + operation.type, "write " + block + ": {…}"});
  else if (found->kind != YamlValue::Kind::Map)
    errors.push_back({"spec." + block, found->line, "is " + shown(*found) + ", not a mapping", "write its fields"});
  for (auto other : kBlocks) {
    if (other != block && spec->find(other))
      errors.push_back({"spec." + std::string(other), line_of(root, "spec." + std::string(other)),
                        "is there, but type is " + operation.type, "keep only " + block});
  }
}

}  // namespace chatop::api
