#pragma once
#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include "operator/ports/data_plane.hpp"
#include "operator/ports/process.hpp"
#include "operator/ports/shard_admin.hpp"

namespace chatop::plan {

// What the operator may do next. Each is idempotent; those with different keys may run beside each other, of those with
// one key only one at a time.
struct PrepareCluster {};
struct Prepare {
  ports::ProcessSpec process;
};
struct Start {
  ports::ProcessSpec process;
};
struct Stop {
  std::string name;
  std::chrono::seconds grace{15};
};
struct Kill {
  std::string name;
};
struct GrowVolume {
  std::string name;
};
struct MigrateShard {
  std::string shard;
};
struct RestoreLogin {
  std::string shard;
};
struct AssignBuckets {
  std::string shard;
  std::vector<ports::OwnedRange> ranges;
};
struct Remember {
  ports::Memory memory;
};
struct PushMap {
  std::string name;
};
struct Drain {
  std::string name;
  ports::DrainOrder order;
};
struct RemoveCluster {
  bool keep_data = true;
};
using Action = std::variant<PrepareCluster, Prepare, Start, Stop, Kill, GrowVolume, MigrateShard, RestoreLogin,
                            AssignBuckets, Remember, PushMap, Drain, RemoveCluster>;

// "process gateway-0", "volume shard-0", "shard shard-0", "map gateway-0", "memory", "cluster".
[[nodiscard]] std::string key_of(const Action& action);
// A piece of a sentence: "start gateway-0".
[[nodiscard]] std::string describe(const Action& action);

}  // namespace chatop::plan
