#pragma once
#include <utility>  // before Asio: Boost 1.74's awaitable.hpp needs std::exchange

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "dataplane/base/result.hpp"

namespace chat::base {

template <class T = void>
using Task = boost::asio::awaitable<T>;

// Every spawned coroutine belongs to a group that shutdown waits for. One thread: all calls come from the
// executor's thread. An exception that leaves a coroutine is a broken invariant: it is logged and ends the process.
// The group must outlive its coroutines: await `idle()` before it is destroyed.
class TaskGroup {
 public:
  explicit TaskGroup(boost::asio::any_io_executor executor);
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup();

  // `name` appears in the log when the coroutine throws. Pass a coroutine function's result, never a lambda
  // with captures that is itself the coroutine.
  void spawn(std::string name, Task<> task);
  [[nodiscard]] std::size_t size() const;
  // Completes when no coroutine of the group runs; false when `deadline` passed first.
  [[nodiscard]] Task<bool> idle(std::chrono::steady_clock::time_point deadline);

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with completion handlers that may run while the group is being destroyed
};

// Waits; false when the timer was cancelled.
[[nodiscard]] Task<bool> sleep_until(boost::asio::steady_timer& timer, std::chrono::steady_clock::time_point when);

}  // namespace chat::base
