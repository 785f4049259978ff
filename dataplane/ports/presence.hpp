#pragma once
#include <cstdint>
#include <string>

#include "dataplane/base/result.hpp"
#include "dataplane/base/task.hpp"
#include "dataplane/base/ulid.hpp"

namespace chat::ports {

// Who is connected where: user:{id}:presence (60 s) and user:{id}:conn (a hash, one field a connection). Best effort:
// callers go on when it fails (I12).
class Presence {
 public:
  virtual ~Presence() = default;
  // Registers a connection and answers how many the user now has on all gateways, dead gateways' fields left out.
  virtual base::Task<base::Result<std::int64_t>> connected(base::Ulid user, std::string connection,
                                                           std::string gateway) = 0;
  virtual void disconnected(base::Ulid user, std::string connection) = 0;
  virtual void refresh(base::Ulid user, std::string connection, std::string gateway) = 0;
};

// Counters that several processes share: a token bucket named `key`. Falls back to one of this process where Redis
// is away, so a limit is then looser, never gone.
class RateLimiter {
 public:
  struct Decision {
    bool allowed = true;
    std::chrono::milliseconds retry_after{0};
  };
  virtual ~RateLimiter() = default;
  // `per_minute` 0: no limit.
  virtual base::Task<Decision> take(std::string key, double per_minute, std::int64_t burst) = 0;
  // Puts one token back, up to `burst`: what was taken turned out not to count (a sign-in that succeeded).
  virtual base::Task<> give_back(std::string key, double per_minute, std::int64_t burst) = 0;
};

}  // namespace chat::ports
