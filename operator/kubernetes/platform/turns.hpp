#pragma once
#include <list>
#include <memory>

#include "dataplane/base/task.hpp"

namespace chatop::kubernetes {

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
  [[nodiscard]] chat::base::Task<Turn> take() {
    if (free_ > 0) {
      --free_;
      co_return Turn(*this);
    }
    boost::asio::steady_timer timer(executor_);
    waiting_.push_back(&timer);
    (void)co_await chat::base::sleep_until(timer, std::chrono::steady_clock::time_point::max());
    co_return Turn(*this);  // handed over by give_back()
  }

 private:
  void give_back() {
    if (waiting_.empty()) {
      ++free_;
      return;
    }
    auto* next = waiting_.front();
    waiting_.pop_front();
    next->cancel();
  }
  boost::asio::any_io_executor executor_;
  std::size_t free_;
  std::list<boost::asio::steady_timer*> waiting_;
};

}  // namespace chatop::kubernetes
