#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>

#include "dataplane/base/clock.hpp"

namespace chat::domain {

// The rule of every rate limit: `per_minute` tokens drip in, at most `burst` are kept. Pure: `now` is an argument.
class TokenBucket {
 public:
  struct Decision {
    bool allowed = true;
    std::chrono::milliseconds retry_after{0};
  };

  // A limit of 0 allows everything.
  Decision take(double per_minute, std::int64_t burst, base::SteadyTime now) {
    if (per_minute <= 0) return {};
    const double rate = per_minute / 60'000.0;  // tokens a millisecond
    const double most = static_cast<double>(std::max<std::int64_t>(burst, 1));
    if (last_ == base::SteadyTime{}) {
      tokens_ = most;
    } else if (now > last_) {
      const auto passed = std::chrono::duration<double, std::milli>(now - last_).count();
      tokens_ = std::min(most, tokens_ + passed * rate);
    }
    last_ = std::max(last_, now);
    if (tokens_ >= 1.0) {
      tokens_ -= 1.0;
      return {};
    }
    const auto wait = static_cast<std::int64_t>((1.0 - tokens_) / rate) + 1;
    return {false, std::chrono::milliseconds(wait)};
  }

  // One token back, up to `burst`.
  void give_back(std::int64_t burst) {
    tokens_ = std::min(static_cast<double>(std::max<std::int64_t>(burst, 1)), tokens_ + 1.0);
  }

  // True when it holds no memory that matters: forgetting it changes no decision.
  [[nodiscard]] bool full(double per_minute, std::int64_t burst, base::SteadyTime now) const {
    const auto passed = std::chrono::duration<double, std::milli>(now - last_).count();
    return tokens_ + passed * per_minute / 60'000.0 >= static_cast<double>(burst);
  }

 private:
  double tokens_ = 0;
  base::SteadyTime last_{};
};

}  // namespace chat::domain
