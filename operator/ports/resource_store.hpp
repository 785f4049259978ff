#pragma once
#include <functional>
#include <string>
#include <vector>

#include "dataplane/base/result.hpp"
#include "operator/api/chat_cluster.hpp"

namespace chatop::ports {

struct StoredCluster {
  api::ChatCluster cluster;  // with the status that was written last
  bool deleting = false;
};

struct StoredClusters {
  std::vector<StoredCluster> clusters;
  std::vector<std::string> unreadable;  // names of documents that are there and could not be read: never torn down
};

// The documents people apply, as the operator needs them.
class ResourceStore {
 public:
  virtual ~ResourceStore() = default;
  [[nodiscard]] virtual chat::base::Result<StoredClusters> list() = 0;
  [[nodiscard]] virtual chat::base::Status write_status(const std::string& name,
                                                        const api::ChatClusterStatus& status) = 0;
  // The document, its status and its deletion marker.
  [[nodiscard]] virtual chat::base::Status remove(const std::string& name) = 0;
};

}  // namespace chatop::ports
