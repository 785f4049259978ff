#include "operator/cli/age.hpp"

#include "dataplane/base/rfc3339.hpp"

namespace chatop::cli {

std::string duration(std::int64_t milliseconds) {
  const std::int64_t seconds = milliseconds > 0 ? milliseconds / 1000 : 0;
  constexpr std::int64_t kMinute = 60;
  constexpr std::int64_t kHour = 60 * kMinute;
  constexpr std::int64_t kDay = 24 * kHour;
  auto both = [seconds](std::int64_t large, const char* large_name, std::int64_t small, const char* small_name) {
    const auto rest = seconds % large / small;
    return std::to_string(seconds / large) + large_name + (rest > 0 ? std::to_string(rest) + small_name : "");
  };
  if (seconds < 2 * kMinute) return std::to_string(seconds) + "s";
  if (seconds < kHour) return both(kMinute, "m", 1, "s");
  if (seconds < kDay) return both(kHour, "h", kMinute, "m");
  return both(kDay, "d", kHour, "h");
}

std::string age(std::string_view timestamp, std::int64_t now_milliseconds) {
  auto moment = chat::base::parse_rfc3339(timestamp);
  return moment ? duration(now_milliseconds - *moment) : "unknown";
}

}  // namespace chatop::cli
