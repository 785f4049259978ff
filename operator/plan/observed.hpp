#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "operator/api/chat_cluster.hpp"
#include "operator/ports/data_plane.hpp"
#include "operator/ports/process.hpp"
#include "operator/ports/shard_admin.hpp"

namespace chatop::plan {

// What the cluster is steered to: serving as its spec says, stopped with its data kept, or taken away.
enum class Objective { serve, stop, remove };

// A daemon as it answers itself. Belongs to one life of the process: a restart begins a new one.
struct DaemonView {
  std::int64_t pid = 0;
  std::optional<ports::DaemonReport> report;  // the last one
  std::int64_t report_ms = 0;                 // when it came
  unsigned misses = 0;                        // questions without an answer since
};

struct ShardView {
  std::optional<ports::ShardReport> report;  // nullopt: it did not answer when last asked
  std::string problem;                       // why it did not
  std::int64_t writes_per_second = 0;
};

struct RedisView {
  bool takes_writes = true;
  bool slow = false;               // several answers in a row took long
  std::int64_t evicted_at_ms = 0;  // when it was last seen to have evicted something; 0: never
};

// An act that failed and was not done since.
struct ActFailure {
  std::string message;
  std::string reason;  // set: trying again will not help until somebody changes something; a condition's reason
  unsigned attempts = 0;
  std::int64_t at_ms = 0;
};

// Everything the decision is made from. Absent or old readings are absent here: nothing is guessed.
struct Observed {
  std::int64_t now_ms = 0;   // steady (ports/steady.hpp), like every other time here; a step of the clock is not seen
  std::int64_t wall_ms = 0;  // what people's clocks show: for time stamps only
  Objective objective = Objective::serve;
  std::string operator_version;
  std::int64_t live_ms = 5000;  // what a daemon reported counts for so long
  ports::PlatformView platform;
  ports::Memory memory;
  std::map<std::string, DaemonView> daemons;  // by process
  std::map<std::string, ShardView> shards;    // by process
  bool redis_answers = false;
  RedisView redis;
  std::int64_t clock_step_ms = 0;              // by how much the wall clock was set forward (or back) last
  std::int64_t clock_step_at_ms = 0;           // and when; 0: never while this operator ran
  std::set<std::string> acting;                // keys of the acts under way
  std::map<std::string, ActFailure> failures;  // by key
};

}  // namespace chatop::plan
