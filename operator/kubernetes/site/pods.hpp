#pragma once
#include <string>

#include "dataplane/base/json.hpp"
#include "operator/kubernetes/client/resource.hpp"
#include "operator/ports/site.hpp"

// What Pods of a ChatCluster say, for a person. Pure.
namespace chatop::kubernetes {

// "shard-0", "redis", "gateway-0". A Deployment's Pods have no ordinal, so theirs is what makes their names differ:
// "api-5c9f8d-x7x2p".
[[nodiscard]] std::string process_of(const chat::base::Json& pod);
[[nodiscard]] ports::ProcessLine process_line(const chat::base::Json& pod);
// The container whose log is meant: the one that kubectl takes, else the first.
[[nodiscard]] std::string container_of(const chat::base::Json& pod);

}  // namespace chatop::kubernetes
