#include "operator/plan/plan.hpp"

#include "operator/plan/parts.hpp"
#include "operator/plan/wanted.hpp"

namespace chatop::plan {
namespace {

constexpr std::int64_t kFiguresEveryMs = 15'000;

api::ChatClusterStatus without_figures(api::ChatClusterStatus status) {
  status.gateways.connections = 0;
  for (auto& member : status.gateways.members) member.connections = 0;
  for (auto& shard : status.shards) shard.lag_bytes = shard.writes_per_second = shard.bytes = 0;
  return status;
}

}  // namespace

Decision decide(const api::ChatCluster& cluster, const Observed& seen) {
  Context context(cluster, seen);
  Decision decision;
  const auto not_served = unsupported(cluster.spec, seen.platform.offer, seen.operator_version);
  if (seen.objective != Objective::serve) {
    decision.at_rest = tear_down(context);
  } else if (!cluster.spec.paused && (not_served.empty() || context.published.version > 0)) {
    scale_in(context);
    roll_out(context);
    bring_up(context);
    end_hung_daemons(context);
    publish_map(context);
  }
  decision.status = make_status(context, not_served);
  decision.actions = std::move(context.actions);
  decision.asked_for = std::move(context.asked_for);
  decision.wake_at_ms = context.wake_at_ms;
  return decision;
}

bool worth_writing(const api::ChatClusterStatus& written, const api::ChatClusterStatus& next,
                   std::int64_t milliseconds_since_written) {
  if (written == next) return false;
  if (milliseconds_since_written >= kFiguresEveryMs) return true;
  return without_figures(written) != without_figures(next);
}

}  // namespace chatop::plan
