#include <ostream>

#include "operator/cli/documents.hpp"
#include "operator/cli/verbs.hpp"

namespace chatop::cli {

int apply(Session& session, const ApplyOptions& options) {
  std::vector<ports::Proposal> proposals;
  bool valid = true;
  for (const auto& file : options.files) {
    auto documents = read_documents(session, file);
    valid = valid && documents;
    if (documents) proposals.insert(proposals.end(), documents->begin(), documents->end());
  }
  if (!valid) return kFailed;
  if (int code = store(session, proposals); code != kDone) return code;
  for (const auto& proposal : proposals)
    if (std::holds_alternative<api::ChatOperation>(proposal.document))
      session.err << kind_and_name(proposal.document) << ": " << kNotRun << std::endl;
  if (session.site.operator_seen().state == ports::OperatorSeen::State::none)
    session.err << "no operator looks after " << session.site.where()
                << ", so nothing happens yet; do: " << session.site.operator_command() << std::endl;
  return kDone;
}

}  // namespace chatop::cli
