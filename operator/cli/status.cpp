#include <algorithm>
#include <ostream>
#include <utility>

#include "operator/cli/age.hpp"
#include "operator/cli/documents.hpp"
#include "operator/cli/summary.hpp"
#include "operator/cli/table.hpp"
#include "operator/cli/verbs.hpp"

// The screen for 3 a.m.: the first line says how it is, then what is wrong, since when and what to do; then the parts.
namespace chatop::cli {
namespace {

using State = ports::OperatorSeen::State;
constexpr std::string_view kStopped = "STOPPED";

struct Verdict {
  std::string word;
  Colour colour;
};

Verdict verdict(const ports::StoredCluster& stored, bool operated) {
  const auto& status = stored.cluster.status;
  if (stored.deleting) return {"BEING DELETED", Colour::Yellow};
  if (status.conditions.empty()) return {"NOT STARTED YET", Colour::Yellow};
  const auto* condition = api::find_condition(status, "Available");
  if (condition && condition->reason == "Stopped" && !operated) return {std::string(kStopped), Colour::Yellow};
  if (!condition || condition->status != api::ConditionStatus::True) return {"NOT AVAILABLE", Colour::Red};
  if (!operated) return {"UNWATCHED", Colour::Red};
  if (!problems(status).empty()) return {"DEGRADED", Colour::Yellow};
  if (!available(stored.cluster)) return {"CHANGING", Colour::Yellow};
  return {"ALL WELL", Colour::Green};
}

void line(Session& session, Colour colour, std::string_view mark, const std::string& text) {
  session.out << "  " << painted(session, colour, mark) << " " << text << "\n";
}

// Then the status can not be written either: what it says may be long over.
void full_disk(Session& session) {
  if (session.machine == nullptr || session.machine->has_room()) return;
  line(session, Colour::Red, "!",
       "The disk of " + session.site.where() + " is full: no status can be written, what is shown may be old.");
  line(session, Colour::Dim, "  do:", "make room on it");
}

void what_is_wrong(Session& session, const ports::StoredCluster& stored, bool operated) {
  full_disk(session);
  const auto& cluster = stored.cluster;
  const std::string& name = cluster.metadata.name;
  if (!operated) {
    line(session, Colour::Red, "!",
         "No operator runs here: what is shown is what the last one saw, and nothing is repaired.");
    line(session, Colour::Dim, "  do:", session.site.operator_command());
  }
  const auto wrong = problems(cluster.status);
  std::string said;
  for (const auto& problem : wrong) {
    if (problem.message == std::exchange(said, problem.message)) continue;  // Degraded for what Available told
    line(session, Colour::Red, "!",
         problem.type + " is " + std::string(problem.type == "Available" ? "not so" : "so") + " for " +
             age(problem.last_transition_time, session.now_milliseconds) + " (" + problem.reason +
             "): " + problem.message);
  }
  if (!wrong.empty()) {
    const auto logs = session.site.logs(name);
    for (const auto& suspect : suspects(cluster)) {
      if (std::find(logs.begin(), logs.end(), suspect) != logs.end())
        line(session, Colour::Dim, "  do:", session.command + " logs " + suspect + " --cluster " + name + " --tail 50");
    }
    line(session, Colour::Dim, "  do:", session.command + " describe chatcluster " + name);
  }
  if (cluster.status.observed_generation != cluster.metadata.generation && !cluster.status.conditions.empty())
    line(session, Colour::Yellow, "~",
         "The last change (generation " + std::to_string(cluster.metadata.generation) + ") has not been seen yet.");
  if (cluster.spec.paused)
    line(session, Colour::Yellow, "~", "paused is true: the operator observes and changes nothing.");
  for (const auto& condition : cluster.status.conditions)
    if ((condition.type == "Progressing" || condition.type == "UpdateInProgress") &&
        condition.status == api::ConditionStatus::True)
      line(session, Colour::Yellow, "~",
           "In progress for " + age(condition.last_transition_time, session.now_milliseconds) + ": " +
               condition.message);
    else if (condition.type == "Durable" && condition.status == api::ConditionStatus::False)
      line(session, Colour::Dim, "-", condition.message);
}

void parts(Session& session, const api::ChatCluster& cluster) {
  Table table;
  for (const auto& component : components(cluster.status)) {
    std::string note =
        component.name == "gateways" ? std::to_string(cluster.status.gateways.connections) + " connections" : "";
    table.row({component.well ? " " : "!", component.name, component.state, note});
  }
  const auto lines = session.site.processes(cluster.metadata.name);
  std::string restarted;
  for (const auto& process : lines)
    if (process.restarts > 0)
      restarted += (restarted.empty() ? "" : ", ") + process.name + " " + std::to_string(process.restarts) +
                   "x (last " + duration(session.now_milliseconds - process.started_ms) + " ago)";
  if (!restarted.empty()) table.row({" ", "restarts", restarted});
  const auto& endpoints = cluster.status.endpoints;
  if (!endpoints.api.empty()) table.row({" ", "web, api", endpoints.api});
  if (!endpoints.websocket.empty()) table.row({" ", "websocket", endpoints.websocket});
  session.out << table.text("  ");
}

void screen(Session& session, const ports::StoredCluster& stored) {
  const auto seen = session.site.operator_seen();
  // Who may not know it is told so, and no alarm is raised.
  const bool operated = seen.state != State::none;
  const std::string looks_after = seen.state == State::running ? "running (" + seen.who + ")"
                                  : operated                   ? "not known (" + seen.who + ")"
                                                               : std::string("not running");
  const auto judged = verdict(stored, operated);
  const auto* condition = api::find_condition(stored.cluster.status, "Available");
  const std::string since =
      condition ? "for " + age(condition->last_transition_time, session.now_milliseconds) + "   " : std::string();
  session.out << painted(session, Colour::Bold, stored.cluster.metadata.name) << "   "
              << painted(session, judged.colour, judged.word) << "   " << since << "generation "
              << stored.cluster.metadata.generation << "   operator " << looks_after << "\n";
  if (judged.word == kStopped) {
    line(session, Colour::Dim, "-", condition->message);
    line(session, Colour::Dim, "  do:", session.site.operator_command());
    return;
  }
  what_is_wrong(session, stored, operated);
  if (!stored.cluster.status.conditions.empty()) parts(session, stored.cluster);
}

}  // namespace

int status(Session& session, const std::string& name) {
  auto listing = name.empty() ? session.site.list() : chat::base::Result<ports::Listing<ports::StoredCluster>>();
  if (!listing) return failed(session, listing.error());
  if (listing->items.size() + listing->unreadable.size() < 2) {
    auto stored = find_cluster(session, name);
    if (!stored) return kFailed;
    screen(session, *stored);
    return kDone;
  }
  int code = kDone;
  for (const auto& stored : listing->items) {
    screen(session, stored);
    session.out << "\n";
  }
  for (const auto& error : listing->unreadable) code = failed(session, error);
  return code;
}

}  // namespace chatop::cli
