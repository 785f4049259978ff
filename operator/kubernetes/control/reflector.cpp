#include "operator/kubernetes/control/reflector.hpp"

#include "dataplane/base/backoff.hpp"

namespace chatop::kubernetes {
namespace {

using chat::base::Error;
using chat::base::Task;

constexpr std::chrono::milliseconds kFirstWait{200};
constexpr std::chrono::milliseconds kLongestWait{30'000};
constexpr int kShortestWatch = 240;  // seconds; the server ends it then
constexpr int kWatchSpread = 60;     // so that not all watches of all operators end at once

}  // namespace

AfterWatch after_watch(const Error* failed, unsigned failures, double jitter) {
  if (failed == nullptr) return {};
  bool too_old = failed->code == ApiErrc::gone;
  // The first time at once: a server that restarts forgets places, and answers at once.
  auto wait = failures == 0 && too_old ? std::chrono::milliseconds(0)
                                       : chat::base::backoff(failures, jitter, kFirstWait, kLongestWait);
  return {too_old, std::max(wait, failed->retry_after)};
}

Reflector::Reflector(Client& client, boost::asio::any_io_executor executor, ListRequest request, Options options,
                     const chat::base::Log& log)
    : client_(client),
      timer_(std::move(executor)),
      request_(std::move(request)),
      options_(std::move(options)),
      log_(log),
      random_(std::random_device()()) {}

Task<> Reflector::run() {
  while (!stopping_) {
    if (resource_version_.empty() && !co_await list()) continue;
    if (stopping_) break;
    auto failed = co_await watch();
    if (stopping_) break;
    auto next = after_watch(failed ? &*failed : nullptr, failures_, jitter());
    failures_ = failed ? failures_ + 1 : 0;
    if (failed) {
      ++counts_.failures;
      log_.warn("watch_ended",
                {{"kind", request_.kind.plural}, {"what", failed->message}, {"list_again", next.list_again}});
    }
    if (next.list_again) resource_version_.clear();
    co_await pause(next.wait);
  }
}

void Reflector::stop() {
  stopping_ = true;
  timer_.cancel();
  if (stream_ != nullptr) stream_->cancel();
}

Task<bool> Reflector::list() {
  auto listed = co_await client_.list(request_, options_.keep);
  if (listed) {
    ++counts_.lists;
    resource_version_ = std::move(listed->resource_version);
    tell(cache_.replace(std::move(listed->items)));
    if (options_.listed) options_.listed();
    co_return true;
  }
  log_.warn("list_failed", {{"kind", request_.kind.plural}, {"what", listed.error().message}});
  auto next = after_watch(&listed.error(), failures_++, jitter());
  ++counts_.failures;
  co_await pause(next.wait);
  co_return false;
}

Task<std::optional<Error>> Reflector::watch() {
  int seconds = kShortestWatch + static_cast<int>(jitter() * kWatchSpread);
  auto stream = co_await client_.watch(request_, resource_version_, seconds);
  if (!stream) co_return std::move(stream.error());
  if (stopping_) co_return std::nullopt;
  ++counts_.watches;
  stream_ = stream->get();
  std::optional<Error> failed;
  for (;;) {
    auto event = co_await stream_->next();
    if (!event) failed = std::move(event.error());
    if (!event || !*event || stopping_) break;
    failures_ = 0;
    resource_version_ = std::move((*event)->resource_version);
    if ((*event)->type != WatchEvent::Type::bookmark)
      tell(cache_.take((*event)->type, options_.keep(std::move((*event)->object))));
  }
  stream_ = nullptr;
  co_return failed;
}

Task<> Reflector::pause(std::chrono::milliseconds wait) {
  if (stopping_ || wait.count() == 0) co_return;
  auto when = std::chrono::steady_clock::now() +
              std::chrono::duration_cast<std::chrono::milliseconds>(wait * options_.patience);
  co_await chat::base::sleep_until(timer_, when);
}

void Reflector::tell(const std::vector<Change>& changes) {
  if (!options_.changed) return;
  for (const auto& change : changes) options_.changed(change);
}

}  // namespace chatop::kubernetes
