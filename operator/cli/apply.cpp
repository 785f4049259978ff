#include <ostream>

#include "operator/cli/documents.hpp"
#include "operator/cli/verbs.hpp"

namespace chatop::cli {

int apply(Session& session, const ApplyOptions& options) {
  std::vector<api::ChatCluster> clusters;
  bool valid = true;
  for (const auto& file : options.files) {
    auto documents = read_documents(session, file);
    valid = valid && documents;
    if (documents) clusters.insert(clusters.end(), documents->begin(), documents->end());
  }
  if (!valid) return kFailed;
  if (int code = store(session, clusters); code != kDone) return code;
  if (!session.machine.running_operator())
    session.err << "no operator looks after " << session.machine.where()
                << ", so nothing happens yet: start one with chatctl up FILE" << std::endl;
  return kDone;
}

}  // namespace chatop::cli
