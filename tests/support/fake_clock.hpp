#pragma once
#include "dataplane/base/clock.hpp"

namespace chat::testing {

// Stands still until it is told otherwise; the wall time may also step back. One thread.
class FakeClock final : public base::Clock {
 public:
  explicit FakeClock(std::int64_t now_milliseconds = 1'767'225'600'000) : now_(now_milliseconds) {}  // 2026-01-01
  [[nodiscard]] std::int64_t now_milliseconds() const override { return now_; }
  [[nodiscard]] base::SteadyTime steady() const override { return steady_; }

  // Both times go on together.
  void advance(std::chrono::milliseconds by) {
    now_ += by.count();
    steady_ += by;
  }
  void set_wall(std::int64_t now_milliseconds) { now_ = now_milliseconds; }

 private:
  std::int64_t now_;
  base::SteadyTime steady_{std::chrono::hours(1)};
};

}  // namespace chat::testing
