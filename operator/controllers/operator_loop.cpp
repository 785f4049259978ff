#include "operator/controllers/operator_loop.hpp"

#include <algorithm>

namespace chatop::controllers {

using chat::base::Task;
using Steady = std::chrono::steady_clock;

namespace {

constexpr auto kTick = std::chrono::seconds(1);

}  // namespace

OperatorLoop::OperatorLoop(const Environment& environment)
    : environment_(environment), alarm_(environment.executor), tasks_(environment.executor) {}

void OperatorLoop::wake() {
  woken_ = true;
  alarm_.cancel();
}

ClusterController& OperatorLoop::controller(const std::string& name) {
  auto& slot = controllers_[name];
  if (!slot) {
    slot = std::make_unique<ClusterController>(environment_, name, [this] { wake(); });
    running_.insert(slot.get());
  }
  return *slot;
}

Task<> OperatorLoop::run_controller(ClusterController& its_controller) {
  co_await its_controller.run();
  running_.erase(&its_controller);
  wake();
}

// Once for each change: this is read every second.
void OperatorLoop::say_unreadable(const std::vector<std::string>& unreadable) {
  if (unreadable == unreadable_) return;
  unreadable_ = unreadable;
  for (const auto& each : unreadable) environment_.log.warn("document_not_read", {{"document", each}});
}

void OperatorLoop::read_documents() {
  auto stored = environment_.store.list();
  say_unreadable(stored ? stored->unreadable : std::vector<std::string>{stored.error().message});
  if (!stored) return;
  if (controllers_.empty()) {  // who waits for something goes first, where not all may begin at once
    std::stable_partition(stored->clusters.begin(), stored->clusters.end(), [](const auto& each) {
      return each.cluster.status.observed_generation != each.cluster.metadata.generation;
    });
  }
  for (const auto& each : stored->clusters) {
    const bool is_new = !controllers_.contains(each.key);
    auto& its_controller = controller(each.key);
    its_controller.set_pace(environment_.pace.at_rest(stored->clusters.size(), each.key),
                            environment_.pace.at_work(stored->clusters.size()));
    its_controller.update(each.cluster);
    if (stopping_everything_)
      its_controller.set_objective(plan::Objective::stop);
    else
      its_controller.set_objective(each.deleting ? plan::Objective::remove : plan::Objective::serve);
    if (is_new) tasks_.spawn("cluster " + ports::title_of(each.key), run_controller(its_controller));
  }
  if (stored->absent_is_gone) close_absent(*stored);
  has_read_ = true;
}

void OperatorLoop::close_absent(const ports::StoredClusters& stored) {
  std::set<std::string> there(stored.unreadable.begin(), stored.unreadable.end());
  for (const auto& each : stored.clusters) there.insert(each.key);
  for (auto& [key, its_controller] : controllers_) {
    if (there.contains(key) || its_controller->closing()) continue;
    environment_.log.info("document_gone", {{"cluster", ports::title_of(key)}});
    its_controller->close();
  }
}

void OperatorLoop::drop_finished() {
  std::erase_if(controllers_, [this](const auto& entry) {
    return (entry.second->finished() || entry.second->closing()) && !running_.contains(entry.second.get()) &&
           !stopping_everything_;
  });
}

Task<> OperatorLoop::run() {
  while (!closing_) {
    woken_ = false;
    drop_finished();
    read_documents();
    if (!woken_ && !closing_)
      (void)co_await chat::base::sleep_until(alarm_, Steady::now() + environment_.pace.documents);
  }
}

bool OperatorLoop::all_finished() const {
  return std::all_of(controllers_.begin(), controllers_.end(),
                     [](const auto& entry) { return entry.second->finished(); });
}

Task<bool> OperatorLoop::stop_everything(std::vector<std::string> others, Steady::time_point deadline) {
  stopping_everything_ = true;
  read_documents();
  for (const auto& name : others) {
    if (controllers_.contains(name)) continue;
    auto& its_controller = controller(name);
    its_controller.set_objective(plan::Objective::stop);
    tasks_.spawn("cluster " + name, run_controller(its_controller));
  }
  while (!all_finished() && Steady::now() < deadline) {
    woken_ = false;
    (void)co_await chat::base::sleep_until(alarm_, std::min(deadline, Steady::now() + kTick));
  }
  co_return all_finished();
}

Task<> OperatorLoop::close(Steady::time_point deadline) {
  closing_ = true;
  wake();
  for (auto& [name, its_controller] : controllers_) its_controller->close();
  (void)co_await tasks_.idle(deadline);
}

bool OperatorLoop::has_decided() const {
  return has_read_ && std::all_of(controllers_.begin(), controllers_.end(),
                                  [](const auto& entry) { return entry.second->has_decided(); });
}

}  // namespace chatop::controllers
