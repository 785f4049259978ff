#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "operator/kubernetes/objects/objects.hpp"
#include "operator/kubernetes/platform/caches.hpp"

// What the objects of one ChatCluster should be, by their hashes: whole they are made again when they are applied.
// Pure.
namespace chatop::kubernetes {

struct WantedObject {
  Caches::What what = Caches::What::services;
  std::string name;
  std::string hash;
};
struct WantedWorkload {
  ports::Role role = ports::Role::worker;
  int ordinal = 0;          // of a shard
  std::string hash;         // of all but its replicas and what can not be changed
  std::string config_hash;  // of its Pods
  std::int64_t replicas = 1;
};
struct WantedObjects {
  std::vector<WantedObject> base;
  std::map<std::string, WantedWorkload> workloads;  // by name
};
[[nodiscard]] WantedObjects wanted_objects(const objects::Inputs& inputs);

// With what tells later that this is what was applied: kAppliedAnnotation.
[[nodiscard]] chat::base::Json stamped(chat::base::Json body);
// Where an object of ours is watched. Throws on one that is none of ours.
[[nodiscard]] Caches::What what_of(const chat::base::Json& body);
// Of a role whose Pods Kubernetes replaces and chooses by itself: a Deployment's.
[[nodiscard]] bool is_elastic(ports::Role role);

}  // namespace chatop::kubernetes
