#pragma once
#include <string>

namespace chatop::ports {

// Something wrong that was noticed where it is: a condition's reason, and a sentence without figures that change by
// themselves.
struct Finding {
  std::string reason;
  std::string message;
  bool operator==(const Finding&) const = default;
};

}  // namespace chatop::ports
