#include <algorithm>

#include "operator/plan/parts.hpp"

namespace chatop::plan {

using ports::ProcessSpec;
using ports::ProcessView;
using ports::Role;

namespace {

constexpr unsigned kHungAfterMisses = 5;
constexpr std::int64_t kHungAfterMs = 10'000;
constexpr std::int64_t kFirstAnswerMs = 60'000;  // so long a start may take before silence counts

void tend_shard(Context& context, const ProcessView& process) {
  auto it = context.seen.shards.find(process.name);
  if (it == context.seen.shards.end() || !it->second.report) return;
  const auto& report = *it->second.report;
  if (!report.takes_writes || !report.migration_problem.empty() || context.is_emptied(process.name)) return;
  if (!report.migrated) return context.act(MigrateShard{process.name});
  if (!report.login_problem.empty()) return context.act(RestoreLogin{process.name});
  if (report.identity == process.name && joined(report.ranges) == context.buckets) return;
  context.act(AssignBuckets{process.name, context.buckets});
}

// A daemon starts with a map that knows it, so that it never begins with an older truth than it needs.
bool is_published(const Context& context, const ProcessView& process) {
  const auto& map = context.published;
  if (map.version == 0) return false;
  auto named = [&process](const auto& entry) { return entry.name == process.name; };
  if (process.role == Role::gateway) return std::any_of(map.gateways.begin(), map.gateways.end(), named);
  // One that gets its address by starting is named when it has started.
  if (process.role == Role::messages && process.address.port == 0) return true;
  if (process.role == Role::messages) return std::any_of(map.messages.begin(), map.messages.end(), named);
  return true;
}

}  // namespace

void bring_up(Context& context) {
  if (!context.seen.platform.prepared) return context.act(PrepareCluster{});
  for (const ProcessSpec& spec : context.wanted) {
    const ProcessView* process = context.find(spec.name);
    if (process != nullptr && process->outgrown) context.act(GrowVolume{spec.name});
    if (process == nullptr || !process->prepared) {
      context.act(Prepare{spec});
    } else if (!process->running) {
      // A new version counts on its schema: until every shard has it, what comes back by itself does so as it was.
      if (process->in_hand || (process->comes_back && !context.schema_is_current())) continue;
      const bool stands_alone = !ports::is_daemon(spec.role);
      if (stands_alone || (is_published(context, *process) && !context.is_draining(spec.name)))
        context.start_when_due(spec, *process);
    } else if (spec.role == Role::shard) {
      tend_shard(context, *process);
    }
  }
}

void end_hung_daemons(Context& context) {
  if (context.seen.platform.ends_hung) return;
  for (const auto& process : context.seen.platform.processes) {
    auto it = context.seen.daemons.find(process.name);
    if (!process.running || process.stopping || it == context.seen.daemons.end()) continue;
    const auto& daemon = it->second;
    if (daemon.pid != process.pid || daemon.misses < kHungAfterMisses) continue;
    const auto silent_since = daemon.report ? daemon.report_ms + kHungAfterMs : process.started_ms + kFirstAnswerMs;
    if (context.seen.now_ms >= silent_since) context.act(Kill{process.name});
  }
}

}  // namespace chatop::plan
