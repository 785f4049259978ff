#include "operator/local/directory_store.hpp"

namespace chatop::local {

chat::base::Result<ports::StoredClusters> DirectoryStore::list() {
  auto names = directory_.names();
  if (!names) return chat::base::fail(names.error());
  ports::StoredClusters stored;
  for (const auto& name : *names) {
    auto document = directory_.read(name);
    if (document)
      stored.clusters.push_back(std::move(*document));
    else if (document.error().code != make_error_code(ports::SiteErrc::not_found))  // removed between the two reads
      stored.unreadable.push_back(name);
  }
  return stored;
}

chat::base::Status DirectoryStore::write_status(const std::string& name, const api::ChatClusterStatus& status) {
  auto written = directory_.write_status(name, status);
  if (!written) return chat::base::fail(written.error());
  return {};
}

}  // namespace chatop::local
