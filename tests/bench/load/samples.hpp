#pragma once
#include <algorithm>
#include <chrono>
#include <vector>

#include "dataplane/base/json.hpp"

namespace chat::bench {

using Clock = std::chrono::steady_clock;

// Every duration is kept: percentiles are of all of them, not of a histogram's steps.
class Samples {
 public:
  void add(Clock::duration time) { times_.push_back(std::chrono::duration<double, std::milli>(time).count()); }
  [[nodiscard]] base::Json to_json() {
    if (times_.empty()) return nullptr;
    std::sort(times_.begin(), times_.end());
    return {{"count", times_.size()}, {"p50_ms", at(0.5)},    {"p90_ms", at(0.9)},
            {"p99_ms", at(0.99)},     {"p999_ms", at(0.999)}, {"max_ms", times_.back()}};
  }

 private:
  // The nearest rank.
  [[nodiscard]] double at(double share) const {
    const auto rank = static_cast<std::size_t>(share * static_cast<double>(times_.size()));
    return times_[std::min(rank, times_.size() - 1)];
  }
  std::vector<double> times_;
};

}  // namespace chat::bench
