#pragma once
#include <cstdint>
#include <filesystem>

namespace chatop::local {

inline constexpr std::uintmax_t kMostLogBytes = 64ULL * 1024 * 1024;

// Logs of the folder that are larger than `most` become <name>.1 (and that one <name>.2). Copied and cut, since the
// process keeps its file open for appending: the lines that it writes between the two are lost.
void rotate_logs(const std::filesystem::path& folder, std::uintmax_t most = kMostLogBytes);

}  // namespace chatop::local
