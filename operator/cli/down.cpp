#include <algorithm>
#include <array>
#include <ostream>
#include <system_error>

#include "operator/cli/operator_process.hpp"
#include "operator/cli/verbs.hpp"

namespace chatop::cli {
namespace {

namespace fs = std::filesystem;
constexpr std::array<std::string_view, 5> kOurs{"resources", "clusters", "operator.lock", "operator.log",
                                                "operator.json"};

// What is below the state directory that no part of chatcluster made; empty: it is ours.
std::string foreign_entry(const fs::path& directory) {
  std::error_code error;
  fs::directory_iterator at(directory, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    const std::string name = at->path().filename().string();
    const bool ours = std::find(kOurs.begin(), kOurs.end(), name) != kOurs.end() || name.starts_with("operator.");
    if (!ours) return name;
  }
  return error ? "unreadable: " + error.message() : "";
}

int purge(Session& session) {
  if (auto foreign = foreign_entry(session.directory); !foreign.empty())
    return failed(session, session.directory.string() + " holds what is not ours (" + foreign +
                               "), so nothing in it was removed: remove what you do not need by hand");
  for (auto at = fs::directory_iterator(session.directory); at != fs::directory_iterator(); ++at) {
    std::error_code error;
    fs::remove_all(at->path(), error);
    if (error) return failed(session, at->path().string() + " can not be removed: " + error.message());
  }
  session.out << "removed everything in " << session.directory.string() << std::endl;
  return kDone;
}

}  // namespace

int down(Session& session, const DownOptions& options) {
  std::error_code error;
  const auto pid = running_operator(session.directory);
  if (!pid && !fs::exists(session.directory / "clusters", error)) {
    session.out << "nothing runs in " << session.directory.string() << std::endl;
    return options.purge && fs::exists(session.directory, error) ? purge(session) : kDone;
  }
  if (options.purge)  // before anything is stopped
    if (auto foreign = foreign_entry(session.directory); !foreign.empty()) return purge(session);
  if (pid) {
    session.out << "stopping the operator (pid " << *pid << ")" << std::endl;
    if (auto stopped = stop_operator(session.directory, *pid, options.timeout); !stopped)
      return failed(session, stopped.error());
  }
  session.out << "stopping all processes" << std::endl;
  if (auto stopped = run_teardown(session.directory, options.timeout); !stopped)
    return failed(session, stopped.error());
  session.out << "stopped" << (options.purge ? "" : "; the data is kept: chatctl up starts it again") << std::endl;
  return options.purge ? purge(session) : kDone;
}

}  // namespace chatop::cli
