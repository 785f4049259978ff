#include "dataplane/base/clock.hpp"

#include <cstdio>

namespace chat::base {

std::int64_t SystemClock::now_milliseconds() const {
  auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

SteadyTime SystemClock::steady() const { return std::chrono::steady_clock::now(); }

std::string rfc3339(std::int64_t milliseconds) {
  using std::chrono::days;
  std::chrono::sys_time<std::chrono::milliseconds> when{std::chrono::milliseconds(milliseconds)};
  auto day = std::chrono::floor<days>(when);
  std::chrono::year_month_day date{day};
  std::chrono::hh_mm_ss time{when - day};
  char out[64];
  std::snprintf(out, sizeof out, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
  return out;
}

}  // namespace chat::base
