#pragma once
#include <string>
#include <vector>

#include "operator/api/chat_cluster.hpp"

// What the verbs say about a ChatCluster, in the same words everywhere. Pure.
namespace chatop::cli {

struct Component {
  std::string name;   // shards, gateways, messages, api, workers
  std::string state;  // "2/2 ready", "1/2 serving: shard-1 Joining"
  bool well = false;
  bool begun = false;  // some of it works
};
[[nodiscard]] std::vector<Component> components(const api::ChatClusterStatus& status);

// The status speaks of the document in force, and says that everything serves.
[[nodiscard]] bool available(const api::ChatCluster& cluster);
// "True", "False", "Unknown" of the condition Available; "Pending" before the operator saw the document.
[[nodiscard]] std::string readiness(const api::ChatCluster& cluster);

// The conditions that say that something is wrong: Available when it is not True, Degraded and the like when they are.
[[nodiscard]] std::vector<api::Condition> problems(const api::ChatClusterStatus& status);

// Processes that the status says are not well, most important first: whose logs to read.
[[nodiscard]] std::vector<std::string> suspects(const api::ChatCluster& cluster);

}  // namespace chatop::cli
