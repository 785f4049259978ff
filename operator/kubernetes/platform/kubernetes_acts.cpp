// The acts of KubernetesPlatform: what makes, starts, ends and removes.
#include <algorithm>
#include <functional>

#include "operator/kubernetes/platform/kinds.hpp"
#include "operator/kubernetes/platform/kubernetes_platform.hpp"
#include "operator/kubernetes/platform/trim.hpp"
#include "operator/ports/steady.hpp"
#include "operator/settings/generated_secrets.hpp"

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
constexpr auto kPodEnds = 5min;     // longer than any grace of ours but a gateway's
constexpr auto kTurnWaits = 10min;  // of a gateway with a lower place, until those above it are gone
constexpr const char* kDrains = "chatcluster.io/drains";
constexpr const char* kDeletionCost = "controller.kubernetes.io/pod-deletion-cost";
constexpr const char* kMapFile = "map.json";

Status failed(const chat::base::Error& error) {
  if (error.code == ApiErrc::forbidden && error.message.find("exceeded quota") != std::string::npos)
    return chat::base::fail(PlatformErrc::quota_full, error.message);
  if (error.code == ApiErrc::forbidden) return chat::base::fail(PlatformErrc::no_permission, error.message);
  if (error.code == ApiErrc::invalid) return chat::base::fail(PlatformErrc::person, error.message);
  return chat::base::fail(PlatformErrc::later, error.message);
}

Status later(std::string why) { return chat::base::fail(PlatformErrc::later, std::move(why)); }

// Wall time in the object, steady time in the plan: machines do not share a steady clock.
Json drains_json(const std::map<std::string, std::int64_t>& drains, std::int64_t wall_ahead_ms) {
  Json json = Json::object();
  for (const auto& [name, since] : drains) json[name] = since + wall_ahead_ms;
  return json;
}

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

// ---------------------------------------------------------------- what earlier operators left

Task<Status> KubernetesPlatform::read_secrets() {
  ObjectRef place{kinds::kSecret, name_space_, objects::secrets_name(cluster_)};
  auto values = co_await environment_.client.get(std::move(place));
  if (!values) co_return chat::base::fail(values.error());
  ObjectRef keys_place{kinds::kSecret, name_space_, objects::jwt_name(cluster_)};
  auto keys = co_await environment_.client.get(std::move(keys_place));
  if (!keys) co_return chat::base::fail(keys.error());
  Secrets secrets;
  secrets.admin_token = objects::secret_value(*values, objects::kAdminToken);
  secrets.superuser_password = objects::secret_value(*values, objects::kPostgresSuperuserPassword);
  secrets.chat_password = objects::secret_value(*values, objects::kPostgresChatPassword);
  secrets.redis_password = objects::secret_value(*values, objects::kRedisPassword);
  secrets.public_keys = objects::public_keys(*keys);
  secrets_ = std::move(secrets);
  co_return Status{};
}

Task<Status> KubernetesPlatform::open() {
  auto secrets = co_await read_secrets();
  if (!secrets && secrets.error().code != ApiErrc::not_found) co_return secrets;
  ObjectRef place{kinds::kConfigMap, name_space_, objects::map_name(cluster_)};
  auto map = co_await environment_.client.get(std::move(place));
  if (!map && map.error().code != ApiErrc::not_found) co_return chat::base::fail(map.error());
  if (!map) co_return Status{};
  memory_.map = text_at(*map, {"data", kMapFile});
  const auto ahead = environment_.clock.now_milliseconds() - ports::steady_milliseconds(environment_.clock);
  const auto drains = chat::base::parse_json(text_at(*map, {"metadata", "annotations", kDrains}));
  if (drains && drains->is_object())
    for (const auto& [name, since] : drains->items())
      if (since.is_number_integer()) memory_.drains[name] = since.get<std::int64_t>() - ahead;
  co_return Status{};
}

Task<Status> KubernetesPlatform::remember(ports::Memory memory) {
  if (environment_.store.find(key_) == nullptr) co_return later("the ChatCluster is gone");
  auto its_inputs = inputs();
  its_inputs.map = memory.map;
  auto body = objects::map_object(its_inputs);
  body["metadata"].erase("ownerReferences");  // as those of the Secrets
  const auto ahead = environment_.clock.now_milliseconds() - ports::steady_milliseconds(environment_.clock);
  body["metadata"]["annotations"][kDrains] = drains_json(memory.drains, ahead).dump();
  auto done = co_await apply(std::move(body));
  if (!done) co_return done;
  memory_ = std::move(memory);
  co_return Status{};
}

// ---------------------------------------------------------------- prepare

Task<Status> KubernetesPlatform::ensure_secrets() {
  auto read = co_await read_secrets();
  if (read) co_return Status{};
  if (read.error().code != ApiErrc::not_found) co_return failed(read.error());
  ObjectRef place{kinds::kSecret, name_space_, objects::secrets_name(cluster_)};
  auto values = co_await environment_.client.get(place);
  if (!values && values.error().code != ApiErrc::not_found) co_return failed(values.error());
  if (!values && !environment_.caches.of_cluster(What::claims, name_space_, cluster_).empty())
    co_return chat::base::fail(PlatformErrc::secret_missing,
                               "the Secret " + place.name +
                                   ", which opens the volumes of the shards, is gone: put it back, or delete the "
                                   "PersistentVolumeClaims " +
                                   objects::claim_name(cluster_, 0) + " … and lose what is in them");
  auto key = settings::new_signing_key(environment_.clock.now_milliseconds());
  if (!key) co_return chat::base::fail(PlatformErrc::later, key.error().message);
  objects::SecretValues made{settings::random_secret(),
                             settings::random_secret(),
                             settings::random_secret(),
                             settings::random_secret(),
                             {{key->kid + ".pem", key->private_pem}, {key->kid + ".pub.pem", key->public_pem}}};
  for (auto& body : objects::secrets(inputs(), made)) {
    body["metadata"].erase("ownerReferences");  // remove() decides whether they go: whenDeleted may change
    ObjectRef its_place{kinds::kSecret, name_space_, text_at(body, {"metadata", "name"})};
    auto created = co_await environment_.client.create(std::move(its_place), std::move(body));
    // One that is there already stays as it is.
    if (!created && created.error().code != ApiErrc::conflict) co_return failed(created.error());
  }
  read = co_await read_secrets();
  co_return read ? Status{} : failed(read.error());
}

Task<Status> KubernetesPlatform::apply(Json body) {
  const auto what = what_of(body);
  const auto& kind = environment_.caches.kind(what);
  const auto name = text_at(body, {"metadata", "name"});
  const auto turn = co_await environment_.turns.take();
  ObjectRef place{kind, name_space_, name};
  Client::Apply how;
  auto applied = co_await environment_.client.apply(std::move(place), stamped(std::move(body)), std::move(how));
  if (!applied) co_return failed(applied.error());
  versions_[kind.kind + "/" + name] = version_of(*applied);
  co_return Status{};
}

Task<Status> KubernetesPlatform::apply_base() {
  for (auto& body : objects::base_objects(inputs())) {
    const auto name = text_at(body, {"metadata", "name"});
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
  const auto turn = co_await environment_.turns.take();
  ObjectRef place{environment_.caches.kind(what), name_space_, std::move(name)};
  auto done = co_await environment_.client.remove(std::move(place), std::move(uid));
  // Another one of that name is not ours to take away.
  if (!done && done.error().code == ApiErrc::conflict) co_return Status{};
  co_return done ? Status{} : failed(done.error());
}

Task<Status> KubernetesPlatform::lower_idle_surplus() {
  if (!has_idle_surplus()) co_return Status{};
  for (const auto& [name, workload] : WantedObjects(wanted_).workloads) {
    const auto* object = workload_object(workload.role, workload.ordinal);
    const auto replicas = wanted_replicas(workload);
    if (object == nullptr || object->value("replicas", std::int64_t{0}) <= replicas) continue;
    if (auto done = co_await apply_workload(name, replicas); !done) co_return done;
  }
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
  if (auto done = co_await apply_base(); !done) co_return done;
  if (auto done = co_await lower_idle_surplus(); !done) co_return done;
  std::vector<std::pair<What, std::pair<std::string, std::string>>> unwanted;
  for (const auto* object : unwanted_objects()) {
    for (What what : {What::services, What::config_maps})
      if (environment_.caches.find(what, name_space_, text_at(*object, {"metadata", "name"})) == object)
        unwanted.push_back({what, {text_at(*object, {"metadata", "name"}), text_at(*object, {"metadata", "uid"})}});
  }
  for (auto& [what, names] : unwanted)
    if (auto done = co_await remove_object(what, names.first, names.second); !done) co_return done;
  if (!map_is_there()) {
    if (auto done = co_await remember(memory_); !done) co_return done;
  }
  const std::function<bool()> seen = [this] {
    return base_is_applied() && unwanted_objects().empty() && !has_idle_surplus() && map_is_there();
  };
  (void)co_await until(seen, Steady::now() + kSeen);
  co_return Status{};
}

Task<Status> KubernetesPlatform::prepare(ProcessSpec) { co_return Status{}; }

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
  if (as_wanted()) co_return Status{};
  auto body = objects::workload(inputs(), workload.role, workload.ordinal);
  body["spec"]["replicas"] = replicas;
  if (auto done = co_await apply(std::move(body)); !done) co_return done;
  (void)co_await until(as_wanted, Steady::now() + kSeen);
  co_return Status{};
}

Task<Status> KubernetesPlatform::remove_pod(std::string process, std::string uid) {
  const auto* pod = pod_of(process);
  if (pod == nullptr || text_at(*pod, {"metadata", "uid"}) != uid) co_return Status{};
  auto name = text_at(*pod, {"metadata", "name"});
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
  co_return co_await remove_pod(process.name, uid_of(process.name));
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
    ObjectRef place{kinds::kPod, name_space_, text_at(*pod, {"metadata", "name"})};
    const auto turn = co_await environment_.turns.take();
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

// The cluster is being deleted: the workload goes, and nothing makes its Pods again.
Task<Status> KubernetesPlatform::take_down(Role role, int ordinal, std::string uid) {
  if (const auto* workload = workload_object(role, ordinal); workload != nullptr) {
    auto name = text_at(*workload, {"metadata", "name"});
    auto its_uid = text_at(*workload, {"metadata", "uid"});
    const auto what = is_elastic(role) ? What::deployments : What::stateful_sets;
    if (auto done = co_await remove_object(what, std::move(name), std::move(its_uid)); !done) co_return done;
  }
  const std::function<bool()> gone = [this, uid] { return !is_there(uid, true); };
  if (!co_await until(gone, Steady::now() + kPodEnds))
    co_return later(ports::process_name(role, ordinal) + " has not ended yet");
  co_return Status{};
}

Task<Status> KubernetesPlatform::stop(std::string name, std::chrono::milliseconds /*the Pod's own grace counts*/) {
  const auto parsed = ports::parse_process_name(name);
  const auto uid = uid_of(name);
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

Task<Status> KubernetesPlatform::kill(std::string name) {
  auto uid = uid_of(name);
  return remove_pod(std::move(name), std::move(uid));
}

// ---------------------------------------------------------------- remove

Task<Status> KubernetesPlatform::remove_workloads() {
  for (What what : {What::stateful_sets, What::deployments}) {
    std::map<std::string, std::string> uids;
    for (const auto* object : environment_.caches.of_cluster(what, name_space_, cluster_))
      if (!text_at(*object, {"applied"}).empty())
        uids[text_at(*object, {"metadata", "name"})] = text_at(*object, {"metadata", "uid"});
    for (const auto& [name, uid] : uids)
      if (auto done = co_await remove_object(what, name, uid); !done) co_return done;
  }
  const std::function<bool()> gone = [this] {
    return environment_.caches.of_cluster(What::pods, name_space_, cluster_).empty();
  };
  if (!co_await until(gone, Steady::now() + kPodEnds)) co_return later("its Pods have not ended yet");
  co_return Status{};
}

Task<Status> KubernetesPlatform::remove_claims() {
  std::map<std::string, std::string> uids;
  const auto prefix = "data-" + cluster_ + "-" + objects::component(Role::shard) + "-";
  for (const auto* claim : environment_.caches.of_cluster(What::claims, name_space_, cluster_))
    if (text_at(*claim, {"metadata", "name"}).starts_with(prefix))
      uids[text_at(*claim, {"metadata", "name"})] = text_at(*claim, {"metadata", "uid"});
  for (const auto& [name, uid] : uids)
    if (auto done = co_await remove_object(What::claims, name, uid); !done) co_return done;
  co_return Status{};
}

Task<Status> KubernetesPlatform::remove_by_name(ObjectRef object) {
  auto found = co_await environment_.client.get(object);
  if (!found && found.error().code == ApiErrc::not_found) co_return Status{};
  if (!found) co_return failed(found.error());
  if (text_at(*found, {"metadata", "labels", objects::kClusterLabel}) != cluster_) co_return Status{};
  auto uid = text_at(*found, {"metadata", "uid"});
  auto done = co_await environment_.client.remove(object, std::move(uid));
  co_return done || done.error().code == ApiErrc::conflict ? Status{} : failed(done.error());
}

Task<Status> KubernetesPlatform::remove(bool keep_data) {
  if (environment_.store.find(key_) == nullptr) co_return Status{};
  if (!is_deleting()) co_return later("the ChatCluster is not being deleted");
  if (auto done = co_await remove_workloads(); !done) co_return done;
  // With the volumes stays what opens them, and the map, which says what is where.
  if (keep_data) co_return Status{};
  if (auto done = co_await remove_claims(); !done) co_return done;
  for (const auto& secret : {objects::secrets_name(cluster_), objects::jwt_name(cluster_)}) {
    ObjectRef place{kinds::kSecret, name_space_, secret};
    if (auto done = co_await remove_by_name(std::move(place)); !done) co_return done;
  }
  ObjectRef map{kinds::kConfigMap, name_space_, objects::map_name(cluster_)};
  co_return co_await remove_by_name(std::move(map));
}

}  // namespace chatop::kubernetes
