#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>

namespace chat::base {

// Doubling from `first` to `most`. `jitter` in [0,1) is an argument, so the decision is pure: the wait is
// between half the step and the step.
[[nodiscard]] constexpr std::chrono::milliseconds backoff(unsigned attempt, double jitter,
                                                          std::chrono::milliseconds first,
                                                          std::chrono::milliseconds most) {
  auto step = first.count();
  for (unsigned i = 0; i < attempt && step < most.count(); ++i) step *= 2;
  step = std::min<std::int64_t>(step, most.count());
  return std::chrono::milliseconds(step / 2 + static_cast<std::int64_t>(jitter * static_cast<double>(step) / 2));
}

}  // namespace chat::base
