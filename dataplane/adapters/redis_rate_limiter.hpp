#pragma once
#include <unordered_map>

#include "dataplane/base/clock.hpp"
#include "dataplane/domain/token_bucket.hpp"
#include "dataplane/io/redis/client.hpp"
#include "dataplane/ports/presence.hpp"

namespace chat::adapters {

// Token buckets in Redis (limit:<key>, gone when they would be full again), shared by all processes; each process's own
// while Redis is away. `client` is started and stopped by its owner, and outlives this.
class RedisRateLimiter final : public ports::RateLimiter {
 public:
  RedisRateLimiter(io::redis::Client& client, const base::Clock& clock) : client_(client), clock_(clock) {}
  base::Task<Decision> take(std::string key, double per_minute, std::int64_t burst) override;
  base::Task<> give_back(std::string key, double per_minute, std::int64_t burst) override;

 private:
  Decision take_here(const std::string& key, double per_minute, std::int64_t burst);

  io::redis::Client& client_;
  const base::Clock& clock_;
  std::unordered_map<std::string, domain::TokenBucket> here_;  // bounded
};

}  // namespace chat::adapters
