#include "operator/plan/parts.hpp"

namespace chatop::plan {

using ports::ProcessView;
using ports::Role;

namespace {

constexpr std::chrono::seconds kDaemonGrace{15};
constexpr std::chrono::seconds kShardGrace{60};

bool outdated(const Context& context, const ProcessView& process) {
  return process.running && !process.stopping && !process.in_hand && process.prepared &&
         process.running_hash != process.wanted_hash && !context.is_draining(process.name);
}

// The one process of `role` that is restarted next: at most one is away at any time. One that does not serve anyway
// waits for nobody.
const ProcessView* next_to_restart(const Context& context, Role role) {
  const ProcessView* next = nullptr;
  bool one_is_away = false;
  for (const auto& spec : context.wanted) {
    const ProcessView* process = context.find(spec.name);
    if (spec.role != role || process == nullptr) continue;
    const bool ready = context.is_ready(*process);
    if (!outdated(context, *process)) {
      one_is_away = one_is_away || !ready;
      continue;
    }
    if (!ready) return process;
    next = process;
  }
  return one_is_away ? nullptr : next;
}

}  // namespace

void roll_out(Context& context) {
  const bool schema_is_current = context.schema_is_current();
  for (Role role : ports::kRoles) {
    const ProcessView* process = next_to_restart(context, role);
    if (process == nullptr) continue;
    // A new version of the daemons counts on its schema: the migrations come first.
    if (role != Role::shard && !schema_is_current) continue;
    if (role == Role::gateway)
      context.memory.drains[process->name] = context.seen.now_ms;  // I11: scale_in() takes it from here
    else
      context.act(Stop{process->name, role == Role::shard ? kShardGrace : kDaemonGrace});
  }
}

}  // namespace chatop::plan
