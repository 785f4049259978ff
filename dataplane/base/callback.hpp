#pragma once
#include "dataplane/base/task.hpp"

#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <type_traits>

namespace chat::base {

// Awaits a function that reports through a callback: `start(done)` is called at once, and the coroutine resumes with
// what `done` was called with. `done` must be called exactly once, on the coroutine's executor, after start() returned.
template <class T, class Start>
Task<T> await_callback(Start start) {
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void(T)>(
      [&start](auto handler) {
        // Shared: std::function wants to be copyable, Asio's handler is not.
        auto shared = std::make_shared<std::decay_t<decltype(handler)>>(std::move(handler));
        start(std::function<void(T)>([shared](T value) { (*shared)(std::move(value)); }));
      },
      boost::asio::use_awaitable);
}

}  // namespace chat::base
