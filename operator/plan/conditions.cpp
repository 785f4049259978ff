#include <algorithm>

#include "dataplane/base/clock.hpp"
#include "dataplane/base/rfc3339.hpp"
#include "operator/plan/parts.hpp"
#include "operator/plan/restart.hpp"
#include "operator/plan/surroundings.hpp"
#include "operator/plan/wanted.hpp"

namespace chatop::plan {

using api::Condition;
using api::ConditionStatus;
using ports::Finding;
using ports::Role;

namespace {

struct RoleName {
  Role role;
  const char* spec_name;  // in the spec and for people
};
constexpr RoleName kDaemons[] = {
    {Role::messages, "messages"}, {Role::worker, "workers"}, {Role::api, "api"}, {Role::gateway, "gateways"}};

constexpr std::int64_t kRecoveredAfterMs = 60'000;
constexpr std::int64_t kReplacedAfterMs = 60'000;  // what was to be there again by then is missed

std::string join(const std::vector<std::string>& sentences) {
  std::string text;
  for (const auto& sentence : sentences) text += (text.empty() ? "" : "; ") + sentence;
  return text;
}

// What is wrong and will not pass by itself, or has not passed yet.
std::vector<Finding> find_problems(const Context& context) {
  std::vector<Finding> problems = context.seen.platform.findings;
  for (const auto& [key, failure] : context.seen.failures) {
    if (!failure.reason.empty() || failure.attempts >= 2)
      problems.push_back({failure.reason.empty() ? "ActFailed" : failure.reason, failure.message});
  }
  for (const auto& process : context.seen.platform.processes) {
    const bool recovered = process.running && context.seen.now_ms - process.started_ms > kRecoveredAfterMs;
    if (!context.is_wanted(process.name) || process.failures < ports::kCrashLoop || recovered) continue;
    std::string message = process.name + " ends again and again soon after its start: it " + process.how_it_ended;
    if (auto line = telling_line(process.last_lines); !line.empty()) message += ". Its log ends with: " + line;
    problems.push_back({crash_reason(process.last_lines), message + " (chatctl logs " + process.name + ")"});
  }
  for (const auto& [name, shard] : context.seen.shards) {
    if (shard.report && !shard.report->migration_problem.empty())
      problems.push_back({"MigrationRefused", name + ": " + shard.report->migration_problem});
    if (context.is_emptied(name))
      problems.push_back({"ShardEmpty", "the database of " + name +
                                            " holds nothing of this cluster, though its messages should be there: let "
                                            "its Secret name the server that has them, or bring them back from a "
                                            "backup; nothing is made anew there"});
  }
  return problems;
}

bool refuses_us(const ShardView& shard) {
  return shard.problem.find("password authentication failed") != std::string::npos;
}

// Why a shard does not serve, as far as it is known.
Finding unavailable_shard(const Context& context, const std::string& name) {
  auto it = context.seen.shards.find(name);
  if (it == context.seen.shards.end() || it->second.report || it->second.problem.empty())
    return {"ShardUnavailable", name + " takes no writes: its conversations wait"};
  const std::string why = name + " does not answer the operator (" + it->second.problem + ")";
  if (!refuses_us(it->second)) return {"ShardUnavailable", why + ": its conversations wait"};
  const auto* process = context.find(name);
  const bool external = process != nullptr && process->external;
  return {"ShardUnavailable",
          why + ": chat may go on there, but nobody looks after it; " +
              (external ? "put the password that it takes into the Secret that names it"
                        : "give its superuser the password of secrets/postgres_superuser_password back (alter role)")};
}

// " (messages-0: shard-1: not connected)", as the first of them says.
std::string why_not(const Context& context, Role role) {
  for (const auto& process : context.seen.platform.processes) {
    const auto* report = process.role == role ? context.live_report(process) : nullptr;
    if (report != nullptr && !report->not_ready.empty()) return " (" + process.name + ": " + report->not_ready + ")";
  }
  return {};
}

// It was told to end, or was begun and not seen to end by itself.
bool is_being_replaced(const Context& context, const std::string& name) {
  const auto* process = context.find(name);
  if (process == nullptr || process->stopping) return process != nullptr;
  if (process->ended_ms > 0 || process->failures > 0) return false;
  return !process->running || context.seen.now_ms - process->started_ms < kReplacedAfterMs;
}

struct Missing {
  Finding finding;
  bool planned = false;  // it is being replaced, and nothing is wrong
};

void find_missing_daemons(const Context& context, std::vector<Missing>& missing) {
  // Without what it stands on a daemon is not ready either.
  const bool theirs = std::any_of(missing.begin(), missing.end(), [](const auto& each) { return each.planned; });
  for (const auto& [role, name] : kDaemons) {
    if (desired(context.spec, role) == 0 || context.ready_count(role) > 0) continue;
    const bool replaced = std::all_of(context.wanted.begin(), context.wanted.end(), [&, of = role](const auto& spec) {
      return spec.role != of || is_being_replaced(context, spec.name);
    });
    missing.push_back({{"DaemonUnavailable", "none of the " + std::string(name) + " is ready" + why_not(context, role)},
                       theirs || replaced});
  }
}

// What keeps the cluster from serving right now.
std::vector<Missing> find_missing(const Context& context) {
  std::vector<Missing> missing;
  for (const auto& spec : context.wanted) {
    const auto shard = context.seen.shards.find(spec.name);
    const bool refused = shard != context.seen.shards.end() && !shard->second.report && refuses_us(shard->second);
    const bool replaced = !refused && is_being_replaced(context, spec.name);
    if (spec.role == Role::shard && !context.shard_serves(spec.name)) {
      const Finding planned{"ShardUnavailable", spec.name + " is being replaced: its conversations wait a moment"};
      missing.push_back({replaced ? planned : unavailable_shard(context, spec.name), replaced});
    }
    const auto* process = context.find(spec.name);
    if (spec.role == Role::redis && (process == nullptr || !context.is_ready(*process)))
      missing.push_back(
          {{"RedisUnavailable", "redis does not answer: messages are kept and delivered, slower"}, replaced});
  }
  find_missing_daemons(context, missing);
  return missing;
}

// Whoever is waited for is not waited for like this: what is planned takes less.
bool waits_too_long(const Context& context) {
  const auto* before = api::find_condition(context.cluster.status, "Available");
  if (before == nullptr || before->status != ConditionStatus::False) return false;
  const auto since = chat::base::parse_rfc3339(before->last_transition_time);
  return since && context.seen.wall_ms - *since > kReplacedAfterMs;
}

const char* start_words(const ports::ProcessView& process) {
  if (process.in_hand) return " is being started";
  return process.ended_ms > 0 ? " is waiting to be started again" : " is waiting to be started";
}

// What is still on its way to what the spec wants; empty: nothing.
std::vector<std::string> under_way(const Context& context) {
  std::vector<std::string> waits;
  if (!context.seen.platform.prepared) waits.emplace_back("what the cluster needs is being prepared");
  for (const auto& spec : context.wanted) {
    const auto* process = context.find(spec.name);
    if (process == nullptr || !process->prepared) {
      if (context.seen.platform.prepared) waits.push_back(spec.name + " is being prepared");
    } else if (!process->running) {
      waits.push_back(spec.name + start_words(*process));
    } else if (context.is_draining(spec.name) || process->stopping) {
      waits.push_back(spec.name + " is being replaced");
    } else if (!context.is_ready(*process)) {
      const auto* report = context.live_report(*process);
      waits.push_back(spec.name + " is starting" +
                      (report != nullptr && !report->not_ready.empty() ? " (" + report->not_ready + ")" : ""));
    }
  }
  for (const auto& process : context.seen.platform.processes) {
    if (process.running && !context.is_wanted(process.name))
      waits.push_back(process.name + (process.stopping || process.in_hand ? " is ending" : " is being drained"));
  }
  return waits;
}

bool has_served(const Context& context) {
  const auto* before = api::find_condition(context.cluster.status, "Available");
  return before != nullptr && (before->status == ConditionStatus::True || before->reason.ends_with("Unavailable"));
}

Condition available(const Context& context, const std::vector<std::string>& not_served,
                    const std::vector<Finding>& problems, const std::vector<std::string>& waits,
                    const std::vector<Missing>& missing) {
  Condition condition;
  condition.type = "Available";
  condition.status = ConditionStatus::False;
  if (context.seen.objective != Objective::serve) {
    condition.reason = context.seen.objective == Objective::stop ? "Stopped" : "Deleting";
    condition.message = context.seen.objective == Objective::stop ? "The cluster was stopped; its data is kept."
                                                                  : "The cluster is being deleted.";
    return condition;
  }
  if (!not_served.empty() && context.published.version == 0) {
    condition.reason = "Unsupported";
    condition.message = join(not_served);
    return condition;
  }
  if (missing.empty() && (has_served(context) || waits.empty())) {
    condition.status = ConditionStatus::True;
    condition.reason = "Serving";
    condition.message = "Every shard takes writes and every role is served.";
    return condition;
  }
  if (has_served(context)) {
    condition.reason = missing.front().finding.reason;
    condition.message = missing.front().finding.message;
  } else {
    condition.reason = problems.empty() ? "Starting" : problems.front().reason;
    condition.message = problems.empty() ? join(waits) : problems.front().message;
    if (condition.message.empty() && !missing.empty()) condition.message = missing.front().finding.message;
  }
  return condition;
}

Condition progressing(const Context& context, const std::vector<std::string>& waits) {
  Condition condition;
  condition.type = "Progressing";
  condition.status = waits.empty() ? ConditionStatus::False : ConditionStatus::True;
  condition.reason = waits.empty() ? "Converged" : "Converging";
  condition.message = waits.empty() ? "What runs is what the spec wants." : join(waits);
  if (context.seen.objective != Objective::serve) {
    condition.status = ConditionStatus::False;
    condition.reason = "Stopping";
    condition.message = "The processes of the cluster are being ended.";
  } else if (context.spec.paused) {
    condition.status = ConditionStatus::False;
    condition.reason = "Paused";
    condition.message = "spec.paused is true: the cluster is observed, nothing is changed.";
  }
  return condition;
}

Condition degraded(const Context& context, const std::vector<std::string>& not_served, std::vector<Finding> problems,
                   const std::vector<Missing>& missing) {
  Condition condition;
  condition.type = "Degraded";
  condition.status = ConditionStatus::False;
  condition.reason = "AsWanted";
  condition.message = "Nothing is known to be wrong.";
  if (context.seen.objective == Objective::serve) {
    auto around = find_surroundings(context);
    std::move(around.begin(), around.end(), std::back_inserter(problems));
  }
  if (!not_served.empty()) problems.push_back({"Unsupported", join(not_served)});
  if (problems.empty() && has_served(context) && context.seen.objective == Objective::serve) {
    const auto wrong = std::find_if(missing.begin(), missing.end(),
                                    [&](const auto& each) { return !each.planned || waits_too_long(context); });
    if (wrong != missing.end()) problems.push_back(wrong->finding);
    for (const auto& spec : context.wanted) {
      const auto* process = context.find(spec.name);
      if (problems.empty() && process != nullptr && process->ended_ms > 0 && !context.is_ready(*process))
        problems.push_back(
            {"ProcessEnded", process->name + " " + process->how_it_ended + " and is being started again"});
    }
  }
  if (problems.empty()) return condition;
  condition.status = ConditionStatus::True;
  condition.reason = problems.front().reason;
  std::vector<std::string> sentences;
  for (auto& problem : problems) sentences.push_back(std::move(problem.message));
  condition.message = join(sentences);
  return condition;
}

Condition durable(const Context& context) {
  Condition condition;
  condition.type = "Durable";
  condition.status = ConditionStatus::False;
  condition.reason = "SingleMember";
  condition.message =
      "Each shard is one PostgreSQL instance: what was acknowledged is on its disk, and is lost with that disk.";
  if (context.spec.shards.members > 1)
    condition.message +=
        " spec.shards.members above 1 is not served " + context.seen.platform.offer.where + " by this version.";
  return condition;
}

Condition scaling_limited() {
  return {"ScalingLimited",
          ConditionStatus::False,
          "FixedCounts",
          "Each role runs replicas.min instances: this version does not scale by itself.",
          "",
          0};
}

Condition update_in_progress(const Context& context) {
  Condition condition;
  condition.type = "UpdateInProgress";
  condition.status = ConditionStatus::False;
  condition.reason = "UpToDate";
  condition.message = "Every process runs the configuration of the spec.";
  std::vector<std::string> old;
  for (const auto& process : context.seen.platform.processes) {
    if (process.running && process.prepared && process.running_hash != process.wanted_hash) old.push_back(process.name);
  }
  if (old.empty()) return condition;
  condition.status = ConditionStatus::True;
  condition.reason = "RollingRestart";
  condition.message = "Still with the old configuration, to be restarted one at a time: ";
  for (std::size_t i = 0; i < old.size(); ++i) condition.message += (i == 0 ? "" : ", ") + old[i];
  return condition;
}

}  // namespace

std::vector<Condition> make_conditions(const Context& context, const std::vector<std::string>& not_served) {
  const auto problems = find_problems(context);
  const auto waits = under_way(context);
  const auto missing = find_missing(context);
  std::vector<Condition> conditions{available(context, not_served, problems, waits, missing),
                                    progressing(context, waits),
                                    degraded(context, not_served, problems, missing),
                                    durable(context),
                                    scaling_limited(),
                                    update_in_progress(context)};
  for (auto& condition : conditions) {
    const auto* before = api::find_condition(context.cluster.status, condition.type);
    const bool same = before != nullptr && before->status == condition.status;
    condition.last_transition_time = same ? before->last_transition_time : chat::base::rfc3339(context.seen.wall_ms);
    condition.observed_generation = context.cluster.metadata.generation;
  }
  return conditions;
}

}  // namespace chatop::plan
