#include "operator/kubernetes/control/work_queue.hpp"

#include <algorithm>

namespace chatop::kubernetes {

using chat::base::Task;

WorkQueue::WorkQueue(const chat::base::Clock& clock, boost::asio::any_io_executor executor, Handler handler,
                     Options options)
    : clock_(clock),
      executor_(std::move(executor)),
      handler_(std::move(handler)),
      options_(options),
      order_(options.most_keys),
      random_(std::random_device()()),
      group_(executor_) {}

void WorkQueue::start() {
  for (std::size_t i = 0; i < options_.workers; ++i) group_.spawn("work queue", work());
}

bool WorkQueue::add(const std::string& key, Urgency urgency, std::chrono::milliseconds after) {
  auto now = clock_.steady();
  bool added = order_.add(key, urgency, now + after, now);
  if (!waiting_.empty()) waiting_.back()->cancel();  // one is enough: it looks again, and takes what is due
  return added;
}

Task<> WorkQueue::work() {
  boost::asio::steady_timer timer(executor_);
  while (!stopping_) {
    auto now = clock_.steady();
    if (auto key = order_.take(now)) {
      // Whoever waits next looks when the next key is due: this one is busy for a while.
      if (!waiting_.empty()) waiting_.back()->cancel();
      auto outcome = co_await handler_(*key);
      order_.finish(*key, outcome, std::uniform_real_distribution<double>(0, 1)(random_), clock_.steady());
      continue;
    }
    waiting_.push_back(&timer);
    co_await chat::base::sleep_until(timer, order_.next(now).value_or(chat::base::SteadyTime::max()));
    std::erase(waiting_, &timer);
  }
}

Task<bool> WorkQueue::stop(chat::base::SteadyTime deadline) {
  stopping_ = true;
  for (auto* timer : waiting_) timer->cancel();
  co_return co_await group_.idle(deadline);
}

}  // namespace chatop::kubernetes
