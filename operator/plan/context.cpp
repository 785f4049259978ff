#include "operator/plan/context.hpp"

#include <algorithm>

#include "operator/plan/restart.hpp"
#include "operator/plan/wanted.hpp"

namespace chatop::plan {

using ports::OwnedRange;
using ports::ProcessSpec;
using ports::ProcessView;
using ports::Role;

namespace {

constexpr std::int64_t kPersonRetryMs = 5000;

bool covers_all(const std::vector<OwnedRange>& ranges) {
  int next = 0;
  for (const auto& range : ranges) {
    if (range.low != next) return false;
    next = range.high + 1;
  }
  return next == kBuckets;
}

// Who should own what: as published; where that was lost, as the shards themselves say; at the beginning, evenly.
std::vector<OwnedRange> planned_buckets(const ClusterMap& published, const Observed& seen, int shards) {
  if (published.version > 0) return joined(published.buckets);
  std::vector<OwnedRange> truth;
  for (const auto& [name, shard] : seen.shards) {
    if (!shard.report || shard.report->identity != name) continue;
    for (const auto& range : shard.report->ranges) {
      if (range.owner == name) truth.push_back(range);
    }
  }
  truth = joined(std::move(truth));
  return covers_all(truth) ? truth : joined(even_split(shards));
}

}  // namespace

Context::Context(const api::ChatCluster& its_cluster, const Observed& readings)
    : cluster(its_cluster),
      spec(its_cluster.spec),
      seen(readings),
      published(parse_map(readings.memory.map)),
      wanted(wanted_processes(its_cluster.spec, published, readings.operator_version)),
      memory(readings.memory) {
  const auto shards =
      std::count_if(wanted.begin(), wanted.end(), [](const auto& each) { return each.role == Role::shard; });
  buckets = planned_buckets(published, seen, static_cast<int>(shards));
}

const ProcessView* Context::find(const std::string& name) const {
  for (const auto& process : seen.platform.processes) {
    if (process.name == name) return &process;
  }
  return nullptr;
}

bool Context::is_wanted(const std::string& name) const {
  return std::any_of(wanted.begin(), wanted.end(), [&name](const auto& each) { return each.name == name; });
}

const ports::DaemonReport* Context::live_report(const ProcessView& process) const {
  auto it = seen.daemons.find(process.name);
  if (!process.running || it == seen.daemons.end() || it->second.pid != process.pid || !it->second.report)
    return nullptr;
  return seen.now_ms - it->second.report_ms <= seen.live_ms ? &*it->second.report : nullptr;
}

bool Context::is_ready(const ProcessView& process) const {
  if (!process.running || process.stopping) return false;
  if (process.role == Role::redis) return seen.redis_answers;
  if (process.role == Role::shard) return shard_serves(process.name);
  const auto* report = live_report(process);
  return report != nullptr && report->ready && process.reachable && !report->draining && !is_draining(process.name);
}

bool Context::shard_serves(const std::string& shard) const {
  auto it = seen.shards.find(shard);
  if (it == seen.shards.end() || !it->second.report) return false;
  const auto& report = *it->second.report;
  // Where a migration is refused the schema of before serves on.
  const bool has_schema = report.migrated || !report.migration_problem.empty();
  return report.takes_writes && has_schema && report.identity == shard && joined(report.ranges) == buckets;
}

bool Context::is_emptied(const std::string& shard) const {
  const auto* process = find(shard);
  auto it = seen.shards.find(shard);
  return process != nullptr && process->external && published.version > 0 && it != seen.shards.end() &&
         it->second.report && it->second.report->takes_writes && it->second.report->identity.empty();
}

bool Context::schema_is_current() const {
  return std::all_of(wanted.begin(), wanted.end(), [this](const auto& each) {
    auto it = seen.shards.find(each.name);
    return each.role != Role::shard || (it != seen.shards.end() && it->second.report && it->second.report->migrated);
  });
}

std::int64_t Context::ready_count(Role role) const {
  std::int64_t count = 0;
  for (const auto& spec_of : wanted) {
    const auto* process = find(spec_of.name);
    if (spec_of.role == role && process != nullptr && is_ready(*process)) ++count;
  }
  return count;
}

bool Context::map_is_seen() const {
  for (const auto& process : seen.platform.processes) {
    if (!ports::is_daemon(process.role)) continue;
    const auto* report = live_report(process);
    if (report != nullptr && report->map_version < published.version) return false;
  }
  return true;
}

void Context::act(Action action) {
  const auto key = key_of(action);
  asked_for.insert(key);
  if (seen.acting.contains(key)) return;
  if (auto it = seen.failures.find(key); it != seen.failures.end()) {
    const auto wait = !it->second.reason.empty() ? kPersonRetryMs : restart_wait(it->second.attempts + 1).count();
    const auto due = it->second.at_ms + wait;
    if (due > seen.now_ms) return wake_at(due);
  }
  const bool doubled =
      std::any_of(actions.begin(), actions.end(), [&key](const auto& each) { return key_of(each) == key; });
  if (!doubled) actions.push_back(std::move(action));
}

void Context::wake_at(std::int64_t milliseconds) {
  if (!wake_at_ms || *wake_at_ms > milliseconds) wake_at_ms = milliseconds;
}

void Context::start_when_due(const ProcessSpec& spec_of, const ProcessView& process) {
  const auto due = process.ended_ms + restart_wait(process.failures).count();
  if (process.ended_ms > 0 && due > seen.now_ms) return wake_at(due);
  act(Start{spec_of});
}

}  // namespace chatop::plan
