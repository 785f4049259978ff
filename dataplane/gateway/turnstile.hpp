#pragma once
#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <utility>

#include "dataplane/base/task.hpp"
#include "dataplane/domain/token_bucket.hpp"
#include "dataplane/gateway/signal.hpp"

namespace chat::gateway {

struct TurnstileOptions {
  std::int64_t per_second = 1000;      // newcomers let in: more together cost less each
  std::int64_t per_second_busy = 125;  // and while those who are here chat, who would have to wait for them
  std::int64_t burst = 32;             // so many in one moment, after a quiet time; no fewer than 30 ms are worth
  std::size_t at_once = 64;            // who are signing on at the same time
  std::size_t waiting = 32;            // past so many that wait here, the others wait in the kernel's queue
  std::chrono::milliseconds patience{10'000};
};

// For per_second_busy: newcomers share the processors with the servers behind this one, where all are on one machine.
// tests/bench/disturbances measured two processors, and that more hold others up.
[[nodiscard]] constexpr std::int64_t newcomers_beside_others(unsigned processors) {
  constexpr std::int64_t kLeast = 125;
  constexpr std::int64_t kMost = 250;
  return std::clamp(kLeast / 2 * processors, kLeast, kMost);
}

// Whether those who are here chat, by how many of their frames passed, which is counted without end. Pure.
class Traffic {
 public:
  [[nodiscard]] bool busy(double frames, base::SteadyTime now) {
    constexpr std::chrono::duration<double> kLeast =
        std::chrono::milliseconds(200);  // for fewer one frame says too much
    constexpr double kBusy = 20;         // frames a second
    if (!since_) {
      since_ = now;
      frames_ = frames;
    } else if (const std::chrono::duration<double> passed = now - *since_; passed >= kLeast) {
      busy_ = (frames - frames_) / passed.count() >= kBusy;
      since_ = now;
      frames_ = frames;
    }
    return busy_;
  }

 private:
  std::optional<base::SteadyTime> since_;
  double frames_ = 0;
  bool busy_ = true;  // until it is known
};

// How many newcomers may begin to sign on. Pure: `now` is an argument.
class Pace {
 public:
  explicit Pace(const TurnstileOptions& options) : options_(options) {}
  // True: one more begins, and left() is owed once it is through.
  [[nodiscard]] bool enter(base::SteadyTime now, bool busy) {
    constexpr double kSecondsAMinute = 60;
    if (inside_ >= options_.at_once) return false;
    const auto per_second = busy ? options_.per_second_busy : options_.per_second;
    const auto burst = std::max<std::int64_t>(1, options_.burst * per_second / options_.per_second);
    if (!tokens_.take(static_cast<double>(per_second) * kSecondsAMinute, burst, now).allowed) return false;
    ++inside_;
    return true;
  }
  void left() { --inside_; }
  // Between two looks at who waits. They come in by tens where nobody chats: a question for ten costs little more than
  // one for one. While others chat they come in one by one: each ten would hold those up at one moment.
  [[nodiscard]] std::chrono::milliseconds look_again(bool busy) const {
    constexpr std::chrono::milliseconds kTens{30};
    constexpr std::chrono::milliseconds kSecond{1000};
    return busy ? std::max(kSecond / options_.per_second_busy, std::chrono::milliseconds(1)) : kTens;
  }
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
  // How many frames those who are here have sent and got, ever.
  using Frames = std::function<double()>;
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

  Turnstile(boost::asio::any_io_executor executor, TurnstileOptions options, Frames frames);
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
  [[nodiscard]] bool busy();
  [[nodiscard]] bool may_enter();

  boost::asio::any_io_executor executor_;
  TurnstileOptions options_;
  Frames frames_;
  Traffic traffic_;
  Pace pace_;
  std::list<Waiter*> waiting_;  // in the frames of enter()
  Signal fewer_;
  bool letting_in_ = false;
  bool stopping_ = false;
  base::TaskGroup tasks_;
};

}  // namespace chat::gateway
