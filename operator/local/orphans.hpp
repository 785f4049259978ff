#pragma once
#include <chrono>
#include <filesystem>

#include "dataplane/base/result.hpp"

namespace chatop::local {

// Ends what a killed Postgres left behind in its data directory (its processes have it as their working directory): a
// backend that computes does not notice for long that its postmaster is gone, and while it lives no new one can start.
// Only for a data directory whose postmaster is known to be gone. Blocks until they are gone too, at most `patience`.
[[nodiscard]] chat::base::Status end_orphans(const std::filesystem::path& data, std::chrono::milliseconds patience);

}  // namespace chatop::local
