#pragma once
#include <filesystem>
#include <string>

namespace chatop::local {

// --dir, else $CHATCLUSTER_DIR, else a folder of the user's; absolute.
[[nodiscard]] std::filesystem::path state_directory(const std::string& from_flag);

}  // namespace chatop::local
