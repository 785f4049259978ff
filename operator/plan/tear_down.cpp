#include <algorithm>

#include "operator/plan/parts.hpp"

namespace chatop::plan {

using ports::Role;

namespace {

constexpr std::chrono::seconds kGrace{15};
constexpr std::chrono::seconds kShardGrace{60};

// Who must be gone before the next ones go: people first, the truth last.
int stage(Role role) {
  switch (role) {
    case Role::gateway:
    case Role::api:
    case Role::worker:
      return 0;
    case Role::messages:
      return 1;
    case Role::redis:
    case Role::shard:
      break;
  }
  return 2;
}

}  // namespace

bool tear_down(Context& context) {
  constexpr int kNone = 3;
  int first = kNone;
  for (const auto& process : context.seen.platform.processes) {
    if (process.running && !process.external) first = std::min(first, stage(process.role));
  }
  for (const auto& process : context.seen.platform.processes) {
    if (process.running && !process.external && stage(process.role) == first)
      context.act(Stop{process.name, process.role == Role::shard ? kShardGrace : kGrace});
  }
  if (first != kNone) return false;
  if (context.seen.objective == Objective::remove)
    context.act(RemoveCluster{context.spec.shards.storage.when_deleted == api::WhenDeleted::Retain});
  return true;
}

}  // namespace chatop::plan
