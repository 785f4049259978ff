#pragma once
#include <string>

#include "dataplane/base/config.hpp"

namespace chatop::settings {

// The first line of every file that the operator makes.
inline constexpr const char* kWrittenByUs = "# Written by chat-operator: changes made here are lost.\n";

// A daemon's configuration file: what load_daemon_config() reads back as the same. What is empty is left out.
[[nodiscard]] std::string daemon_text(const chat::base::DaemonConfig& config);

}  // namespace chatop::settings
