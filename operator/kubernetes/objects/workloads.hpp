#pragma once
#include "operator/kubernetes/objects/inputs.hpp"

// The workloads by kind; workload() picks.
namespace chatop::kubernetes::objects {

[[nodiscard]] Json gateway_set(const Inputs& inputs);
[[nodiscard]] Json daemon_deployment(const Inputs& inputs, ports::Role role);  // api, messages, worker
[[nodiscard]] Json shard_set(const Inputs& inputs, int ordinal);
[[nodiscard]] Json redis_set(const Inputs& inputs);

// What is wanted of a role.
[[nodiscard]] std::int64_t replicas(const Inputs& inputs, ports::Role role);

}  // namespace chatop::kubernetes::objects
