#include "operator/api/operation_reader.hpp"

#include <algorithm>
#include <string>

#include "operator/api/operation_rules.hpp"

namespace chatop::api {
namespace {

void check_blocks(const YamlValue& root, const ChatOperationSpec& spec, std::vector<FieldError>& errors) {
  if (spec.type == OperationType::Unset) return;  // missing or unknown, and that was said
  const auto own = static_cast<std::size_t>(spec.type);
  const std::string type(kOperationTypeNames[own]);
  const auto present = blocks_present(spec);
  for (std::size_t i = 0; i < kOperationBlockNames.size(); ++i) {
    const std::string block(kOperationBlockNames[i]);
    const std::string path = "spec." + block;
    if (i == own && !present[i]) {
      const bool wrong_already =
          std::any_of(errors.begin(), errors.end(), [&path](const FieldError& error) { return error.path == path; });
      if (!wrong_already) errors.push_back({path, line_of(root, "spec"), block_missing(i), block_remedy(i)});
    } else if (i != own && present[i]) {
      errors.push_back(
          {path, line_of(root, path), block_foreign(type), "keep only " + std::string(kOperationBlockNames[own])});
    }
  }
}

}  // namespace

void check_operation(const YamlValue& root, const ChatOperationSpec& spec, std::vector<FieldError>& errors) {
  const auto* found = root.find("spec");
  if (!found || found->kind == YamlValue::Kind::Null) {
    errors.push_back({"spec", root.line, "is missing", "write spec: {cluster: …, type: …}"});
    return;
  }
  check_blocks(root, spec, errors);
  for (const auto& rule : operation_rules())
    if (!rule.holds(spec))
      errors.push_back(
          {std::string(rule.path), line_of(root, rule.path), std::string(rule.problem), std::string(rule.remedy)});
}

}  // namespace chatop::api
