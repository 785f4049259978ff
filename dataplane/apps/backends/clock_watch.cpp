#include "dataplane/apps/backends/clock_watch.hpp"

namespace chat::apps {
namespace {

constexpr std::chrono::seconds kEvery{10};

}  // namespace

base::Task<> ClockWatch::run() {
  while (!stopping_) {
    auto drift = co_await shards_.clock_drift(daemon_.clock);
    if (drift) daemon_.report_clock_drift(*drift);
    if (!stopping_) (void)co_await base::sleep_until(timer_, daemon_.clock.steady() + kEvery);
  }
}

void ClockWatch::stop() {
  stopping_ = true;
  timer_.cancel();
}

}  // namespace chat::apps
