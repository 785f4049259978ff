#pragma once
#include <optional>
#include <string>
#include <vector>

#include "operator/api/chat_cluster.hpp"
#include "operator/cli/session.hpp"

namespace chatop::cli {

// The ChatClusters of a file ("-": standard input); nullopt after everything that is wrong with it was printed.
[[nodiscard]] std::optional<std::vector<api::ChatCluster>> read_documents(Session& session, const std::string& file);

// The one ChatCluster meant by `name`: that one, or the only one there is where `name` is empty. nullopt after a
// sentence that names those that exist.
[[nodiscard]] std::optional<ports::StoredCluster> find_cluster(Session& session, const std::string& name);

// Checks all of `clusters` against what is stored, then stores them, printing one line each. kDone or kFailed.
int store(Session& session, const std::vector<api::ChatCluster>& clusters);

}  // namespace chatop::cli
