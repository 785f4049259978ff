#pragma once
#include <list>
#include <optional>

#include "dataplane/base/task.hpp"

namespace chat::base {

// So many may do something at a time; the others wait in the order they came. One thread; outlives its turns.
class Turns {
 public:
  Turns(boost::asio::any_io_executor executor, std::size_t at_once) : executor_(std::move(executor)), free_(at_once) {}

  // Gives its turn to the next one when it goes.
  class Turn {
   public:
    explicit Turn(Turns& turns) : turns_(&turns) {}
    Turn(Turn&& other) noexcept : turns_(std::exchange(other.turns_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (turns_ != nullptr) turns_->give_back();
    }

   private:
    Turns* turns_;
  };
  // nullopt: it did not come by the deadline.
  [[nodiscard]] Task<std::optional<Turn>> take(std::chrono::steady_clock::time_point deadline) {
    if (free_ > 0) {
      --free_;
      co_return Turn(*this);
    }
    Waiting mine{boost::asio::steady_timer(executor_)};
    waiting_.push_back(&mine);
    (void)co_await sleep_until(mine.timer, deadline);
    if (mine.has_turn) co_return Turn(*this);
    waiting_.remove(&mine);
    co_return std::nullopt;
  }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  struct Waiting {
    boost::asio::steady_timer timer;
    bool has_turn = false;
  };
  void give_back() {
    if (waiting_.empty()) {
      ++free_;
      return;
    }
    auto* next = waiting_.front();
    waiting_.pop_front();
    next->has_turn = true;
    next->timer.cancel();
  }
  boost::asio::any_io_executor executor_;
  std::size_t free_;
  std::list<Waiting*> waiting_;
};

}  // namespace chat::base
