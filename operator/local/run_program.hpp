#pragma once
#include <chrono>
#include <string>

#include "dataplane/base/result.hpp"
#include "operator/local/launch.hpp"

namespace chatop::local {

// Runs a short-lived program to its end; blocks the calling thread. Past `deadline` it is killed. A failure's message
// carries the last lines of its log.
[[nodiscard]] chat::base::Status run_program(const std::string& launcher, const Launch& launch,
                                             std::chrono::milliseconds deadline);

}  // namespace chatop::local
