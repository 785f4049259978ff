#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "operator/api/chat_operation.hpp"
#include "operator/api/parse.hpp"

namespace chatop::api {

// Which of the blocks are there, in the order of kOperationBlockNames.
[[nodiscard]] std::array<bool, kOperationBlockNames.size()> blocks_present(const ChatOperationSpec& spec);

// The sentences about blocks, said alike by local mode and the API server.
[[nodiscard]] std::string block_missing(std::size_t type);
[[nodiscard]] std::string block_remedy(std::size_t type);
[[nodiscard]] std::string block_foreign(std::string_view type);

// As Rule (rules.hpp), of a ChatOperation.
struct OperationRule {
  std::string_view path;
  std::string_view about;
  bool (*holds)(const ChatOperationSpec&);
  std::string_view problem;
  std::string_view remedy;
  std::string_view cel;
};
[[nodiscard]] std::span<const OperationRule> operation_rules();

// What `next` may not change of the operation that is there: all but kOperationSteering.
[[nodiscard]] std::vector<FieldError> validate_update(const ChatOperation& current, const ChatOperation& next);
inline constexpr std::string_view kOperationFixedProblem = "can not be changed once the operation is there";
inline constexpr std::string_view kOperationFixedRemedy =
    "make a new ChatOperation (only approved, suspend, cancel and decision may change)";

}  // namespace chatop::api
