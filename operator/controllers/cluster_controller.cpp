#include "operator/controllers/cluster_controller.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "operator/plan/restart.hpp"
#include "operator/plan/wanted.hpp"
#include "operator/ports/steady.hpp"

namespace chatop::controllers {

using chat::base::Status;
using chat::base::Task;
using Steady = std::chrono::steady_clock;

namespace {

constexpr auto kTick = std::chrono::milliseconds(1000);
constexpr auto kStatusAgain = std::chrono::milliseconds(5000);
constexpr auto kBeginning = std::chrono::seconds(30);  // then others may begin, whatever this one still does
constexpr std::int64_t kTidyEveryMs = 30'000;
constexpr std::int64_t kAnswersMs = 4000;  // one that is asked has answered by then, or did not

}  // namespace

ClusterController::ClusterController(const Environment& environment, const std::string& key,
                                     std::function<void()> finished)
    : environment_(environment),
      decisions_(environment.metrics.counter("chat_operator_decisions_total", "Decisions about ChatClusters")),
      key_(key),
      name_(ports::title_of(key)),
      on_finished_(std::move(finished)),
      platform_(environment.make_platform(key, [this] { wake(); })),
      readings_(std::make_unique<Readings>(environment_, *platform_, [this] { wake(); })),
      alarm_(environment.executor),
      write_alarm_(environment.executor),
      tasks_(environment.executor) {
  cluster_.metadata.name = name_;
}

void ClusterController::update(const api::ChatCluster& cluster) {
  auto status = has_document_ ? cluster_.status : cluster.status;
  if (!has_document_) written_ = cluster.status;
  const bool changed = !has_document_ || cluster_.spec != cluster.spec || cluster_.metadata != cluster.metadata;
  cluster_ = cluster;
  cluster_.status = std::move(status);
  has_document_ = true;
  if (changed) failures_.clear();  // what failed may have been mended by the change
  if (changed) wake();
}

void ClusterController::set_objective(plan::Objective objective) {
  if (objective_ == objective) return;
  objective_ = objective;
  wake();
}

void ClusterController::wake() {
  woken_ = true;
  alarm_.cancel();
}

Task<> ClusterController::open() {
  std::string said;
  while (!closing_) {
    auto opened = co_await platform_->open();
    if (opened) co_return;
    if (std::exchange(said, opened.error().message) != opened.error().message)
      environment_.log.warn("not_read", {{"cluster", name_}, {"error", opened.error().message}});
    if (!closing_) (void)co_await chat::base::sleep_until(alarm_, Steady::now() + kTick);
  }
}

Task<std::optional<chat::base::Turns::Turn>> ClusterController::begin() {
  if (environment_.beginnings == nullptr) co_return std::nullopt;
  co_return co_await environment_.beginnings->take(Steady::time_point::max());
}

Task<> ClusterController::run() {
  auto beginning = co_await begin();
  const auto others_begin = Steady::now() + kBeginning;
  co_await open();
  // The first decision is made with answers: a cluster that serves is not called away because nobody asked it yet.
  if (!closing_) readings_->ask(observe().platform, std::chrono::milliseconds(0));
  co_await readings_->settled();
  while (!closing_ && !finished_) {
    woken_ = false;
    if (may_act())
      reconcile();
    else
      next_ = Steady::now() + kTick;
    if (acting_.empty() || Steady::now() >= others_begin) beginning.reset();
    if (!woken_ && !closing_ && !finished_) (void)co_await chat::base::sleep_until(alarm_, next_);
  }
  (void)co_await tasks_.idle(Steady::time_point::max());
  co_await readings_->settled();
  co_await platform_->close();
}

plan::Observed ClusterController::observe() {
  plan::Observed seen;
  seen.now_ms = ports::steady_milliseconds(environment_.clock);
  seen.wall_ms = environment_.clock.now_milliseconds();
  seen.objective = objective_;
  seen.operator_version = environment_.version;
  seen.live_ms = rest_.count() + kAnswersMs;
  seen.memory = platform_->memory();
  const auto map = plan::parse_map(seen.memory.map);
  seen.platform = platform_->observe(plan::wanted_processes(cluster_.spec, map, environment_.version));
  readings_->add_to(seen);
  seen.clock_step_ms = clock_step_ms_;
  seen.clock_step_at_ms = clock_step_at_ms_;
  seen.acting = acting_;
  seen.failures = failures_;
  return seen;
}

// A clock that is stepped moves against the steady one at once; one that is slewed does so too slowly to be seen here.
void ClusterController::watch_clock() {
  constexpr std::int64_t kStepMs = 1000;
  const auto now = ports::steady_milliseconds(environment_.clock);
  const auto ahead = environment_.clock.now_milliseconds() - now;
  const auto step = ahead - std::exchange(clock_ahead_ms_, ahead).value_or(ahead);
  if (std::abs(step) < kStepMs) return;
  clock_step_ms_ = step;
  clock_step_at_ms_ = now;
  environment_.log.warn("clock_stepped", {{"cluster", name_}, {"step_ms", step}});
}

void ClusterController::reconcile() {
  decisions_.Increment();
  watch_clock();
  auto seen = observe();
  readings_->ask(seen.platform, busy_ ? busy_tick_ : rest_);
  auto decision = plan::decide(cluster_, seen);
  cluster_.status = decision.status;
  if (status_is_old() && !std::exchange(writing_, true)) tasks_.spawn("status of " + name_, write_status());
  has_decided_ = true;
  // What failed and is not wanted any more is no problem any more.
  std::erase_if(failures_, [&](const auto& each) { return !decision.asked_for.contains(each.first); });
  for (auto& action : decision.actions) start_act(std::move(action));
  if (decision.at_rest && objective_ == plan::Objective::stop) {
    finished_ = true;
    on_finished_();
  }
  if (seen.now_ms - tidied_ms_ >= kTidyEveryMs && !finished_) {
    tidied_ms_ = seen.now_ms;
    tasks_.spawn("tidy " + name_, platform_->tidy());
  }
  const auto* progressing = api::find_condition(decision.status, "Progressing");
  busy_ = !acting_.empty() || objective_ != plan::Objective::serve ||
          (progressing != nullptr && progressing->status == api::ConditionStatus::True);
  next_ = Steady::now() + (busy_                 ? busy_tick_
                           : readings_->uneasy() ? std::max(kTick, busy_tick_)
                                                 : std::max(kTick, rest_));
  if (decision.wake_at_ms) {
    const auto wait = std::chrono::milliseconds(std::max<std::int64_t>(1, *decision.wake_at_ms - seen.now_ms));
    next_ = std::min(next_, Steady::now() + wait);
  }
}

bool ClusterController::status_is_old() {
  const auto now = ports::steady_milliseconds(environment_.clock);
  return has_document_ && plan::worth_writing(written_, cluster_.status, now - written_ms_);
}

// One at a time; what changed meanwhile follows, and what failed is tried again: nothing else may happen for minutes.
Task<> ClusterController::write_status() {
  while (!finished_ && may_act() && status_is_old()) {
    const auto status = cluster_.status;
    auto done = co_await environment_.store.write_status(key_, status);
    if (!done) {
      if (std::exchange(unwritten_, done.error().message) != done.error().message)
        environment_.log.warn("status_not_written", {{"cluster", name_}, {"error", done.error().message}});
      const auto wait = std::min(kStatusAgain, plan::restart_wait(++failed_writes_));
      if (!closing_) (void)co_await chat::base::sleep_until(write_alarm_, Steady::now() + wait);
      if (closing_) break;
      continue;
    }
    unwritten_.clear();
    failed_writes_ = 0;
    written_ = status;
    written_ms_ = ports::steady_milliseconds(environment_.clock);
  }
  writing_ = false;
}

void ClusterController::close() {
  closing_ = true;
  write_alarm_.cancel();
  platform_->give_up();
  wake();
}

}  // namespace chatop::controllers
