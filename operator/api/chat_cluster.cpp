#include "operator/api/chat_cluster.hpp"

#include <algorithm>

namespace chatop::api {

const Condition* find_condition(const ChatClusterStatus& status, std::string_view type) {
  auto found = std::find_if(status.conditions.begin(), status.conditions.end(),
                            [type](const Condition& condition) { return condition.type == type; });
  return found == status.conditions.end() ? nullptr : &*found;
}

}  // namespace chatop::api
