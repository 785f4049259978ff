#include "operator/kubernetes/control/work_order.hpp"

#include <algorithm>

#include "dataplane/base/backoff.hpp"

namespace chatop::kubernetes {
namespace {

using chat::base::SteadyTime;

constexpr std::chrono::milliseconds kFirstPause{250};
constexpr std::chrono::milliseconds kLongestPause{60'000};

}  // namespace

bool WorkOrder::add(const std::string& key, Urgency urgency, SteadyTime when, SteadyTime now) {
  auto due = std::max(when, now);
  if (auto working = working_.find(key); working != working_.end()) {
    auto& again = working->second;
    if (!again) again = Waiting{urgency, due};
    again->urgency = std::min(again->urgency, urgency);
    again->due = std::min(again->due, due);
    return true;
  }
  if (!waiting_.contains(key) && size() >= most_keys_) return false;
  put(key, urgency, due);
  return true;
}

// Of two wishes for one key the more urgent and the earlier count.
void WorkOrder::put(const std::string& key, Urgency urgency, SteadyTime due) {
  auto number = ++numbers_;
  if (auto found = waiting_.find(key); found != waiting_.end()) {
    const auto before = found->second;
    if (before.urgency <= urgency && before.due <= due) return;
    delayed_.erase({before.due, key});
    due_.erase({before.urgency, before.number});
    urgency = std::min(urgency, before.urgency);
    due = std::min(due, before.due);
    number = before.number;
  }
  waiting_[key] = Waiting{urgency, due, number};
  delayed_.emplace(due, key);
}

void WorkOrder::promote(SteadyTime now) {
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    auto key = delayed_.begin()->second;
    delayed_.erase(delayed_.begin());
    const auto& waiting = waiting_.at(key);
    due_.emplace(std::pair(waiting.urgency, waiting.number), std::move(key));
  }
}

std::optional<std::string> WorkOrder::take(SteadyTime now) {
  promote(now);
  if (due_.empty()) return std::nullopt;
  auto key = std::move(due_.begin()->second);
  due_.erase(due_.begin());
  waiting_.erase(key);
  working_.emplace(key, std::nullopt);
  return key;
}

void WorkOrder::finish(const std::string& key, Outcome outcome, double jitter, SteadyTime now) {
  auto working = working_.find(key);
  if (working == working_.end()) return;
  auto again = working->second;
  working_.erase(working);
  if (outcome.kind == Outcome::Kind::retry) {
    auto pause = chat::base::backoff(failures_[key]++, jitter, kFirstPause, kLongestPause);
    put(key, Urgency::change, now + std::max(pause, outcome.after));
  } else {
    failures_.erase(key);
    if (outcome.kind == Outcome::Kind::later) put(key, Urgency::resync, now + outcome.after);
  }
  // A change that came meanwhile is not held back by a pause: it may be what mends the failure.
  if (again) put(key, again->urgency, again->due);
  if (!waiting_.contains(key)) failures_.erase(key);
}

std::optional<SteadyTime> WorkOrder::next(SteadyTime now) const {
  if (!due_.empty()) return now;
  if (delayed_.empty()) return std::nullopt;
  return std::max(delayed_.begin()->first, now);
}

}  // namespace chatop::kubernetes
