#pragma once
#include <functional>
#include <string>
#include <vector>

#include "dataplane/base/task.hpp"
#include "operator/api/chat_cluster.hpp"

namespace chatop::ports {

struct StoredCluster {
  api::ChatCluster cluster;  // with the status that was written last
  bool deleting = false;
  // Names it among all that the store has, and no later one of its name: "demo", "chat/demo@uid".
  std::string key = {};
};

struct StoredClusters {
  std::vector<StoredCluster> clusters;
  std::vector<std::string> unreadable;  // keys of documents that are there and could not be read: never torn down
  bool absent_is_gone = false;          // what is not listed is gone for good: nothing is done about it any more
};

// A key as people read it.
[[nodiscard]] inline std::string title_of(const std::string& key) { return key.substr(0, key.find('@')); }

// The documents people apply, as the operator needs them.
class ResourceStore {
 public:
  virtual ~ResourceStore() = default;
  [[nodiscard]] virtual chat::base::Result<StoredClusters> list() = 0;
  virtual chat::base::Task<chat::base::Status> write_status(std::string key, api::ChatClusterStatus status) = 0;
  // The document, its status and its deletion marker.
  virtual chat::base::Task<chat::base::Status> remove(std::string key) = 0;
};

}  // namespace chatop::ports
