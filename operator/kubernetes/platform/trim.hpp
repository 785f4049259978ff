#pragma once
#include <string>

#include "dataplane/base/json.hpp"

// What the operator keeps of what it reads: a cluster of 1,000 ChatClusters has tens of thousands of objects. Pure.
// Of each stay the name, the namespace, the UID and our labels.
namespace chatop::kubernetes {

inline constexpr const char* kFinalizer = "chatcluster.io/teardown";
// On a Pod that a Deployment should give up first.
inline constexpr const char* kDeletionCost = "controller.kubernetes.io/pod-deletion-cost";
// On what we applied: a hash of it.
inline constexpr const char* kAppliedAnnotation = "chatcluster.io/applied";

// {metadata, held: our finalizer is there, document: JSON text without status, status: JSON text}
[[nodiscard]] chat::base::Json keep_cluster(chat::base::Json object);
// {metadata, hash, cost: of its deletion, created, ip, phase, ready, running: since when its container does, restarts,
// waiting: {reason, message}, image: of the container that waits, ended: {code, signal, reason, at, message},
// unschedulable: why}; what does not apply is absent.
[[nodiscard]] chat::base::Json keep_pod(chat::base::Json object);
// {metadata, applied, version: changes with what is wanted of it, hash: of the Pods it makes, replicas, failed: why it
// can not make them, spec: of its claims no more than keep_what_is_fixed() asks for}
[[nodiscard]] chat::base::Json keep_workload(chat::base::Json object);
// {metadata, applied, version}
[[nodiscard]] chat::base::Json keep_object(chat::base::Json object);
// {metadata, phase, class, size: as asked for, not_grown: why the volume can not be made that large}
[[nodiscard]] chat::base::Json keep_claim(chat::base::Json object);
// {metadata, about: UID of the object, message, at}
[[nodiscard]] chat::base::Json keep_event(chat::base::Json object);
// {metadata, expands: its volumes may grow}
[[nodiscard]] chat::base::Json keep_class(chat::base::Json object);

// Of a Pod's first container, as its spec says; empty: it has none.
[[nodiscard]] std::string image_of(const chat::base::Json& pod);
// As text, what distinguishes one wanted state of an object from another: its generation, or where it has none the
// resourceVersion.
[[nodiscard]] std::string version_of(const chat::base::Json& object);

}  // namespace chatop::kubernetes
