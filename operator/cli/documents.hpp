#pragma once
#include <optional>
#include <string>
#include <vector>

#include "operator/api/chat_cluster.hpp"
#include "operator/cli/session.hpp"

namespace chatop::cli {

// The documents of a file ("-": standard input); nullopt after everything that is wrong with it was printed.
[[nodiscard]] std::optional<std::vector<ports::Proposal>> read_documents(Session& session, const std::string& file);

// "chatcluster/demo"
[[nodiscard]] std::string kind_and_name(const api::Document& document);

// The one ChatCluster meant by `name`: that one, or the only one there is where `name` is empty. nullopt after a
// sentence that names those that exist.
[[nodiscard]] std::optional<ports::StoredCluster> find_cluster(Session& session, const std::string& name);
// The ChatOperation of that name; nullopt after a sentence.
[[nodiscard]] std::optional<ports::StoredOperation> find_operation(Session& session, const std::string& name);

// Asks about all of `proposals`, then applies them, printing one line each; none where one is refused. kDone or
// kFailed.
int store(Session& session, const std::vector<ports::Proposal>& proposals);

}  // namespace chatop::cli
