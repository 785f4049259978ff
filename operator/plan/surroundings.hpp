#pragma once
#include <vector>

#include "operator/plan/context.hpp"
#include "operator/ports/data_plane.hpp"

namespace chatop::plan {

// What is wrong around the cluster, found by reading and not by failing: disks, connections, Redis's memory, the clock,
// ports, and what the daemons say of their own surroundings. Each with what a person can do. The messages hold no
// figure that changes by itself, so that a status is not written for it.
[[nodiscard]] std::vector<ports::Finding> find_surroundings(const Context& context);

// The reason for a process that ends again and again: what its last words name, else CrashLoop.
[[nodiscard]] std::string crash_reason(const std::vector<std::string>& last_lines);
// The line of them that says most.
[[nodiscard]] std::string telling_line(const std::vector<std::string>& last_lines);

}  // namespace chatop::plan
