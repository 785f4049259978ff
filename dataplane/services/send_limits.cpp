#include "dataplane/services/send_limits.hpp"

namespace chat::services {

domain::TokenBucket& TokenBuckets::of(const base::Ulid& key) {
  if (auto place = places_.find(key); place != places_.end()) {
    recent_.splice(recent_.begin(), recent_, place->second);
    return recent_.front().second;
  }
  if (recent_.size() >= most_) {
    places_.erase(recent_.back().first);
    recent_.pop_back();
  }
  recent_.emplace_front(key, domain::TokenBucket{});
  places_.emplace(key, recent_.begin());
  return recent_.front().second;
}

domain::TokenBucket::Decision SendLimits::take(const base::Ulid& user, const base::Ulid& conversation, bool vip,
                                               const domain::Limits& limits, base::SteadyTime now) {
  const auto factor = vip ? limits.vip_factor : 1;
  const auto a_minute = limits.messages_per_minute_per_user * factor;
  if (a_minute > 0) {
    auto decision = users_.of(user).take(static_cast<double>(a_minute), limits.message_burst * factor, now);
    if (!decision.allowed) return decision;
  }
  const auto of_conversation = limits.messages_per_minute_per_conversation;
  if (of_conversation <= 0) return {};
  // A conversation may use its minute at once: many people answer one message at the same time.
  return conversations_.of(conversation).take(static_cast<double>(of_conversation), of_conversation, now);
}

}  // namespace chat::services
