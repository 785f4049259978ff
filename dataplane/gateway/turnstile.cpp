#include "dataplane/gateway/turnstile.hpp"

namespace chat::gateway {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kLookAgain{1};
constexpr std::chrono::seconds kStopping{1};

}  // namespace

Turnstile::Turnstile(boost::asio::any_io_executor executor, TurnstileOptions options, Frames frames)
    : executor_(executor), options_(options), frames_(std::move(frames)), pace_(options), tasks_(executor) {}

bool Turnstile::busy() { return traffic_.busy(frames_(), steady_clock::now()); }

bool Turnstile::may_enter() {
  const bool others_chat = busy();
  return pace_.enter(steady_clock::now(), others_chat);
}

base::Task<Turnstile::Turn> Turnstile::enter() {
  if (stopping_) co_return Turn();
  if (waiting_.empty() && may_enter()) co_return Turn(*this);
  Waiter waiter{boost::asio::steady_timer(executor_)};
  const auto place = waiting_.insert(waiting_.end(), &waiter);
  if (!std::exchange(letting_in_, true)) tasks_.spawn("turnstile", let_in());
  co_await base::sleep_until(waiter.timer, steady_clock::now() + options_.patience);
  if (waiter.let_in) co_return Turn(*this);
  waiting_.erase(place);
  fewer_.notify();
  co_return Turn();
}

base::Task<> Turnstile::let_in() {
  boost::asio::steady_timer timer(executor_);
  while (!waiting_.empty() && !stopping_) {
    co_await base::sleep_until(timer, steady_clock::now() + pace_.look_again(busy()));
    while (!waiting_.empty() && may_enter()) {
      waiting_.front()->let_in = true;
      waiting_.front()->timer.cancel();
      waiting_.pop_front();
    }
    if (waiting_.size() < options_.waiting) fewer_.notify();
  }
  letting_in_ = false;
}

base::Task<> Turnstile::room() {
  while (waiting_.size() >= options_.waiting && !stopping_) {
    co_await fewer_.wait(executor_, steady_clock::now() + kLookAgain);
  }
}

base::Task<> Turnstile::stop() {
  stopping_ = true;
  for (auto* waiter : waiting_) waiter->timer.cancel();
  fewer_.notify();
  (void)co_await tasks_.idle(steady_clock::now() + kStopping);
}

}  // namespace chat::gateway
