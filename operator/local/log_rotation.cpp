#include "operator/local/log_rotation.hpp"

#include <system_error>

namespace chatop::local {

namespace fs = std::filesystem;

void rotate_logs(const fs::path& folder, std::uintmax_t most) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() != ".log" || fs::file_size(entry.path(), error) <= most || error) continue;
    const std::string first = entry.path().string() + ".1";
    fs::rename(first, entry.path().string() + ".2", error);  // absent the first time
    fs::copy_file(entry.path(), first, fs::copy_options::overwrite_existing, error);
    if (!error) fs::resize_file(entry.path(), 0, error);
  }
}

}  // namespace chatop::local
