#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "operator/api/chat_cluster.hpp"
#include "operator/api/parse.hpp"

namespace chatop::api {

// What an update may not do. `allowed` sees the spec in force and the next one; The rest says the same in CEL
// (as in Rule) of self and oldSelf, which are what is at `about`.
struct UpdateRule {
  std::string_view path;
  std::string_view about;
  bool (*allowed)(const ChatClusterSpec& current, const ChatClusterSpec& next);
  std::string (*problem)(const ChatClusterSpec& current);
  std::string_view remedy;
  std::string_view cel;
  std::string_view cel_problem;
  std::string_view cel_figures;
};
[[nodiscard]] std::span<const UpdateRule> update_rules();

// What `next` may not change of the document in force: empty when the update is allowed.
[[nodiscard]] std::vector<FieldError> validate_update(const ChatCluster& current, const ChatCluster& next);

// `applied` as it is to be stored for the first time. `uid` and `now` (RFC 3339) are the caller's.
[[nodiscard]] ChatCluster created(ChatCluster applied, std::string uid, std::string now);
// `applied` as it is to be stored over `current`: what identifies the resource is kept, the generation grows when the
// spec changed.
[[nodiscard]] ChatCluster updated(const ChatCluster& current, ChatCluster applied);

}  // namespace chatop::api
