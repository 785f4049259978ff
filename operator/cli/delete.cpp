#include <ostream>

#include "operator/cli/documents.hpp"
#include "operator/cli/verbs.hpp"

namespace chatop::cli {
namespace {

bool gone(Session& session, const std::string& name) {
  auto stored = session.machine.read(name);
  return !stored && stored.error().code == make_error_code(ports::SiteErrc::not_found);
}

int wait_until_gone(Session& session, const DeleteOptions& options) {
  auto running = session.machine.running_operator();
  const auto watch = session.machine.watch(ports::Site::Signals::leave);
  watch->follow_operator();
  const auto deadline = std::chrono::steady_clock::now() + options.timeout;
  while (!gone(session, options.name)) {
    if (!running)
      return failed(session, "no operator looks after " + session.machine.where() +
                                 ", so nothing is deleted: start one with chatctl up FILE");
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0)
      return failed(session, "chatcluster/" + options.name + " is still being deleted: see chatctl status");
    if (watch->wait(left).operator_ended) running = session.machine.running_operator();
  }
  session.out << "chatcluster/" << options.name << " deleted" << std::endl;
  return kDone;
}

}  // namespace

int remove(Session& session, const DeleteOptions& options) {
  auto stored = find_cluster(session, options.name);
  if (!stored) return kFailed;
  if (!stored->deleting) {
    auto lock = session.machine.lock();
    if (!lock) return failed(session, lock.error());
    if (auto marked = session.machine.mark_deleting(options.name); !marked) return failed(session, marked.error());
  }
  session.out << "chatcluster/" << options.name << " is being deleted" << std::endl;
  if (options.wait) return wait_until_gone(session, options);
  if (!session.machine.running_operator())
    session.err << "no operator looks after " << session.machine.where() << ": it goes when one runs" << std::endl;
  return kDone;
}

}  // namespace chatop::cli
