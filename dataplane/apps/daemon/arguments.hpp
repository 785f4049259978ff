#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/base/config.hpp"

namespace chat::apps {

// The command line of a daemon. What it says goes before what the file says: a Pod knows its name and its address only
// when it starts, while the file is one for all Pods of a role.
struct Arguments {
  std::filesystem::path config;
  std::string name;                // --name
  std::string pod_ip;              // --pod-ip: listen on every address of this one's family
  std::string redis;               // --redis HOST:PORT
  std::optional<int> exit_status;  // set: end with it now; 0 after --help and --version, 2 for bad usage
};
[[nodiscard]] Arguments parse_arguments(int argc, const char* const* argv, std::string_view role);

// `config` with what the command line says. Errors name the argument.
[[nodiscard]] base::Result<base::DaemonConfig> apply(const Arguments& arguments, base::DaemonConfig config);

}  // namespace chat::apps
