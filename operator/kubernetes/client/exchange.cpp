#include "operator/kubernetes/client/exchange.hpp"

#include <boost/asio/post.hpp>

namespace chatop::kubernetes {

using chat::base::fail;
using chat::base::Result;
using chat::base::Task;

Exchange::Exchange(boost::asio::any_io_executor executor, std::size_t most_bytes, bool stream)
    : executor_(std::move(executor)), timer_(executor_), most_bytes_(most_bytes), stream_(stream) {}

// The loop looks at the state and begins to wait in one go, on its own thread: a wake that was posted after a change
// finds it waiting or finds that it has seen the change.
void Exchange::wake() {
  boost::asio::post(executor_, [self = shared_from_this()] { self->timer_.cancel(); });
}

void Exchange::on_head(int status, std::string retry_after) {
  {
    std::lock_guard lock(mutex_);
    head_ = Head{status, std::move(retry_after)};
  }
  wake();
}

Exchange::Taken Exchange::on_bytes(std::string bytes, std::function<void()> go_on) {
  auto taken = Taken::yes;
  {
    std::lock_guard lock(mutex_);
    if (cancelled_) return Taken::refuse;
    if (!stream_ && bytes_.size() + bytes.size() > most_bytes_) {
      too_large_ = true;
      return Taken::refuse;
    }
    bytes_ += bytes;
    if (stream_ && bytes_.size() >= most_bytes_) {
      go_on_ = std::move(go_on);
      taken = Taken::wait;
    }
  }
  if (stream_) wake();
  return taken;
}

void Exchange::on_end(std::optional<std::string> problem) {
  {
    std::lock_guard lock(mutex_);
    ended_ = true;
    problem_ = std::move(problem);
    abort_ = nullptr;
  }
  wake();
}

void Exchange::set_abort(std::function<void()> abort) {
  std::lock_guard lock(mutex_);
  abort_ = std::move(abort);
}

void Exchange::cancel() {
  std::function<void()> abort;
  std::function<void()> go_on;
  {
    std::lock_guard lock(mutex_);
    if (cancelled_) return;
    cancelled_ = true;
    abort.swap(abort_);
    go_on.swap(go_on_);
  }
  if (abort) abort();
  if (go_on) go_on();  // its next read finds the connection closed
  wake();
}

chat::base::Error Exchange::broken() const {
  if (too_large_)
    return {ApiErrc::malformed, "the API server's answer is larger than " + std::to_string(most_bytes_) + " bytes"};
  if (cancelled_) return {ApiErrc::unreachable, "the call was cancelled"};
  return {ApiErrc::unreachable, "the API server can not be reached: " + problem_.value_or("the connection ended")};
}

Task<Result<Exchange::Head>> Exchange::head(std::chrono::steady_clock::time_point deadline) {
  auto self = shared_from_this();
  for (;;) {
    {
      std::lock_guard lock(mutex_);
      if (cancelled_) co_return fail(broken());
      if (head_) co_return *head_;
      if (ended_) co_return fail(broken());
    }
    if (co_await chat::base::sleep_until(timer_, deadline)) {
      cancel();
      co_return fail(ApiErrc::unreachable, "the API server did not answer in time");
    }
  }
}

Task<Result<std::string>> Exchange::body(std::chrono::steady_clock::time_point deadline) {
  auto self = shared_from_this();
  for (;;) {
    {
      std::lock_guard lock(mutex_);
      if (too_large_ || cancelled_ || (ended_ && problem_)) co_return fail(broken());
      if (ended_) co_return std::move(bytes_);
    }
    if (co_await chat::base::sleep_until(timer_, deadline)) {
      cancel();
      co_return fail(ApiErrc::unreachable, "the API server's answer did not end in time");
    }
  }
}

std::string Exchange::take_bytes() {
  std::string taken;
  std::function<void()> go_on;
  {
    std::lock_guard lock(mutex_);
    taken.swap(bytes_);
    go_on.swap(go_on_);
  }
  if (go_on) go_on();
  return taken;
}

Task<Result<std::string>> Exchange::read() {
  auto self = shared_from_this();
  for (;;) {
    bool waiting = false;
    {
      std::lock_guard lock(mutex_);
      waiting = !bytes_.empty();
      if (cancelled_ || (!waiting && ended_ && problem_)) co_return fail(broken());
      if (!waiting && ended_) co_return std::string();
    }
    if (waiting) co_return take_bytes();
    // The library ends what is idle for too long; this side waits for what it reports.
    co_await chat::base::sleep_until(timer_, std::chrono::steady_clock::time_point::max());
  }
}

}  // namespace chatop::kubernetes
