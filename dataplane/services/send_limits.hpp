#pragma once
#include <list>
#include <unordered_map>

#include "dataplane/base/ulid.hpp"
#include "dataplane/domain/limits.hpp"
#include "dataplane/domain/token_bucket.hpp"

namespace chat::services {

// A token bucket for each of the last `most` keys. The one not used for longest is forgotten at the bound, and would
// start full again: by then it nearly is.
class TokenBuckets {
 public:
  explicit TokenBuckets(std::size_t most) : most_(most) {}
  domain::TokenBucket& of(const base::Ulid& key);
  [[nodiscard]] std::size_t size() const { return recent_.size(); }

 private:
  using Entry = std::pair<base::Ulid, domain::TokenBucket>;
  std::size_t most_;
  std::list<Entry> recent_;  // the last used first
  std::unordered_map<base::Ulid, std::list<Entry>::iterator> places_;
};

// spec.limits on sending, of one chat-messages instance. A conversation's sends all come to one instance, so its limit
// is exact; a user's is that of each instance that the user's conversations fall to.
class SendLimits {
 public:
  explicit SendLimits(std::size_t keys = 100'000) : users_(keys), conversations_(keys) {}
  [[nodiscard]] domain::TokenBucket::Decision take(const base::Ulid& user, const base::Ulid& conversation, bool vip,
                                                   const domain::Limits& limits, base::SteadyTime now);

 private:
  TokenBuckets users_;
  TokenBuckets conversations_;
};

}  // namespace chat::services
