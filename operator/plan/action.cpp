#include "operator/plan/action.hpp"

namespace chatop::plan {
namespace {

struct Key {
  std::string operator()(const PrepareCluster&) const { return "cluster"; }
  std::string operator()(const RemoveCluster&) const { return "cluster"; }
  std::string operator()(const Prepare& act) const { return "process " + act.process.name; }
  std::string operator()(const Start& act) const { return "process " + act.process.name; }
  std::string operator()(const Stop& act) const { return "process " + act.name; }
  std::string operator()(const Kill& act) const { return "process " + act.name; }
  std::string operator()(const GrowVolume& act) const { return "volume " + act.name; }
  std::string operator()(const MigrateShard& act) const { return "shard " + act.shard; }
  std::string operator()(const RestoreLogin& act) const { return "shard " + act.shard; }
  std::string operator()(const AssignBuckets& act) const { return "shard " + act.shard; }
  std::string operator()(const Remember&) const { return "memory"; }
  std::string operator()(const PushMap& act) const { return "map " + act.name; }
  std::string operator()(const Drain& act) const { return "drain " + act.name; }
};

struct Words {
  std::string operator()(const PrepareCluster&) const { return "prepare what the cluster needs"; }
  std::string operator()(const RemoveCluster&) const { return "remove the cluster"; }
  std::string operator()(const Prepare& act) const { return "prepare " + act.process.name; }
  std::string operator()(const Start& act) const { return "start " + act.process.name; }
  std::string operator()(const Stop& act) const { return "stop " + act.name; }
  std::string operator()(const Kill& act) const { return "end " + act.name + ", which hangs"; }
  std::string operator()(const GrowVolume& act) const { return "let the volume of " + act.name + " grow"; }
  std::string operator()(const MigrateShard& act) const { return "migrate " + act.shard; }
  std::string operator()(const RestoreLogin& act) const { return "give " + act.shard + " the daemons' password again"; }
  std::string operator()(const AssignBuckets& act) const { return "tell " + act.shard + " its buckets"; }
  std::string operator()(const Remember&) const { return "publish the cluster map"; }
  std::string operator()(const PushMap& act) const { return "push the cluster map to " + act.name; }
  std::string operator()(const Drain& act) const { return "drain " + act.name; }
};

}  // namespace

std::string key_of(const Action& action) { return std::visit(Key{}, action); }
std::string describe(const Action& action) { return std::visit(Words{}, action); }

}  // namespace chatop::plan
