#pragma once
#include "dataplane/base/task.hpp"

#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>

namespace chat::base {

enum class PoolErrc { full = 1 };
std::error_code make_error_code(PoolErrc code);

// A bounded pool of threads for blocking clients (libpqxx, bcrypt). At most `queue_bound` calls wait; a further
// one fails at once with PoolErrc::full, so a slow backend sheds load instead of growing a queue.
class BlockingPool {
 public:
  BlockingPool(std::string name, std::size_t threads, std::size_t queue_bound);
  ~BlockingPool();  // waits for running calls. Goes before their io_context: a thread may be inside post() still

  // Runs `work` (returns Result<T>, must not throw) on a pool thread and resumes on the awaiting coroutine's executor.
  // `work` lives in the caller's frame until it has ended: the call can not be abandoned half way.
  template <class Work, class R = std::invoke_result_t<Work&>>
  Task<R> run(Work work) {
    if (waiting_.fetch_add(1) >= bound_) {
      waiting_.fetch_sub(1);
      co_return fail(make_error_code(PoolErrc::full), name_ + " is busy: try again shortly", std::chrono::seconds(1));
    }
    std::optional<R> result;
    // The handler goes to the pool and comes back: `work` and `result` stay in this frame, which waits.
    co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void()>(
        [this, &work, &result](auto handler) {
          boost::asio::post(pool_, [this, &work, &result, done = std::move(handler)]() mutable {
            waiting_.fetch_sub(1);
            result.emplace(work());
            auto home = boost::asio::get_associated_executor(done);
            boost::asio::post(home, std::move(done));
          });
        },
        boost::asio::use_awaitable);
    co_return std::move(*result);
  }

  [[nodiscard]] std::size_t waiting() const { return waiting_.load(); }

 private:
  std::string name_;
  std::size_t bound_;
  std::atomic<std::size_t> waiting_{0};
  boost::asio::thread_pool pool_;
};

}  // namespace chat::base

template <>
struct std::is_error_code_enum<chat::base::PoolErrc> : std::true_type {};
