// The acts of KubernetesPlatform on what runs: what makes, starts and ends.
#include <algorithm>
#include <functional>

#include "operator/kubernetes/client/fields.hpp"
#include "operator/kubernetes/client/kinds.hpp"
#include "operator/kubernetes/platform/act_errors.hpp"
#include "operator/kubernetes/platform/kubernetes_platform.hpp"
#include "operator/kubernetes/platform/trim.hpp"

namespace chatop::kubernetes {

using chat::base::Json;
using chat::base::Status;
using chat::base::Task;
using ports::PlatformErrc;
using ports::ProcessSpec;
using ports::Role;
using namespace std::chrono_literals;

namespace {

constexpr auto kSeen = 10s;         // a watch has told by then what was applied
constexpr auto kApplied = 60s;      // what another act applies was applied by then, or failed
constexpr auto kTurnWaits = 10min;  // of a gateway with a lower place, until those above it are gone

// An apply of a workload, until it was seen.
struct Applying {
  std::set<std::string>& names;
  std::string name;
  std::list<boost::asio::steady_timer*>& waiting;
  ~Applying() {
    names.erase(name);
    for (auto* timer : waiting) timer->cancel();
  }
};

}  // namespace

Task<bool> KubernetesPlatform::until(std::function<bool()> holds, Steady::time_point deadline) {
  boost::asio::steady_timer timer(environment_.executor);
  while (!holds()) {
    if (closing_ || Steady::now() >= deadline) co_return false;
    waiting_.push_back(&timer);
    (void)co_await chat::base::sleep_until(timer, deadline);
    waiting_.remove(&timer);
  }
  co_return true;
}

Task<Status> KubernetesPlatform::apply(Json body) {
  const auto what = what_of(body);
  const auto& kind = environment_.caches.kind(what);
  const auto name = name_of(body);
  ObjectRef place{kind, name_space_, name};
  Client::Apply how;
  auto applied = co_await environment_.client.apply(std::move(place), stamped(std::move(body)), std::move(how));
  if (!applied) co_return failed(applied.error());
  versions_[kind.kind + "/" + name] = version_of(*applied);
  co_return Status{};
}

Task<Status> KubernetesPlatform::apply_base() {
  for (auto& body : objects::base_objects(inputs())) {
    const auto name = name_of(body);
    const auto what = what_of(body);
    const auto wanted = std::find_if(wanted_.base.begin(), wanted_.base.end(),
                                     [&](const auto& each) { return each.what == what && each.name == name; });
    if (wanted != wanted_.base.end() && is_applied(what, name, wanted->hash)) continue;
    if (auto done = co_await apply(std::move(body)); !done) co_return done;
    if (environment_.store.find(key_) == nullptr) co_return later("the ChatCluster is gone");
  }
  co_return Status{};
}

Task<Status> KubernetesPlatform::remove_object(What what, std::string name, std::string uid) {
  ObjectRef place{environment_.caches.kind(what), name_space_, std::move(name)};
  auto done = co_await environment_.client.remove(std::move(place), std::move(uid));
  // Another one of that name is not ours to take away.
  if (!done && done.error().code == ApiErrc::conflict) co_return Status{};
  co_return done ? Status{} : failed(done.error());
}

Task<Status> KubernetesPlatform::apply_stale_workloads() {
  for (const auto& name : stale_workloads()) {
    const auto wanted = wanted_.workloads.find(name);
    if (wanted == wanted_.workloads.end()) continue;
    if (auto done = co_await apply_workload(name, wanted_replicas(wanted->second)); !done) co_return done;
  }
  co_return Status{};
}

Task<Status> KubernetesPlatform::remove_unwanted() {
  struct Unwanted {
    What what;
    std::string name;
    std::string uid;
  };
  std::vector<Unwanted> all;
  for (const auto* object : unwanted_objects()) {
    const auto name = name_of(*object);
    for (What what : {What::services, What::config_maps, What::stateful_sets})
      if (environment_.caches.find(what, name_space_, name) == object) all.push_back({what, name, uid_of(*object)});
  }
  for (const auto& each : all)
    if (auto done = co_await remove_object(each.what, each.name, each.uid); !done) co_return done;
  co_return Status{};
}

Task<Status> KubernetesPlatform::prepare_cluster() {
  if (environment_.store.find(key_) == nullptr) co_return later("the ChatCluster is gone");
  if (auto problem = objects::name_problem(cluster_); !problem.empty())
    co_return chat::base::fail(PlatformErrc::bad_name, problem);
  if (!environment_.store.held(key_)) {
    if (auto held = co_await environment_.store.hold(key_); !held) co_return failed(held.error());
  }
  if (!secrets_) {
    if (auto made = co_await ensure_secrets(); !made) co_return made;
    look();  // the objects hold the public keys
  }
  if (!external_is_known()) {
    if (auto read = co_await external_.read(); !read) co_return read;
    look();
  }
  if (auto done = co_await apply_base(); !done) co_return done;
  if (auto done = co_await apply_stale_workloads(); !done) co_return done;
  if (auto done = co_await remove_unwanted(); !done) co_return done;
  if (!map_is_there()) {
    if (auto done = co_await remember(memory_); !done) co_return done;
  }
  const std::function<bool()> seen = [this] {
    return base_is_applied() && unwanted_objects().empty() && stale_workloads().empty() && map_is_there();
  };
  (void)co_await until(seen, Steady::now() + kSeen);
  co_return Status{};
}

Task<Status> KubernetesPlatform::prepare(ProcessSpec process) {
  if (is_external(process.role)) co_return co_await external_.read();
  co_return Status{};
}

// ---------------------------------------------------------------- start and stop

Task<Status> KubernetesPlatform::apply_workload(std::string name, std::int64_t replicas) {
  const auto wanted = wanted_.workloads.find(name);
  if (wanted == wanted_.workloads.end()) co_return later(name + " is not wanted any more");
  const auto workload = wanted->second;
  if (environment_.store.find(key_) == nullptr) co_return later("the ChatCluster is gone");
  const std::function<bool()> as_wanted = [this, name, replicas, workload] {
    const auto* object = workload_object(workload.role, workload.ordinal);
    return is_applied(name) && object->value("replicas", std::int64_t{0}) == replicas;
  };
  // Several of its Pods may be started or stopped at a time: one of those acts applies it for all.
  const std::function<bool()> nobody_else = [this, name] { return !applying_.contains(name); };
  if (!co_await until(nobody_else, Steady::now() + kApplied)) co_return later(name + " is being applied");
  if (as_wanted()) co_return Status{};
  applying_.insert(name);
  const Applying mine{applying_, name, waiting_};
  auto body = objects::workload(inputs(), workload.role, workload.ordinal);
  body["spec"]["replicas"] = replicas;
  if (const auto* there = workload_object(workload.role, workload.ordinal))
    body = objects::keep_what_is_fixed(std::move(body), *there);
  if (auto done = co_await apply(std::move(body)); !done) co_return done;
  (void)co_await until(as_wanted, Steady::now() + kSeen);
  co_return Status{};
}

Task<Status> KubernetesPlatform::remove_pod(std::string process, std::string uid) {
  const auto* pod = pod_of(process);
  if (pod == nullptr || uid_of(*pod) != uid) co_return Status{};
  auto name = name_of(*pod);
  co_return co_await remove_object(What::pods, std::move(name), std::move(uid));
}

Task<Status> KubernetesPlatform::start(ProcessSpec process) {
  const auto name = workload_of(process.role, process.ordinal);
  const auto wanted = wanted_.workloads.find(name);
  if (wanted == wanted_.workloads.end()) co_return later(process.name + " is not known yet");
  if (auto done = co_await apply_workload(name, wanted_replicas(wanted->second)); !done) co_return done;
  const auto* pod = pod_of(process.name);
  if (is_elastic(process.role) || pod == nullptr || is_running(*pod) || is_terminating(*pod)) co_return Status{};
  const auto now = wanted_.workloads.find(name);
  if (now == wanted_.workloads.end() || text_at(*pod, {"hash"}) == now->second.config_hash || !is_stuck(*pod))
    co_return Status{};
  co_return co_await remove_pod(process.name, pod_uid(process.name));
}

// Kubernetes ends the Pods of the highest places first: a lower one waits for its turn.
Task<Status> KubernetesPlatform::scale_in(std::string process, int ordinal, std::string uid) {
  const auto name = workload_of(Role::gateway, 0);
  const std::function<bool()> is_last = [this, ordinal, uid] {
    if (!is_there(uid, false)) return true;
    const auto wanted = wanted_.workloads.find(workload_of(Role::gateway, 0));
    return wanted != wanted_.workloads.end() && wanted_replicas(wanted->second) <= ordinal + 1;
  };
  if (!co_await until(is_last, Steady::now() + kTurnWaits)) co_return later(process + " waits for those above it");
  if (ordinal < counts_[Role::gateway]) co_return Status{};  // wanted again meanwhile
  if (auto done = co_await apply_workload(name, ordinal); !done) co_return done;
  const std::function<bool()> gone = [this, uid] { return !is_there(uid, true); };
  if (!co_await until(gone, Steady::now() + kPodEnds)) co_return later(process + " has not ended yet");
  co_return Status{};
}

// A Pod of a Deployment. One too many is chosen as the one to go; an old one goes when the new template is there.
Task<Status> KubernetesPlatform::let_go(std::string process, std::string uid) {
  const auto parsed = *ports::parse_process_name(process);
  const bool too_many = parsed.ordinal >= counts_[parsed.role];
  if (const auto* pod = pod_of(process); too_many && pod != nullptr) {
    Json patch = {{"metadata", {{"annotations", {{kDeletionCost, "-1000"}}}, {"uid", uid}}}};
    ObjectRef place{kinds::kPod, name_space_, name_of(*pod)};
    auto done = co_await environment_.client.merge(std::move(place), std::move(patch), "");
    if (!done && done.error().code != ApiErrc::not_found && done.error().code != ApiErrc::conflict)
      co_return failed(done.error());
  }
  const auto name = workload_of(parsed.role, 0);
  if (auto done = co_await apply_workload(name, counts_[parsed.role]); !done) co_return done;
  const std::function<bool()> goes = [this, uid] { return !is_there(uid, false); };
  if (too_many) (void)co_await until(goes, Steady::now() + kSeen);
  co_return Status{};
}

Task<Status> KubernetesPlatform::stop(std::string name, std::chrono::milliseconds /*the Pod's own grace counts*/) {
  const auto parsed = ports::parse_process_name(name);
  const auto uid = pod_uid(name);
  if (!parsed || uid.empty()) co_return Status{};
  if (environment_.store.find(key_) == nullptr) co_return later("the ChatCluster is gone");
  if (is_deleting()) co_return co_await take_down(parsed->role, parsed->ordinal, uid);
  if (is_elastic(parsed->role)) co_return co_await let_go(name, uid);
  if (parsed->ordinal >= counts_[parsed->role]) {
    if (parsed->role == Role::gateway) co_return co_await scale_in(name, parsed->ordinal, uid);
    co_return later(name + " is not taken away: it may hold the truth");
  }
  const auto workload = workload_of(parsed->role, parsed->ordinal);
  const auto wanted = wanted_.workloads.find(workload);
  if (wanted == wanted_.workloads.end()) co_return later(name + " is not known yet");
  if (auto done = co_await apply_workload(workload, wanted_replicas(wanted->second)); !done) co_return done;
  if (auto done = co_await remove_pod(name, uid); !done) co_return done;
  const std::function<bool()> gone = [this, uid] { return !is_there(uid, true); };
  if (!co_await until(gone, Steady::now() + kPodEnds)) co_return later(name + " has not ended yet");
  co_return Status{};
}

// A gateway on a node that does not answer any more: it holds no truth, and nobody else can take its place before.
Task<> KubernetesPlatform::tidy() {
  std::map<std::string, std::string> lost;  // UIDs, by the Pod's name
  for (const auto* pod : environment_.caches.of_cluster(What::pods, name_space_, cluster_)) {
    const bool gateway =
        text_at(*pod, {"metadata", "labels", objects::kComponentLabel}) == objects::component(Role::gateway);
    if (gateway && is_overdue(*pod, environment_.clock.now_milliseconds())) lost[name_of(*pod)] = uid_of(*pod);
  }
  for (const auto& [name, uid] : lost) {
    environment_.log.warn("pod_of_a_lost_node", {{"cluster", ports::title_of(key_)}, {"pod", name}});
    ObjectRef place{kinds::kPod, name_space_, name};
    (void)co_await environment_.client.remove(std::move(place), uid, 0);
  }
}

Task<Status> KubernetesPlatform::kill(std::string name) {
  auto uid = pod_uid(name);
  return remove_pod(std::move(name), std::move(uid));
}

}  // namespace chatop::kubernetes
