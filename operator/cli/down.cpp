#include <ostream>

#include "operator/cli/verbs.hpp"

namespace chatop::cli {
namespace {

int purge(Session& session) {
  if (auto purged = session.machine->purge(); !purged) return failed(session, purged.error());
  session.out << "removed everything in " << session.machine->where() << std::endl;
  return kDone;
}

}  // namespace

int down(Session& session, const DownOptions& options) {
  auto& machine = *session.machine;
  const auto running = machine.running_operator();
  if (!running && !machine.has_clusters()) {
    session.out << "nothing runs in " << machine.where() << std::endl;
    return options.purge && machine.exists() ? purge(session) : kDone;
  }
  if (options.purge)  // before anything is stopped
    if (auto may = machine.may_purge(); !may) return failed(session, may.error());
  if (running) {
    session.out << "stopping the operator (" << *running << ")" << std::endl;
    if (auto stopped = machine.stop_operator(options.timeout); !stopped) return failed(session, stopped.error());
  }
  session.out << "stopping all processes" << std::endl;
  if (auto stopped = machine.stop_everything(options.timeout); !stopped) return failed(session, stopped.error());
  session.out << "stopped" << (options.purge ? "" : "; the data is kept: chatctl up starts it again") << std::endl;
  return options.purge ? purge(session) : kDone;
}

}  // namespace chatop::cli
