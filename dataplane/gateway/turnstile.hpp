#pragma once
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <utility>

#include "dataplane/base/task.hpp"
#include "dataplane/domain/token_bucket.hpp"
#include "dataplane/gateway/signal.hpp"

namespace chat::gateway {

struct TurnstileOptions {
  std::int64_t per_second = 500;  // newcomers let in
  std::int64_t burst = 16;        // so many in one moment, after a quiet time; no fewer than 30 ms are worth
  std::size_t at_once = 64;       // who are signing on at the same time
  std::size_t waiting = 32;       // past so many that wait here, the others wait in the kernel's queue
  std::chrono::milliseconds patience{10'000};
};

// How many newcomers may begin to sign on. Pure: `now` is an argument.
class Pace {
 public:
  explicit Pace(const TurnstileOptions& options) : options_(options) {}
  // True: one more begins, and left() is owed once it is through.
  [[nodiscard]] bool enter(base::SteadyTime now) {
    constexpr double kSecondsAMinute = 60;
    if (inside_ >= options_.at_once) return false;
    if (!tokens_.take(static_cast<double>(options_.per_second) * kSecondsAMinute, options_.burst, now).allowed)
      return false;
    ++inside_;
    return true;
  }
  void left() { --inside_; }
  [[nodiscard]] std::size_t inside() const { return inside_; }

 private:
  TurnstileOptions options_;
  domain::TokenBucket tokens_;
  std::size_t inside_ = 0;
};

// Newcomers pass one after the other, so that a crowd of them takes a bounded share of the loop, and of the servers
// behind it, from those who are here already. Who waits is let in in the order of coming, a few together: what they ask
// for is then asked for together. Lifecycle: stop() before destruction, with all that enter() gave back. One thread.
class Turnstile {
 public:
  // Of one newcomer, from enter() until it goes out of scope.
  class Turn {
   public:
    Turn() = default;
    explicit Turn(Turnstile& of) : of_(&of) {}
    Turn(Turn&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    Turn& operator=(Turn&& other) noexcept {
      std::swap(of_, other.of_);
      return *this;
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
      if (of_ != nullptr) of_->pace_.left();
    }
    explicit operator bool() const { return of_ != nullptr; }

   private:
    Turnstile* of_ = nullptr;
  };

  Turnstile(boost::asio::any_io_executor executor, TurnstileOptions options);
  // An empty turn where it did not come within `patience`, or the gateway stops.
  [[nodiscard]] base::Task<Turn> enter();
  // Until so few wait that more may come.
  [[nodiscard]] base::Task<> room();
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  [[nodiscard]] base::Task<> stop();

 private:
  struct Waiter {
    boost::asio::steady_timer timer;
    bool let_in = false;
  };
  base::Task<> let_in();

  boost::asio::any_io_executor executor_;
  TurnstileOptions options_;
  Pace pace_;
  std::list<Waiter*> waiting_;  // in the frames of enter()
  Signal fewer_;
  bool letting_in_ = false;
  bool stopping_ = false;
  base::TaskGroup tasks_;
};

}  // namespace chat::gateway
