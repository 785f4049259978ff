#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/base/config.hpp"
#include "dataplane/base/task.hpp"
#include "operator/ports/finding.hpp"
#include "operator/ports/trust.hpp"

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

// What daemons want to be shown.
struct AdminAccess {
  std::string token;
  std::string earlier_token;  // of before it was changed, for those that have not read the new one; may be empty
  Trust trust = {};
};

// `refused`: neither token is theirs.
enum class DataPlaneErrc { refused = 1 };
std::error_code make_error_code(DataPlaneErrc code);

// The daemons' admin side. Every call ends within 2 s, 4 s where only the earlier token is theirs.
class DataPlane {
 public:
  virtual ~DataPlane() = default;
  virtual chat::base::Task<chat::base::Result<DaemonReport>> report(chat::base::HostPort admin, AdminAccess access) = 0;
  virtual chat::base::Task<chat::base::Status> put_map(chat::base::HostPort admin, AdminAccess access,
                                                       std::string map) = 0;
  virtual chat::base::Task<chat::base::Status> drain(chat::base::HostPort admin, AdminAccess access,
                                                     DrainOrder order) = 0;
};

}  // namespace chatop::ports

template <>
struct std::is_error_code_enum<chatop::ports::DataPlaneErrc> : std::true_type {};
