#include "dataplane/base/task.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdlib>
#include <vector>

#include "dataplane/base/log.hpp"

namespace chat::base {
namespace {

[[noreturn]] void end_process(const std::string& task, const std::exception_ptr& thrown) {
  std::string what = "not a std::exception";
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& exception) {
    what = exception.what();
  } catch (...) {  // the default above says it
  }
  Log("task").error("coroutine_threw", {{"task", task}, {"what", what}});
  std::abort();
}

}  // namespace

struct TaskGroup::State {
  explicit State(boost::asio::any_io_executor its_executor) : executor(std::move(its_executor)) {}
  boost::asio::any_io_executor executor;
  std::size_t running = 0;
  std::vector<boost::asio::steady_timer*> waiting;  // one for each idle() in progress

  void ended() {
    if (--running > 0) return;
    for (auto* timer : waiting) timer->cancel();
  }
};

TaskGroup::TaskGroup(boost::asio::any_io_executor executor) : state_(std::make_shared<State>(std::move(executor))) {}
TaskGroup::~TaskGroup() = default;

void TaskGroup::spawn(std::string name, Task<> task) {
  ++state_->running;
  boost::asio::co_spawn(state_->executor, std::move(task),
                        [state = state_, name = std::move(name)](const std::exception_ptr& thrown) {
                          if (thrown) end_process(name, thrown);
                          state->ended();
                        });
}

std::size_t TaskGroup::size() const { return state_->running; }

Task<bool> TaskGroup::idle(std::chrono::steady_clock::time_point deadline) {
  auto state = state_;
  boost::asio::steady_timer timer(state->executor);
  struct Registration {
    State& state;
    boost::asio::steady_timer* timer;
    Registration(State& its_state, boost::asio::steady_timer* its_timer) : state(its_state), timer(its_timer) {
      state.waiting.push_back(timer);
    }
    ~Registration() { std::erase(state.waiting, timer); }
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;
  } registration(*state, &timer);
  while (state->running > 0) {
    bool passed = co_await sleep_until(timer, deadline);
    if (passed && state->running > 0) co_return false;
  }
  co_return true;
}

Task<bool> sleep_until(boost::asio::steady_timer& timer, std::chrono::steady_clock::time_point when) {
  boost::system::error_code error;
  timer.expires_at(when);
  co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, error));
  co_return !error;
}

}  // namespace chat::base
