#pragma once
#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.hpp"

namespace chatop::local {

enum class FileErrc { read = 1, write };
std::error_code make_error_code(FileErrc code);

// Everything or nothing: written beside, synchronised, renamed over. The new file has `mode`.
[[nodiscard]] chat::base::Status write_file(const std::filesystem::path& path, std::string_view text, mode_t mode);
// At most 16 MiB.
[[nodiscard]] chat::base::Result<std::string> read_file(const std::filesystem::path& path);
// Everything that was written to the file system of `path` is on its disk.
[[nodiscard]] chat::base::Status flush_file_system(const std::filesystem::path& path);
// With its parents; the last one gets `mode` whatever the umask is.
[[nodiscard]] chat::base::Status make_directory(const std::filesystem::path& path, mode_t mode);
// The last lines of a log that may be large: reads its end only.
[[nodiscard]] std::vector<std::string> last_lines(const std::filesystem::path& path, std::size_t most);

}  // namespace chatop::local

template <>
struct std::is_error_code_enum<chatop::local::FileErrc> : std::true_type {};
