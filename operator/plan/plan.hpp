#pragma once
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "operator/plan/action.hpp"
#include "operator/plan/observed.hpp"

namespace chatop::plan {

struct Decision {
  std::vector<Action> actions;
  std::set<std::string> asked_for;  // keys of the acts that are wanted, now or later: a failure of another is past
  api::ChatClusterStatus status;
  bool at_rest = false;                    // objective stop: nothing runs any more
  std::optional<std::int64_t> wake_at_ms;  // when to decide again though nothing changes
};

// Pure: what to do next about `cluster`, and what its status is. Asked again after every change; it never counts on
// having been asked before.
[[nodiscard]] Decision decide(const api::ChatCluster& cluster, const Observed& seen);

// What to write of `next` over `written`: the figures (connections, bytes, writes) alone are a reason only when the
// last writing is 15 s old (I8); everything else is a reason at once.
[[nodiscard]] bool worth_writing(const api::ChatClusterStatus& written, const api::ChatClusterStatus& next,
                                 std::int64_t milliseconds_since_written);

}  // namespace chatop::plan
