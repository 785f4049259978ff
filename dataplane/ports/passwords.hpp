#pragma once
#include <optional>
#include <string>

#include "dataplane/base/result.hpp"
#include "dataplane/base/task.hpp"

namespace chat::ports {

// Slow on purpose, so off the event loop: errors say that too many are waiting.
class Passwords {
 public:
  virtual ~Passwords() = default;
  virtual base::Task<base::Result<std::string>> hash(std::string password) = 0;
  // Without a hash (no such account) it does the same work and answers false: time tells nobody which names exist.
  virtual base::Task<base::Result<bool>> matches(std::string password, std::optional<std::string> hash) = 0;
};

}  // namespace chat::ports
