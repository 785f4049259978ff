#include "operator/kubernetes/platform/pod_view.hpp"

#include <algorithm>
#include <functional>
#include <sstream>

#include "dataplane/base/rfc3339.hpp"
#include "operator/kubernetes/client/fields.hpp"
#include "operator/kubernetes/platform/trim.hpp"

namespace chatop::kubernetes {

using chat::base::Json;

namespace {

constexpr std::size_t kLastLines = 20;

std::int64_t number_at(const Json& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

std::int64_t steady(const std::string& time, const Moment& now) {
  const auto wall = chat::base::parse_rfc3339(time);
  // Not before the beginning of the steady clock: 0 means never.
  return wall ? std::max<std::int64_t>(1, now.steady_ms - std::max<std::int64_t>(0, now.wall_ms - *wall)) : 0;
}

std::string how_it_ended(const Json& ended) {
  const auto reason = text_at(ended, {"reason"});
  if (reason == "OOMKilled") return "was killed because it used more memory than its limit (OOMKilled)";
  if (const auto signal = number_at(ended, "signal"); signal != 0)
    return "was killed by signal " + std::to_string(signal);
  constexpr std::int64_t kSignals = 128;
  if (const auto code = number_at(ended, "code"); code > kSignals)
    return "was killed by signal " + std::to_string(code - kSignals);
  return "ended with status " + std::to_string(number_at(ended, "code"));
}

std::vector<std::string> last_lines(const std::string& message) {
  std::vector<std::string> lines;
  std::istringstream in(message);
  for (std::string line; std::getline(in, line);)
    if (!line.empty()) lines.push_back(std::move(line));
  if (lines.size() > kLastLines) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(kLastLines));
  return lines;
}

}  // namespace

std::int64_t life_of(const std::string& text) {
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::hash<std::string>{}(text) >> 1U));
}

bool is_terminating(const Json& pod) {
  return pod.contains("metadata") && pod["metadata"].contains("deletionTimestamp");
}

bool is_running(const Json& pod) {
  return pod.contains("running") && text_at(pod, {"phase"}) == "Running" && pod.contains("ip");
}

bool is_overdue(const Json& pod, std::int64_t wall_ms) {
  constexpr std::int64_t kAfterGrace = 30'000;
  const auto due = chat::base::parse_rfc3339(text_at(pod, {"metadata", "deletionTimestamp"}));  // its grace included
  return due && wall_ms > *due + kAfterGrace;
}

bool is_stuck(const Json& pod) {
  const auto why = text_at(pod, {"waiting", "reason"});
  return !is_running(pod) &&
         (why == "CrashLoopBackOff" || why == "ImagePullBackOff" || why == "ErrImagePull" ||
          why == "InvalidImageName" || why == "CreateContainerConfigError" || pod.contains("unschedulable"));
}

void add_pod(const Json& pod, const Moment& now, ports::ProcessView& view) {
  view.running = is_running(pod);
  view.stopping = is_terminating(pod);
  view.pid = life_of(uid_of(pod) + " " + std::to_string(number_at(pod, "restarts")));
  view.running_hash = text_at(pod, {"hash"});
  view.restarts = number_at(pod, "restarts");
  const bool ready = pod.value("ready", false);
  view.news = view.pid ^ (ready ? 1 : 0);
  // A Service leads only to Pods that are Ready, which kubelet finds out some time after we do.
  if (view.role == ports::Role::gateway || view.role == ports::Role::api) view.reachable = ready;
  if (view.running) view.started_ms = steady(text_at(pod, {"running"}), now);
  view.failures = static_cast<unsigned>(std::clamp<std::int64_t>(view.restarts, 0, ports::kCrashLoop));
  if (text_at(pod, {"waiting", "reason"}) == "CrashLoopBackOff") view.failures = ports::kCrashLoop;
  // A container of a Pod that is on its way out ends because it was told to.
  if (auto ended = pod.find("ended"); ended != pod.end() && !view.stopping) {
    view.ended_ms = steady(text_at(*ended, {"at"}), now);
    view.how_it_ended = how_it_ended(*ended);
    view.last_lines = last_lines(text_at(*ended, {"message"}));
  }
}

}  // namespace chatop::kubernetes
