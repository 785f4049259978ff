#pragma once
#include <chrono>
#include <cstdint>

#include "dataplane/base/clock.hpp"

namespace chatop::ports {

// Milliseconds of a clock that nobody can step, since the machine's boot: whatever the operator waits for or calls old
// is measured with it, and each operator of one machine reads the same. Wall time is only for what people read.
[[nodiscard]] inline std::int64_t steady_milliseconds(const chat::base::Clock& clock) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock.steady().time_since_epoch()).count();
}

}  // namespace chatop::ports
