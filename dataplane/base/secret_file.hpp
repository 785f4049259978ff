#pragma once
#include <filesystem>
#include <string>

namespace chat::base {

// What read_secret() reads of a file that may be changed while we run; `last` where it can not be read, is empty, or no
// file is named.
[[nodiscard]] std::string read_secret_again(const std::filesystem::path& file, const std::string& last);

}  // namespace chat::base
