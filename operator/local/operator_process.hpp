#pragma once
#include <sys/types.h>

#include <filesystem>
#include <optional>

#include "operator/ports/site.hpp"

// The operator as another program sees it: who it is, starting it, ending it. Errors are SiteErrc::start and stop.
namespace chatop::local {

// The operator that looks after `directory`: who holds its lock. Asking takes no lock, so it never stands in the way of
// an operator that starts.
[[nodiscard]] std::optional<pid_t> running_operator(const std::filesystem::path& directory);

// Starts chat-operator in a session of its own, so that it lives on when this program ends; its output goes to
// DIR/operator.log.
[[nodiscard]] chat::base::Result<pid_t> start_operator(const std::filesystem::path& directory);

// Runs `chat-operator --local DIR --down` to its end: it stops every process of every cluster. Its log lines go to
// DIR/operator.log.
[[nodiscard]] chat::base::Status run_teardown(const std::filesystem::path& directory, std::chrono::seconds timeout);

// SIGTERM, then waits for its end. The clusters go on.
[[nodiscard]] chat::base::Status stop_operator(const std::filesystem::path& directory, pid_t pid,
                                               std::chrono::seconds timeout);

[[nodiscard]] std::filesystem::path operator_log(const std::filesystem::path& directory);

}  // namespace chatop::local
