#include "operator/local/directory_store.hpp"

namespace chatop::local {

chat::base::Result<ports::StoredClusters> DirectoryStore::list() {
  auto names = directory_.names();
  if (!names) return chat::base::fail(names.error());
  ports::StoredClusters stored;
  for (const auto& name : *names) {
    auto document = directory_.read(name);
    if (document) {
      document->key = name;
      stored.clusters.push_back(std::move(*document));
    } else if (document.error().code != make_error_code(ports::SiteErrc::not_found)) {  // removed between the two reads
      stored.unreadable.push_back(name);
    }
  }
  return stored;
}

chat::base::Task<chat::base::Status> DirectoryStore::write_status(std::string name, api::ChatClusterStatus status) {
  auto written = directory_.write_status(name, status);
  if (!written) co_return chat::base::fail(written.error());
  co_return chat::base::Status{};
}

chat::base::Task<chat::base::Status> DirectoryStore::remove(std::string name) { co_return directory_.remove(name); }

}  // namespace chatop::local
