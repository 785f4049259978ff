#include "operator/cli/age.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <utility>

namespace chatop::cli {
namespace {

// The number of exactly `digits` digits at `at`.
std::optional<int> number(std::string_view text, std::size_t at, std::size_t digits) {
  int value = 0;
  const char* first = text.data() + at;
  auto [end, error] = std::from_chars(first, first + digits, value);
  if (error != std::errc() || end != first + digits || *first == '-') return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::int64_t> parse_rfc3339(std::string_view text) {
  constexpr std::string_view kShape = "0000-00-00T00:00:00";
  if (text.size() <= kShape.size() || text.back() != 'Z') return std::nullopt;
  for (std::size_t i = 0; i < kShape.size(); ++i)
    if (kShape[i] != '0' && text[i] != kShape[i]) return std::nullopt;
  std::array<std::optional<int>, 6> parts{number(text, 0, 4),  number(text, 5, 2),  number(text, 8, 2),
                                          number(text, 11, 2), number(text, 14, 2), number(text, 17, 2)};
  for (const auto& part : parts)
    if (!part) return std::nullopt;
  int fraction = 0;
  if (text.size() != kShape.size() + 1) {
    if (text.size() != kShape.size() + 5 || text[kShape.size()] != '.') return std::nullopt;
    auto read = number(text, kShape.size() + 1, 3);
    if (!read) return std::nullopt;
    fraction = *read;
  }
  namespace chrono = std::chrono;
  const chrono::year_month_day date{chrono::year{*parts[0]}, chrono::month{static_cast<unsigned>(*parts[1])},
                                    chrono::day{static_cast<unsigned>(*parts[2])}};
  if (!date.ok() || *parts[3] > 23 || *parts[4] > 59 || *parts[5] > 60) return std::nullopt;
  const auto moment = chrono::sys_days{date} + chrono::hours{*parts[3]} + chrono::minutes{*parts[4]} +
                      chrono::seconds{*parts[5]} + chrono::milliseconds{fraction};
  return chrono::duration_cast<chrono::milliseconds>(moment.time_since_epoch()).count();
}

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
  auto moment = parse_rfc3339(timestamp);
  return moment ? duration(now_milliseconds - *moment) : "unknown";
}

}  // namespace chatop::cli
