#pragma once
#include <string>

#include "dataplane/base/clock.hpp"
#include "dataplane/base/result.hpp"

namespace chat::ports {

struct GatewayChoice {
  std::string name;
  std::string url;
};

// Where the next client should connect.
class Gateways {
 public:
  virtual ~Gateways() = default;
  // The least loaded gateway that serves and is not draining; being chosen counts as load for a few seconds.
  // domain::Errc::unavailable where there is none.
  virtual base::Result<GatewayChoice> choose(base::SteadyTime now) = 0;
};

}  // namespace chat::ports
