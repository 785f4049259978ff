#include <ostream>

#include "operator/cli/documents.hpp"
#include "operator/cli/operator_process.hpp"
#include "operator/cli/verbs.hpp"
#include "operator/cli/waiter.hpp"

namespace chatop::cli {
namespace {

bool gone(Session& session, const std::string& name) {
  auto stored = session.resources.read(name);
  return !stored && stored.error().code == make_error_code(local::ResourceErrc::not_found);
}

int wait_until_gone(Session& session, const DeleteOptions& options) {
  auto pid = running_operator(session.directory);
  Waiter waiter(session.resources.folder(), Waiter::Changes::FilesReplaced, Waiter::Signals::Leave);
  if (pid) waiter.follow(*pid);
  const auto deadline = std::chrono::steady_clock::now() + options.timeout;
  while (!gone(session, options.name)) {
    if (!pid)
      return failed(session, "no operator looks after " + session.directory.string() +
                                 ", so nothing is deleted: start one with chatctl up FILE");
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0)
      return failed(session, "chatcluster/" + options.name + " is still being deleted: see chatctl status");
    if (waiter.wait(left).process_ended) pid = running_operator(session.directory);
  }
  session.out << "chatcluster/" << options.name << " deleted" << std::endl;
  return kDone;
}

}  // namespace

int remove(Session& session, const DeleteOptions& options) {
  auto stored = find_cluster(session, options.name);
  if (!stored) return kFailed;
  if (!stored->deleting) {
    auto lock = local::ResourceLock::take(session.resources);
    if (!lock) return failed(session, lock.error());
    if (auto marked = session.resources.mark_deleting(options.name); !marked) return failed(session, marked.error());
  }
  session.out << "chatcluster/" << options.name << " is being deleted" << std::endl;
  if (options.wait) return wait_until_gone(session, options);
  if (!running_operator(session.directory))
    session.err << "no operator looks after " << session.directory.string() << ": it goes when one runs" << std::endl;
  return kDone;
}

}  // namespace chatop::cli
