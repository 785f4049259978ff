#include <ostream>

#include "operator/cli/documents.hpp"
#include "operator/cli/verbs.hpp"

namespace chatop::cli {
namespace {

using State = ports::OperatorSeen::State;

template <class Stored>
bool gone(const chat::base::Result<Stored>& stored) {
  return !stored && stored.error().code == make_error_code(ports::SiteErrc::not_found);
}

int wait_until_gone(Session& session, const DeleteOptions& options) {
  const auto watch = session.site.watch(ports::Site::Signals::leave);
  watch->follow_operator();
  auto state = session.site.operator_seen().state;
  const auto deadline = std::chrono::steady_clock::now() + options.timeout;
  while (!gone(session.site.read(options.name))) {
    if (state == State::none)
      return failed(session, "no operator looks after " + session.site.where() +
                                 ", so nothing is deleted; do: " + session.site.operator_command());
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0)
      return failed(session, "chatcluster/" + options.name + " is still being deleted: see " + session.command +
                                 " status " + options.name);
    if (watch->wait(left).operator_ended) state = session.site.operator_seen().state;
  }
  session.out << "chatcluster/" << options.name << " deleted" << std::endl;
  return kDone;
}

int remove_operation(Session& session, const std::string& name) {
  if (!find_operation(session, name)) return kFailed;
  if (auto deleted = session.site.delete_operation(name); !deleted) return failed(session, deleted.error());
  session.out << "chatoperation/" << name << " deleted" << std::endl;
  return kDone;
}

}  // namespace

int remove(Session& session, const DeleteOptions& options) {
  if (options.kind == Kind::operation) return remove_operation(session, options.name);
  auto stored = find_cluster(session, options.name);
  if (!stored) return kFailed;
  if (!stored->deleting) {
    auto lock = session.site.lock();
    if (!lock) return failed(session, lock.error());
    if (auto marked = session.site.mark_deleting(options.name); !marked) return failed(session, marked.error());
  }
  if (gone(session.site.read(options.name))) {
    session.out << "chatcluster/" << options.name << " deleted" << std::endl;
    return kDone;
  }
  session.out << "chatcluster/" << options.name << " is being deleted" << std::endl;
  if (options.wait) return wait_until_gone(session, options);
  if (session.site.operator_seen().state == State::none)
    session.err << "no operator looks after " << session.site.where() << ": it goes when one runs" << std::endl;
  return kDone;
}

}  // namespace chatop::cli
