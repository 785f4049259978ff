#pragma once
#include <cstdint>

#include "operator/kubernetes/control/lease_terms.hpp"
#include "operator/ports/site.hpp"

namespace chatop::kubernetes {

// Who looks after a cluster by what its Lease says. `now_ms` is this machine's wall clock, which may differ from the
// operator's: a hold counts for half a minute longer than it says. Pure.
[[nodiscard]] ports::OperatorSeen operator_by(const LeaseRecord& lease, std::int64_t now_ms);

}  // namespace chatop::kubernetes
