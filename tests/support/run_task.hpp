#pragma once
#include "dataplane/base/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <optional>
#include <stdexcept>
#include <type_traits>

namespace chat::testing {

// Runs `io` on this thread until `task` has ended, and returns its value or throws its exception. Throws when it does
// not end in time. Whatever else runs on `io` goes on meanwhile and stays there.
template <class T>
T run_task(boost::asio::io_context& io, base::Task<T> task,
           std::chrono::milliseconds within = std::chrono::seconds(20)) {
  struct Outcome {
    bool done = false;
    std::exception_ptr thrown;
    std::conditional_t<std::is_void_v<T>, std::optional<bool>, std::optional<T>> value;
  };
  // Shared: the handler may outlive this frame when the deadline passes.
  auto outcome = std::make_shared<Outcome>();
  if constexpr (std::is_void_v<T>) {
    boost::asio::co_spawn(io, std::move(task), [outcome](std::exception_ptr thrown) {
      outcome->thrown = std::move(thrown);
      outcome->done = true;
    });
  } else {
    // co_spawn wants a default-constructible result, which a Result need not be: the value is kept on the way.
    auto keep = [](base::Task<T> inner, std::shared_ptr<Outcome> its_outcome) -> base::Task<> {
      its_outcome->value.emplace(co_await std::move(inner));
    };
    boost::asio::co_spawn(io, keep(std::move(task), outcome), [outcome](std::exception_ptr thrown) {
      outcome->thrown = std::move(thrown);
      outcome->done = true;
    });
  }
  auto deadline = std::chrono::steady_clock::now() + within;
  if (io.stopped()) io.restart();
  while (!outcome->done && io.run_one_until(deadline) > 0) {
  }
  if (!outcome->done) throw std::runtime_error("the task did not end in time");
  if (outcome->thrown) std::rethrow_exception(outcome->thrown);
  if constexpr (!std::is_void_v<T>) return std::move(*outcome->value);
}

// On an event loop of its own.
template <class T>
T run_task(base::Task<T> task, std::chrono::milliseconds within = std::chrono::seconds(20)) {
  boost::asio::io_context io;
  return run_task(io, std::move(task), within);
}

}  // namespace chat::testing
