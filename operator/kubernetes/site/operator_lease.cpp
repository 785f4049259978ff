#include "operator/kubernetes/site/operator_lease.hpp"

#include "dataplane/base/rfc3339.hpp"

namespace chatop::kubernetes {

ports::OperatorSeen operator_by(const LeaseRecord& lease, std::int64_t now_ms) {
  constexpr std::chrono::milliseconds kClocksDiffer{30'000};
  using State = ports::OperatorSeen::State;
  const auto renewed = chat::base::parse_rfc3339(lease.renewed);
  if (lease.holder.empty() || !renewed) return {};
  const std::chrono::milliseconds passed{now_ms - *renewed};
  if (passed > lease.duration + kClocksDiffer) return {};
  const auto late = std::chrono::duration_cast<std::chrono::seconds>(passed - lease.duration);
  return {State::running,
          lease.holder + (late.count() > 0 ? ", whose Lease ran out " + std::to_string(late.count()) + "s ago" : "")};
}

}  // namespace chatop::kubernetes
