#include "dataplane/base/environment.hpp"

#include <cstdlib>

namespace chat::base {

std::string environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): one thread, as the header asks
  return value != nullptr ? value : "";
}

}  // namespace chat::base
