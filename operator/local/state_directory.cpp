#include "operator/local/state_directory.hpp"

#include <unistd.h>

#include "dataplane/base/environment.hpp"

namespace chatop::local {

using chat::base::environment;

std::filesystem::path state_directory(const std::string& from_flag) {
  std::filesystem::path chosen = from_flag;
  if (chosen.empty()) chosen = environment("CHATCLUSTER_DIR");
  if (chosen.empty() && ::geteuid() == 0) chosen = "/var/lib/chatcluster";
  if (chosen.empty()) {
    std::filesystem::path data = environment("XDG_DATA_HOME");
    if (data.empty()) data = std::filesystem::path(environment("HOME")) / ".local/share";
    chosen = data / "chatcluster";
  }
  auto path = std::filesystem::absolute(chosen).lexically_normal();
  return path.has_filename() ? path : path.parent_path();  // without a slash at the end
}

}  // namespace chatop::local
