#include "dataplane/base/clock.hpp"

namespace chat::base {

std::int64_t SystemClock::now_milliseconds() const {
  auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

SteadyTime SystemClock::steady() const { return std::chrono::steady_clock::now(); }

namespace {

// `digits` decimal digits of `value`, with leading zeros.
void put(char* to, unsigned value, int digits) {
  for (int i = digits - 1; i >= 0; --i, value /= 10) to[i] = static_cast<char>('0' + value % 10);
}

}  // namespace

// By hand: one is written into every message, and printf takes longer than all the rest of the frame.
std::string rfc3339(std::int64_t milliseconds) {
  using std::chrono::days;
  std::chrono::sys_time<std::chrono::milliseconds> when{std::chrono::milliseconds(milliseconds)};
  auto day = std::chrono::floor<days>(when);
  std::chrono::year_month_day date{day};
  const auto in_day = static_cast<unsigned>((when - day).count());
  const int year = static_cast<int>(date.year());
  if (year < 0 || year > 9999) return "0000-01-01T00:00:00.000Z";  // no time that a clock of ours can show
  std::string out = "0000-00-00T00:00:00.000Z";
  put(&out[0], static_cast<unsigned>(year), 4);
  put(&out[5], static_cast<unsigned>(date.month()), 2);
  put(&out[8], static_cast<unsigned>(date.day()), 2);
  put(&out[11], in_day / 3'600'000, 2);
  put(&out[14], in_day / 60'000 % 60, 2);
  put(&out[17], in_day / 1000 % 60, 2);
  put(&out[20], in_day % 1000, 3);
  return out;
}

}  // namespace chat::base
