#pragma once
#include <string>
#include <vector>

#include "dataplane/base/json.hpp"
#include "operator/kubernetes/client/resource.hpp"
#include "operator/ports/site.hpp"

// What Pods of a ChatCluster say, for a person. Pure.
namespace chatop::kubernetes {

// What each of a cluster's Pods is called, in their order: "shard-0", "redis", "gateway-0", "api-0". One of a
// Deployment that ends has no number any more: it is called by name_in_cluster().
[[nodiscard]] std::vector<std::string> processes_of(const std::vector<chat::base::Json>& pods);
// The Pod's name without that of its cluster: "api-5c9f8d-x7x2p".
[[nodiscard]] std::string name_in_cluster(const chat::base::Json& pod);
[[nodiscard]] ports::ProcessLine process_line(const chat::base::Json& pod, std::string process);
// The container whose log is meant: the one that kubectl takes, else the first.
[[nodiscard]] std::string container_of(const chat::base::Json& pod);

}  // namespace chatop::kubernetes
