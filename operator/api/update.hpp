#pragma once
#include <string>
#include <vector>

#include "operator/api/chat_cluster.hpp"
#include "operator/api/parse.hpp"

namespace chatop::api {

// What `next` may not change of the document in force: empty when the update is allowed.
[[nodiscard]] std::vector<FieldError> validate_update(const ChatCluster& current, const ChatCluster& next);

// `applied` as it is to be stored for the first time. `uid` and `now` (RFC 3339) are the caller's.
[[nodiscard]] ChatCluster created(ChatCluster applied, std::string uid, std::string now);
// `applied` as it is to be stored over `current`: what identifies the resource is kept, the generation grows when the
// spec changed.
[[nodiscard]] ChatCluster updated(const ChatCluster& current, ChatCluster applied);

}  // namespace chatop::api
