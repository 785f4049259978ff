#include "operator/kubernetes/objects/pod_numbers.hpp"

#include <algorithm>
#include <tuple>

#include "operator/kubernetes/objects/names.hpp"

namespace chatop::kubernetes::objects {

using ports::Role;

std::map<std::string, std::string> number_pods(std::vector<SeenPod> pods) {
  std::sort(pods.begin(), pods.end(),
            [](const auto& a, const auto& b) { return std::tie(a.created, a.uid) < std::tie(b.created, b.uid); });
  std::map<std::string, std::string> processes;
  for (Role role : {Role::api, Role::messages, Role::worker}) {
    int next = 0;
    for (const auto& pod : pods)
      if (!pod.ends && pod.component == component(role)) processes[pod.uid] = ports::process_name(role, next++);
  }
  return processes;
}

}  // namespace chatop::kubernetes::objects
