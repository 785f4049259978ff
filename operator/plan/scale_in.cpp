#include <algorithm>

#include "operator/plan/parts.hpp"

namespace chatop::plan {

using ports::ProcessView;
using ports::Role;

namespace {

constexpr std::chrono::seconds kGrace{15};
constexpr std::int64_t kMapPatienceMs = 5000;
constexpr std::int64_t kAfterGraceMs = 10'000;  // the gateway itself closes what is left when the grace is over

// I11: no gateway is taken away with connections on it, except by the deadline the user set. The order is: remembered,
// shown as draining in the map that every daemon has, told to drain, empty (or the deadline over), ended.
void drain_gateway(Context& context, const ProcessView& process, std::int64_t since) {
  const auto& drain = context.spec.gateways.drain;
  const std::int64_t now = context.seen.now_ms;
  const std::int64_t deadline = since + drain.grace_period_seconds * 1000;
  if (now >= deadline + kAfterGraceMs) return context.act(Stop{process.name, kGrace});
  context.wake_at(deadline + kAfterGraceMs);
  const auto* report = context.live_report(process);
  if (report == nullptr) return;  // not known to be empty: the deadline decides
  const bool in_map =
      std::any_of(context.published.gateways.begin(), context.published.gateways.end(),
                  [&process](const auto& entry) { return entry.name == process.name && entry.draining; });
  if ((!in_map || !context.map_is_seen()) && now < since + kMapPatienceMs)
    return context.wake_at(since + kMapPatienceMs);
  if (!report->draining) {
    const auto left = std::max<std::int64_t>(0, (deadline - now) / 1000);
    return context.act(Drain{process.name, {left, drain.close_below, drain.evictions_per_second}});
  }
  if (report->connections == 0) context.act(Stop{process.name, kGrace});
}

void end_daemon(Context& context, const ProcessView& process) {
  if (process.role == Role::messages) {
    // First nobody is sent there any more.
    const auto& entries = context.published.messages;
    const bool in_map = std::any_of(entries.begin(), entries.end(),
                                    [&process](const auto& entry) { return entry.name == process.name; });
    if (in_map || !context.map_is_seen()) return;
  }
  context.act(Stop{process.name, kGrace});
}

}  // namespace

void scale_in(Context& context) {
  for (const auto& process : context.seen.platform.processes) {
    if (!process.running || process.in_hand || context.is_wanted(process.name)) continue;
    if (process.role == Role::gateway)
      context.memory.drains.try_emplace(process.name, context.seen.now_ms);
    else if (ports::is_daemon(process.role))  // the truth is never taken away here
      end_daemon(context, process);
  }
  // Of an earlier boot: that clock went further than ours has yet.
  for (auto& [name, since] : context.memory.drains) since = std::min(since, context.seen.now_ms);
  std::erase_if(context.memory.drains, [&context](const auto& entry) {
    const ProcessView* process = context.find(entry.first);
    return process == nullptr || !process->running;
  });
  for (const auto& [name, since] : context.memory.drains) {
    const ProcessView* process = context.find(name);
    // Only what was remembered by an earlier decision: the intent is on disk before the act.
    if (context.seen.memory.drains.contains(name) && !process->stopping) drain_gateway(context, *process, since);
  }
}

}  // namespace chatop::plan
