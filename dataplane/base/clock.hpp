#pragma once
#include <chrono>
#include <cstdint>
#include <string>

namespace chat::base {

using SteadyTime = std::chrono::steady_clock::time_point;

// Wall time for people and ids, steady time for deadlines. A port, so that tests can lie about either.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual std::int64_t now_milliseconds() const = 0;  // since 1970, UTC
  [[nodiscard]] virtual SteadyTime steady() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] std::int64_t now_milliseconds() const override;
  [[nodiscard]] SteadyTime steady() const override;
};

// RFC 3339 UTC with milliseconds: 2026-01-02T03:04:05.678Z
[[nodiscard]] std::string rfc3339(std::int64_t milliseconds);

}  // namespace chat::base
