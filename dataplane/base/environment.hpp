#pragma once
#include <string>

namespace chat::base {

// Of this process's environment; empty where it is not set. Asked while there is one thread.
[[nodiscard]] std::string environment(const std::string& name);

}  // namespace chat::base
