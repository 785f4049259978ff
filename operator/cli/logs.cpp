#include <algorithm>
#include <ostream>

#include "dataplane/base/text.hpp"
#include "operator/cli/documents.hpp"
#include "operator/cli/verbs.hpp"

namespace chatop::cli {
namespace {

int show(Session& session, const std::string& cluster, const LogsOptions& options) {
  auto shown = session.site.copy_log(cluster, {options.process, options.tail, options.follow}, session.out);
  return shown ? kDone : failed(session, shown.error());
}

}  // namespace

int logs(Session& session, const LogsOptions& options) {
  if (options.process == ports::kOperatorLog) return show(session, "", options);
  auto stored = find_cluster(session, options.cluster);
  if (!stored) return kFailed;
  const std::string& cluster = stored->cluster.metadata.name;
  auto known = session.site.logs(cluster);
  if (std::find(known.begin(), known.end(), options.process) != known.end()) return show(session, cluster, options);
  known.emplace_back(ports::kOperatorLog);
  auto near = chat::base::nearest(options.process.substr(0, 64), known);
  std::string list;
  for (const auto& name : known) list += (list.empty() ? "" : ", ") + name;
  return failed(session, "there is no process \"" + options.process + "\"" +
                             (near ? ": did you mean " + std::string(*near) + "?" : "") + " There are: " + list);
}

}  // namespace chatop::cli
