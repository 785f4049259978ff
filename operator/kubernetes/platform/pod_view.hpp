#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/base/json.hpp"
#include "operator/ports/process.hpp"

// What a Pod, as keep_pod() keeps it, is as a process. Pure.
namespace chatop::kubernetes {

// The moment of reading on both clocks: Pods carry wall time, the plan counts steady time.
struct Moment {
  std::int64_t steady_ms = 0;
  std::int64_t wall_ms = 0;
};

// The pid of what is known by this text: another text, another life. Never 0.
[[nodiscard]] std::int64_t life_of(const std::string& text);

[[nodiscard]] bool is_terminating(const chat::base::Json& pod);
// Its container runs and has an address; whether it is ready, it is asked itself.
[[nodiscard]] bool is_running(const chat::base::Json& pod);
// Its kubelet should have ended it half a minute ago: its node does not answer.
[[nodiscard]] bool is_overdue(const chat::base::Json& pod, std::int64_t wall_ms);
// It can not become what is wanted any more by itself: an image that can not be pulled, a container that ends again and
// again. Kubernetes leaves such a Pod of a StatefulSet where it is, also when what it is made from was mended.
[[nodiscard]] bool is_stuck(const chat::base::Json& pod);

// Fills what the Pod says: running, stopping, pid, hash, times, restarts, how it ended and its last lines.
void add_pod(const chat::base::Json& pod, const Moment& now, ports::ProcessView& view);

}  // namespace chatop::kubernetes
