#pragma once
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "operator/plan/action.hpp"
#include "operator/plan/cluster_map.hpp"
#include "operator/plan/observed.hpp"

namespace chatop::plan {

// What the parts of one decision share: the readings with the questions that several parts ask of them, and what they
// decide. Lives for one decide().
struct Context {
  Context(const api::ChatCluster& its_cluster, const Observed& readings);

  [[nodiscard]] const ports::ProcessView* find(const std::string& name) const;
  [[nodiscard]] bool is_wanted(const std::string& name) const;
  // Its report, where it runs and reported lately (Observed::live_ms).
  [[nodiscard]] const ports::DaemonReport* live_report(const ports::ProcessView& process) const;
  [[nodiscard]] bool is_ready(const ports::ProcessView& process) const;
  // Takes writes, has a schema and owns what the plan says.
  [[nodiscard]] bool shard_serves(const std::string& shard) const;
  // Somebody else's database, which should hold the shard's messages and knows nothing of it: not the one it was.
  [[nodiscard]] bool is_emptied(const std::string& shard) const;
  [[nodiscard]] bool schema_is_current() const;  // on every shard, known and not guessed
  [[nodiscard]] bool is_draining(const std::string& gateway) const { return memory.drains.contains(gateway); }
  [[nodiscard]] std::int64_t ready_count(ports::Role role) const;
  // Every live daemon runs the published map (I10).
  [[nodiscard]] bool map_is_seen() const;

  // Adds the act, unless one of its key is under way or has just failed.
  void act(Action action);
  void wake_at(std::int64_t milliseconds);
  void start_when_due(const ports::ProcessSpec& spec, const ports::ProcessView& process);

  const api::ChatCluster& cluster;
  const api::ChatClusterSpec& spec;
  const Observed& seen;
  ClusterMap published;                    // version 0: none yet
  std::vector<ports::OwnedRange> buckets;  // who should own what
  std::vector<ports::ProcessSpec> wanted;
  ports::Memory memory;  // as it should be after this decision
  std::vector<Action> actions;
  std::set<std::string> asked_for;  // keys of all acts that were wanted, those that have to wait included
  std::optional<std::int64_t> wake_at_ms;
};

}  // namespace chatop::plan
