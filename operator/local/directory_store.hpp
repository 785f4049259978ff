#pragma once
#include "operator/local/resource_directory.hpp"
#include "operator/ports/resource_store.hpp"

namespace chatop::local {

// The operator's view of the resource directory.
class DirectoryStore final : public ports::ResourceStore {
 public:
  explicit DirectoryStore(const ResourceDirectory& directory) : directory_(directory) {}
  chat::base::Result<ports::StoredClusters> list() override;
  chat::base::Task<chat::base::Status> write_status(std::string name, api::ChatClusterStatus status) override;
  chat::base::Task<chat::base::Status> remove(std::string name) override;

 private:
  const ResourceDirectory& directory_;
};

}  // namespace chatop::local
