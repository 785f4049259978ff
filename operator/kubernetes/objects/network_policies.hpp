#pragma once
#include <optional>
#include <vector>

#include "operator/kubernetes/objects/inputs.hpp"

// Who may talk to whom, as data and as NetworkPolicies. kubelet's probes come from the node: no policy stops them.
namespace chatop::kubernetes::objects {

// Beside the roles: people and their programs (anyone, from anywhere), the operator's Pods, and what reads metrics
// (Pods of namespaces that say chatcluster.io/monitoring: "true").
enum class Outside { clients, chat_operator, monitoring };

struct Talk {
  std::optional<ports::Role> from_role;
  Outside from = Outside::clients;  // where from_role is not set
  ports::Role to;
  std::uint16_t port;
};
// All that is allowed between Pods; everything else to one of ours is not.
[[nodiscard]] const std::vector<Talk>& allowed_talk();

// One a role, for what comes and what goes; of roles that are not ours to run, none.
[[nodiscard]] std::vector<Json> network_policies(const Inputs& inputs);

}  // namespace chatop::kubernetes::objects
