#pragma once
#include <string>
#include <vector>

#include "dataplane/base/json.hpp"
#include "operator/ports/finding.hpp"

namespace chatop::kubernetes {

// What was seen of one ChatCluster's objects, as trim.hpp keeps them.
struct SeenObjects {
  struct Workload {
    std::string name;
    const chat::base::Json* object = nullptr;
    const chat::base::Json* failure = nullptr;  // an Event that says why it could not make a Pod
    std::int64_t pods = 0;                      // that it has
  };
  struct Pod {
    std::string process;  // "gateway-0"
    const chat::base::Json* object = nullptr;
  };
  struct Volumes {
    std::string wanted;              // spec.shards.storage.size
    std::vector<std::string> fixed;  // shards whose volume is smaller and in a class that lets none grow
    std::string fixed_class;         // that of the last one
  };
  std::vector<Workload> workloads;
  std::vector<Pod> pods;
  std::vector<const chat::base::Json*> claims;
  std::string storage_class;  // of the spec; empty: the cluster's default
  bool class_exists = true;
  Volumes volumes;
};

// Why processes can not run that should, in words that say how to mend it: image, quota, storage, nodes, Secrets. Each
// goes when its cause is gone. Pure.
[[nodiscard]] std::vector<ports::Finding> find_obstacles(const SeenObjects& seen);

}  // namespace chatop::kubernetes
