#include "operator/kubernetes/site/site_watch.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

namespace chatop::kubernetes {
namespace {

using chat::base::Json;
using chat::base::SteadyTime;

constexpr std::chrono::seconds kAskAboutOperator{10};
constexpr std::chrono::seconds kEnd{20};  // more than a call may take

// Enough to see that it changed.
Json version_of(Json object) {
  auto metadata = object.value("metadata", Json::object());
  Json kept = Json::object();
  for (const char* key : {"name", "namespace", "uid", "resourceVersion"})
    if (metadata.contains(key)) kept[key] = metadata[key];
  return {{"metadata", std::move(kept)}};
}

}  // namespace

SiteWatch::SiteWatch(Connection& connection, ListRequest documents, ports::Site::Signals signals,
                     std::function<bool()> operator_runs)
    : connection_(connection),
      operator_runs_(std::move(operator_runs)),
      tasks_(connection.io().get_executor()),
      reflector_(connection.client(), connection.io().get_executor(), std::move(documents),
                 {.keep = version_of, .changed = [this](const auto& /*change*/) { changed_ = true; }}, log_) {
  tasks_.spawn("watch", reflector_.run());
  if (signals == ports::Site::Signals::leave) return;
  signals_.emplace(connection.io(), SIGINT, SIGTERM);
  await_signal();
}

void SiteWatch::await_signal() {
  signals_->async_wait([this](boost::system::error_code failed, int /*signal*/) {
    if (failed) return;
    interrupted_ = true;
    await_signal();
  });
}

SiteWatch::~SiteWatch() {
  signals_.reset();
  reflector_.stop();
  connection_.run(tasks_.idle(std::chrono::steady_clock::now() + kEnd));
}

void SiteWatch::follow_operator() { ask_at_ = std::chrono::steady_clock::now() + kAskAboutOperator; }

void SiteWatch::run_until(SteadyTime end) {
  auto& io = connection_.io();
  if (io.stopped()) io.restart();
  while (!changed_ && !interrupted_ && io.run_one_until(end) > 0) {
  }
}

ports::Watch::Woken SiteWatch::wait(std::chrono::milliseconds most) {
  const auto end = std::chrono::steady_clock::now() + most;
  bool ended = false;
  for (;;) {
    run_until(ask_at_ ? std::min(*ask_at_, end) : end);
    const auto now = std::chrono::steady_clock::now();
    if (ask_at_ && now >= *ask_at_) {
      ended = !operator_runs_();
      ask_at_ = ended ? std::nullopt : std::optional(now + kAskAboutOperator);  // said once
    }
    if (changed_ || interrupted_ || ended || now >= end) break;
  }
  changed_ = false;
  return {ended, std::exchange(interrupted_, false)};
}

}  // namespace chatop::kubernetes
