#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/base/config.hpp"
#include "dataplane/base/task.hpp"
#include "operator/ports/finding.hpp"

namespace chatop::ports {

struct DaemonReport {
  bool ready = false;
  std::string not_ready;  // why
  std::string state;      // Starting, Serving, Draining, Gone
  std::int64_t map_version = 0;
  std::int64_t connections = 0;   // gateways
  bool draining = false;          // gateways
  std::vector<Finding> findings;  // what is wrong around it
};

struct DrainOrder {
  std::int64_t grace_seconds = 0;
  std::int64_t close_below = 0;
  std::int64_t evictions_per_second = 0;
};

// The daemons' admin side. Every call ends within 2 s.
class DataPlane {
 public:
  virtual ~DataPlane() = default;
  virtual chat::base::Task<chat::base::Result<DaemonReport>> report(chat::base::HostPort admin, std::string token) = 0;
  virtual chat::base::Task<chat::base::Status> put_map(chat::base::HostPort admin, std::string token,
                                                       std::string map) = 0;
  virtual chat::base::Task<chat::base::Status> drain(chat::base::HostPort admin, std::string token,
                                                     DrainOrder order) = 0;
};

}  // namespace chatop::ports
