#include "dataplane/base/rfc3339.hpp"

#include <array>
#include <charconv>
#include <chrono>

namespace chat::base {
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
    const auto digits = text.size() - kShape.size() - 2;
    if (text[kShape.size()] != '.' || (digits != 3 && digits != 6 && digits != 9)) return std::nullopt;
    auto read = number(text, kShape.size() + 1, 3);
    for (char letter : text.substr(kShape.size() + 4, digits - 3))
      if (letter < '0' || letter > '9') return std::nullopt;
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

}  // namespace chat::base
