#include "operator/cli/progress.hpp"

#include <array>
#include <cstdio>
#include <ostream>

#include "operator/cli/summary.hpp"

namespace chatop::cli {

void Progress::step(const std::string& subject, const std::string& text) {
  auto& last = shown_[subject];
  if (last == text) return;
  last = text;
  const auto passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_);
  std::array<char, 64> head{};
  std::snprintf(head.data(), head.size(), "%6.1f s  ", passed.count());
  constexpr std::size_t kSubject = 12;
  const std::string padded = subject + std::string(subject.size() < kSubject ? kSubject - subject.size() : 1, ' ');
  session_.out << painted(session_, Colour::Dim, head.data()) << padded << text << std::endl;
}

void Progress::show(const api::ChatCluster& cluster) {
  const auto& status = cluster.status;
  if (status.observed_generation != cluster.metadata.generation) return;  // still speaks of the document before
  for (const auto& component : components(status)) {
    // Nothing to tell of what has not begun; shards are the long part, so they say what they wait for.
    const bool waits = component.name == "shards" && !status.shards.empty();
    if (component.begun || waits || shown_.contains(component.name)) step(component.name, component.state);
  }
  const auto* degraded = api::find_condition(status, "Degraded");
  if (degraded && degraded->status == api::ConditionStatus::True)
    step("trouble", painted(session_, Colour::Yellow, degraded->message));
  else if (shown_.contains("trouble"))
    step("trouble", "over");
  const auto* update = api::find_condition(status, "UpdateInProgress");
  if (update && update->status == api::ConditionStatus::True) step("update", update->message);
}

}  // namespace chatop::cli
