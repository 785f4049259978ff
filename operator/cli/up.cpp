#include <algorithm>
#include <array>
#include <ostream>
#include <utility>

#include "operator/cli/documents.hpp"
#include "operator/cli/endpoint.hpp"
#include "operator/cli/progress.hpp"
#include "operator/cli/summary.hpp"
#include "operator/cli/verbs.hpp"

namespace chatop::cli {
namespace {

using Steady = std::chrono::steady_clock;
constexpr auto kLookAgain = std::chrono::seconds(1);
constexpr auto kConnectTimeout = std::chrono::milliseconds(500);
constexpr int kMostRestarts = 5;
constexpr std::size_t kLogLines = 10;
// Reasons of Available that waiting does not mend.
constexpr std::array<std::string_view, 5> kHopeless{"Unsupported", "NeedsAttention", "MigrationRefused", "DiskFull",
                                                    "NoPermission"};

enum class Outcome { Reached, Interrupted, Failed };

// One run of `chatctl up`: from the document to a ChatCluster that serves.
class Start {
 public:
  Start(Session& session, const UpOptions& options)
      : session_(session),
        options_(options),
        watch_(session.machine->watch(options.detach ? ports::Site::Signals::leave : ports::Site::Signals::take)),
        progress_(session),
        deadline_(Steady::now() + options.timeout) {}

  // An operator looks after the directory: the one that runs, or a new one.
  bool ensure_operator() {
    if (auto running = session_.machine->running_operator()) {
      progress_.step("operator", "running, " + *running);
    } else {
      auto started = session_.machine->start_operator();
      if (!started) {
        failed(session_, started.error());
        return false;
      }
      progress_.step("operator", "started, " + *started);
      fresh_ = true;
    }
    watch_->follow_operator();
    return true;
  }

  // A resource of that name that someone asked to delete must be gone before a new one can be made.
  Outcome wait_until_not_deleting(const std::string& name) {
    auto deleting = [this, &name] {
      auto stored = session_.machine->read(name);
      return stored && stored->deleting;
    };
    if (!deleting()) return Outcome::Reached;
    progress_.step(name, "is being deleted; waiting for its end");
    if (!ensure_operator()) return Outcome::Failed;
    return wait_for([&deleting] { return !deleting(); }, name + " is still being deleted");
  }

  Outcome wait_until_available(const std::string& name) {
    std::string hopeless;
    auto outcome = wait_for([this, &name, &hopeless] { return serves(name, hopeless); },
                            name + " is not available after " + std::to_string(options_.timeout.count()) + " s");
    if (outcome == Outcome::Reached && !hopeless.empty()) {
      failed(session_, name + ": " + hopeless);
      return Outcome::Failed;
    }
    if (outcome == Outcome::Failed) explain(name);
    return outcome;
  }

  void print_endpoints(const std::string& name) {
    auto stored = session_.machine->read(name);
    if (!stored) return;
    const auto& endpoints = stored->cluster.status.endpoints;
    session_.out << "\n"
                 << painted(session_, Colour::Green, name + " is available") << "\n"
                 << "  web client and API   " << endpoints.api << "\n"
                 << "  websocket            " << endpoints.websocket << "\n"
                 << "  directory            " << session_.machine->where() << "\n"
                 << std::endl;
  }

  // Tells what changes until Ctrl-C. False: the operator does not stay up.
  bool follow(const std::vector<std::string>& names) {
    int restarts = 0;
    while (true) {
      auto woken = watch_->wait(kLookAgain);
      if (woken.interrupted) return true;
      if (woken.operator_ended) {
        session_.err << "the operator ended: starting it again" << std::endl;
        if (++restarts > kMostRestarts || !ensure_operator()) return false;
      }
      for (const auto& name : names)
        if (auto stored = session_.machine->read(name)) progress_.show(stored->cluster);
    }
  }

 private:
  template <class Reached>
  Outcome wait_for(Reached reached, const std::string& late) {
    // What is there is from an operator before this one, so let it look first. It writes only what changed: a cluster
    // that kept running is waited for in vain, and briefly.
    while (std::exchange(fresh_, false) || !reached()) {
      auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Steady::now());
      if (left.count() <= 0) {
        failed(session_, late);
        return Outcome::Failed;
      }
      auto woken = watch_->wait(std::min<std::chrono::milliseconds>(left, kLookAgain));
      if (woken.interrupted) return Outcome::Interrupted;
      if (woken.operator_ended && !session_.machine->running_operator()) {
        failed(session_, "the operator ended");
        return Outcome::Failed;
      }
    }
    return Outcome::Reached;
  }

  bool serves(const std::string& name, std::string& hopeless) {
    auto stored = session_.machine->read(name);
    if (!stored) return false;
    const auto& cluster = stored->cluster;
    progress_.show(cluster);
    const auto* condition = api::find_condition(cluster.status, "Available");
    if (condition && cluster.status.observed_generation == cluster.metadata.generation &&
        std::find(kHopeless.begin(), kHopeless.end(), condition->reason) != kHopeless.end())
      hopeless = condition->message;
    if (!hopeless.empty()) return true;
    return available(cluster) && accepts_connections(cluster.status.endpoints.api, kConnectTimeout) &&
           accepts_connections(cluster.status.endpoints.websocket, kConnectTimeout);
  }

  void tail(const std::string& name, const std::string& process) {
    const auto lines = session_.machine->last_lines(name, process, kLogLines);
    if (lines.empty()) return;
    session_.err << "\nlast lines of chatctl logs " << process << ":\n";
    for (const auto& line : lines) session_.err << "  " << line << "\n";
    session_.err.flush();
  }

  void explain(const std::string& name) {
    auto stored = session_.machine->read(name);
    if (!stored || stored->cluster.status.conditions.empty()) return tail(name, std::string(ports::kOperatorLog));
    for (const auto& problem : problems(stored->cluster.status))
      failed(session_, problem.type + " (" + problem.reason + "): " + problem.message);
    const auto names = suspects(stored->cluster);
    tail(name, names.empty() ? std::string(ports::kOperatorLog) : names.front());
  }

  Session& session_;
  const UpOptions& options_;
  std::unique_ptr<ports::Watch> watch_;
  Progress progress_;
  Steady::time_point deadline_;
  bool fresh_ = false;  // the operator was just started
};

}  // namespace

int up(Session& session, const UpOptions& options) {
  auto documents = read_documents(session, options.file);
  if (!documents) return kFailed;
  if (auto made = session.machine->prepare(); !made) return failed(session, made.error());
  std::vector<std::string> names;
  for (const auto& proposal : *documents)
    if (const auto* cluster = std::get_if<api::ChatCluster>(&proposal.document))
      names.push_back(cluster->metadata.name);
  Start start(session, options);
  auto bring_up = [&] {
    for (const auto& name : names)
      if (auto outcome = start.wait_until_not_deleting(name); outcome != Outcome::Reached) return outcome;
    if (store(session, *documents) != kDone || !start.ensure_operator()) return Outcome::Failed;
    for (const auto& name : names)
      if (auto outcome = start.wait_until_available(name); outcome != Outcome::Reached) return outcome;
    return Outcome::Reached;
  };
  const auto outcome = bring_up();
  if (outcome == Outcome::Failed) return kFailed;
  if (outcome == Outcome::Reached) {
    for (const auto& name : names) start.print_endpoints(name);
    if (options.detach) return kDone;
    session.out << "Ctrl-C stops everything; the data is kept" << std::endl;
    if (!start.follow(names)) return failed(session, "the operator does not stay up: see chatctl logs operator");
  }
  session.out << "\n";
  return down(session, DownOptions{});
}

}  // namespace chatop::cli
