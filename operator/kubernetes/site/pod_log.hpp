#pragma once
#include <cstdint>
#include <iosfwd>

#include "operator/kubernetes/site/connection.hpp"

namespace chatop::kubernetes {

// Copies what the Pod's main container wrote to `out`: the last `tail` lines (-1: all), and with `follow` what comes
// then, until the container ends, SIGINT or SIGTERM comes or `out` fails. Errors are ApiErrc.
[[nodiscard]] chat::base::Status copy_pod_log(Connection& connection, const chat::base::Json& pod, std::int64_t tail,
                                              bool follow, std::ostream& out);

}  // namespace chatop::kubernetes
