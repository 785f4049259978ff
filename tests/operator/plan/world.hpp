#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "operator/plan/cluster_map.hpp"
#include "operator/plan/plan.hpp"
#include "operator/plan/wanted.hpp"

namespace chatop::plan {

// A cluster that does at once what the plan asks for, as values: what a decision leads to can be followed to its end
// without a clock, a process or a socket. What was done is kept in order.
struct World {
  static constexpr const char* kVersion = "1.0";
  api::ChatCluster cluster;
  Observed seen;
  std::vector<std::string> done;
  Decision last;

  World() {
    cluster.metadata.name = "demo";
    cluster.metadata.generation = 1;
    seen.now_ms = 3'600'000;
    seen.wall_ms = 1'700'000'000'000;
    seen.operator_version = kVersion;
  }

  ports::ProcessView* find(const std::string& name) {
    for (auto& process : seen.platform.processes) {
      if (process.name == name) return &process;
    }
    return nullptr;
  }
  bool runs(const std::string& name) {
    auto* process = find(name);
    return process != nullptr && process->running;
  }
  std::int64_t pid(const std::string& name) { return runs(name) ? find(name)->pid : 0; }
  [[nodiscard]] ClusterMap map() const { return parse_map(seen.memory.map); }
  std::size_t at(const std::string& act) const {
    return static_cast<std::size_t>(std::find(done.begin(), done.end(), act) - done.begin());
  }
  [[nodiscard]] bool did(const std::string& act) const { return at(act) < done.size(); }

  // The platform answers about what is wanted now, as observe() does.
  void look() {
    const auto wanted = wanted_processes(cluster.spec, map(), kVersion);
    for (const auto& spec : wanted) {
      if (find(spec.name) == nullptr) {
        ports::ProcessView process;
        process.name = spec.name;
        process.role = spec.role;
        process.ordinal = spec.ordinal;
        seen.platform.processes.push_back(process);
      }
      auto* process = find(spec.name);
      if (process->prepared) process->wanted_hash = hash(spec);
    }
    std::erase_if(seen.platform.processes, [&wanted](const auto& process) {
      return !process.running &&
             std::none_of(wanted.begin(), wanted.end(), [&](const auto& each) { return each.name == process.name; });
    });
    for (auto it = seen.daemons.begin(); it != seen.daemons.end();)
      it = runs(it->first) ? std::next(it) : seen.daemons.erase(it);
    for (auto& [name, daemon] : seen.daemons) {
      if (daemon.report && daemon.misses == 0) daemon.report_ms = seen.now_ms;
    }
  }
  Decision& decide_once() {
    look();
    last = decide(cluster, seen);
    cluster.status = last.status;
    return last;
  }
  // Decides and does until nothing is left to do; at most `rounds` times.
  bool settle(int rounds = 60) {
    for (int i = 0; i < rounds; ++i) {
      decide_once();
      if (last.actions.empty() && (!last.wake_at_ms || frozen)) return true;
      if (last.actions.empty()) seen.now_ms = std::max(seen.now_ms + 1, *last.wake_at_ms);
      for (const auto& action : last.actions) apply(action);
    }
    return false;
  }
  void kill(const std::string& name) {
    auto* process = find(name);
    process->running = false;
    process->ended_ms = seen.now_ms;
    ++process->failures;
    process->how_it_ended = "was killed by signal 9";
    seen.daemons.erase(name);
    seen.shards.erase(name);
    if (name == "redis") seen.redis_answers = false;
  }
  void connections(const std::string& gateway, std::int64_t count) {
    seen.daemons[gateway].report->connections = count;
  }
  const api::Condition& condition(const std::string& type) { return *api::find_condition(last.status, type); }

  bool frozen = false;  // waiting for a moment counts as settled

 private:
  static std::string hash(const ports::ProcessSpec& spec) {
    std::string text =
        spec.version + std::to_string(spec.max_connections) + std::to_string(spec.memory_bytes) + spec.public_url;
    for (const auto& origin : spec.allowed_origins) text += origin;
    return text;
  }
  void apply(const Action& action) {
    done.push_back(describe(action));
    if (std::holds_alternative<PrepareCluster>(action)) seen.platform.prepared = true;
    if (const auto* act = std::get_if<Prepare>(&action)) {
      auto* process = find(act->process.name);
      process->prepared = true;
      process->address = {"127.0.0.1", next_port_++};
      process->admin = {"127.0.0.1", next_port_++};
    }
    if (const auto* act = std::get_if<Start>(&action)) start(act->process);
    if (const auto* act = std::get_if<Stop>(&action)) end(act->name);
    if (const auto* act = std::get_if<Kill>(&action)) kill(act->name);
    if (const auto* act = std::get_if<MigrateShard>(&action)) seen.shards[act->shard].report->migrated = true;
    if (const auto* act = std::get_if<GrowVolume>(&action)) find(act->name)->outgrown = false;
    if (const auto* act = std::get_if<RestoreLogin>(&action)) seen.shards[act->shard].report->login_problem.clear();
    if (const auto* act = std::get_if<AssignBuckets>(&action)) {
      seen.shards[act->shard].report->identity = act->shard;
      seen.shards[act->shard].report->ranges = act->ranges;
    }
    if (const auto* act = std::get_if<Remember>(&action)) seen.memory = act->memory;
    if (const auto* act = std::get_if<PushMap>(&action)) seen.daemons[act->name].report->map_version = map().version;
    if (const auto* act = std::get_if<Drain>(&action)) seen.daemons[act->name].report->draining = true;
    if (std::holds_alternative<RemoveCluster>(action)) seen.objective = Objective::stop;
  }
  void start(const ports::ProcessSpec& spec) {
    auto* process = find(spec.name);
    process->running = true;
    process->pid = next_pid_++;
    process->started_ms = seen.now_ms;
    process->running_hash = hash(spec);
    if (spec.role == ports::Role::redis) {
      seen.redis_answers = true;
    } else if (spec.role == ports::Role::shard) {
      ports::ShardReport report = shards_.contains(spec.name) ? shards_[spec.name] : ports::ShardReport();
      report.takes_writes = true;
      seen.shards[spec.name].report = report;
    } else {
      auto& daemon = seen.daemons[spec.name];
      daemon.pid = process->pid;
      daemon.report.emplace();
      daemon.report->ready = true;
      daemon.report->map_version = map().version;
      daemon.report_ms = seen.now_ms;
    }
  }
  void end(const std::string& name) {
    auto* process = find(name);
    process->running = false;
    process->ended_ms = 0;
    if (seen.shards.contains(name)) shards_[name] = *seen.shards[name].report;
    seen.shards.erase(name);
    seen.daemons.erase(name);
  }
  std::int64_t next_pid_ = 1000;
  std::uint16_t next_port_ = 20000;
  std::map<std::string, ports::ShardReport> shards_;
};

}  // namespace chatop::plan
