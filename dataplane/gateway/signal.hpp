#pragma once
#include <vector>

#include "dataplane/base/clock.hpp"
#include "dataplane/base/task.hpp"

namespace chat::gateway {

// Lets coroutines wait until something may have changed. Holds no memory while nobody waits. One thread.
class Signal {
 public:
  // False where `deadline` passed without a notify().
  base::Task<bool> wait(boost::asio::any_io_executor executor, base::SteadyTime deadline) {
    boost::asio::steady_timer timer(executor);
    waiting_.push_back(&timer);
    const bool passed = co_await base::sleep_until(timer, deadline);
    std::erase(waiting_, &timer);
    co_return !passed;
  }
  void notify() {
    for (auto* timer : waiting_) timer->cancel();
  }

 private:
  std::vector<boost::asio::steady_timer*> waiting_;
};

}  // namespace chat::gateway
