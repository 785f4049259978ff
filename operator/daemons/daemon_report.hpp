#pragma once
#include <string_view>

#include "dataplane/base/result.hpp"
#include "operator/ports/data_plane.hpp"

namespace chatop::daemons {

// What a daemon answered to /status and /readyz, as the plan takes it: bounded, and what is missing or of another kind
// is empty. Fails where /status is no answer of a daemon. Pure.
[[nodiscard]] chat::base::Result<ports::DaemonReport> daemon_report(unsigned status_code, std::string_view status,
                                                                    unsigned ready_code, std::string_view ready);

}  // namespace chatop::daemons
