#pragma once
#include <string>
#include <vector>

#include "operator/api/chat_cluster.hpp"
#include "operator/plan/cluster_map.hpp"
#include "operator/ports/process.hpp"

namespace chatop::plan {

// The processes that should be there, in the order they come up: shards, redis, messages, workers, api, gateways. The
// shards are those of the published map; before there is one, spec.shards.initial of them, or those of
// spec.shards.external.
[[nodiscard]] std::vector<ports::ProcessSpec> wanted_processes(const api::ChatClusterSpec& spec, const ClusterMap& map,
                                                               const std::string& operator_version);
[[nodiscard]] std::int64_t desired(const api::ChatClusterSpec& spec, ports::Role role);

// What the spec asks for and this version does not serve on this platform: a sentence each that names the field.
[[nodiscard]] std::vector<std::string> unsupported(const api::ChatClusterSpec& spec, const ports::Offer& offer,
                                                   const std::string& operator_version);

}  // namespace chatop::plan
