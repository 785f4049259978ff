#pragma once
#include <algorithm>
#include <chrono>

namespace chatop::plan {

// How long after its end a process is started again: at once the first time, then 0.5 s, 1 s … 30 s.
[[nodiscard]] constexpr std::chrono::milliseconds restart_wait(unsigned failures) {
  if (failures <= 1) return std::chrono::milliseconds(0);
  constexpr auto kMost = std::chrono::milliseconds(30'000);
  auto wait = std::chrono::milliseconds(500);
  for (unsigned i = 2; i < failures && wait < kMost; ++i) wait *= 2;
  return std::min(wait, kMost);
}

}  // namespace chatop::plan
