#include "operator/kubernetes/platform/kubernetes_platform.hpp"

#include <algorithm>

#include "operator/kubernetes/client/fields.hpp"
#include "operator/kubernetes/client/kinds.hpp"
#include "operator/kubernetes/objects/pod_numbers.hpp"
#include "operator/kubernetes/platform/trim.hpp"
#include "operator/ports/steady.hpp"

namespace chatop::kubernetes {

using chat::base::Json;
using chat::base::Task;
using ports::ProcessSpec;
using ports::ProcessView;
using ports::Role;

namespace {

// "chat" and "demo" of "chat/demo@uid".
std::string name_space_of(const std::string& key) { return key.substr(0, key.find('/')); }
std::string cluster_of(const std::string& key) {
  const auto title = ports::title_of(key);
  return title.substr(title.find('/') + 1);
}

std::vector<objects::SeenPod> seen_pods(const std::vector<const Json*>& pods) {
  std::vector<objects::SeenPod> seen;
  for (const auto* pod : pods)
    seen.push_back({uid_of(*pod), text_at(*pod, {"metadata", "labels", objects::kComponentLabel}),
                    text_at(*pod, {"created"}), is_terminating(*pod) || text_at(*pod, {"phase"}) == "Failed"});
  return seen;
}

}  // namespace

KubernetesPlatform::KubernetesPlatform(const KubernetesEnvironment& environment, const std::string& key,
                                       std::function<void()> changed)
    : environment_(environment),
      key_(key),
      name_space_(name_space_of(key)),
      cluster_(cluster_of(key)),
      changed_(std::move(changed)),
      secrets_alarm_(environment.executor),
      external_({environment.client, name_space_, [this] { return wanted_external(); }, [this] { changed_(); }},
                environment.executor),
      redis_(environment.executor, environment.log),
      tasks_(environment.executor) {
  listener_ = environment_.caches.listen(name_space_, cluster_, [this] {
    for (auto* timer : waiting_) timer->cancel();
    changed_();
  });
}

bool KubernetesPlatform::is_deleting() const {
  const auto* document = environment_.store.find(key_);
  return document != nullptr && document->deleting;
}

std::string KubernetesPlatform::workload_of(Role role, int ordinal) const {
  return objects::workload_name(cluster_, role, role == Role::shard ? ordinal : 0);
}

objects::Inputs KubernetesPlatform::inputs() const {
  objects::Inputs inputs;
  inputs.cluster = cluster_;
  inputs.name_space = name_space_;
  if (const auto* document = environment_.store.find(key_)) {
    inputs.uid = document->cluster.metadata.uid;
    inputs.spec = document->cluster.spec;
  }
  inputs.image = environment_.image;
  inputs.version = inputs.spec.version.empty() ? environment_.version : inputs.spec.version;
  for (const auto& [role, count] : counts_) {
    if (role == Role::shard)
      inputs.shards = count;
    else
      inputs.replicas[role] = count;
  }
  if (is_external(Role::shard)) inputs.shards = 0;
  if (const auto* servers = external()) inputs.external = for_objects(*servers);
  inputs.map = memory_.map;
  inputs.operator_namespace = environment_.operator_namespace;
  if (secrets_) inputs.jwt_public_keys = secrets_->public_keys;
  inputs.internal_tls = secrets_ && secrets_->tls != InternalTls::off;
  return inputs;
}

void KubernetesPlatform::count(const std::vector<ProcessSpec>& wanted) {
  counts_.clear();
  for (Role role : ports::kRoles) counts_[role] = 0;
  for (const auto& process : wanted) ++counts_[process.role];
}

void KubernetesPlatform::look() {
  if (const auto* document = environment_.store.find(key_)) {
    const auto& metadata = document->cluster.metadata;
    auto key = metadata.uid + " " + std::to_string(metadata.generation);
    for (const auto& [role, number] : counts_) key += " " + std::to_string(number);
    if (secrets_)
      for (const auto& [name, text] : secrets_->public_keys) key += " " + name + text;
    if (const auto* servers = external()) key += " " + shown(for_objects(*servers));
    if (key != wanted_for_) wanted_ = wanted_objects(inputs());
    wanted_for_ = std::move(key);
  }
  pods_.clear();
  const auto pods = environment_.caches.of_cluster(What::pods, name_space_, cluster_);
  const auto numbered = objects::number_pods(seen_pods(pods));
  for (const auto* pod : pods) {
    const auto name = name_of(*pod);
    if (const auto found = numbered.find(uid_of(*pod)); found != numbered.end()) pods_[found->second] = name;
    const auto component = text_at(*pod, {"metadata", "labels", objects::kComponentLabel});
    if (component == objects::component(Role::gateway)) {
      const auto prefix = workload_of(Role::gateway, 0) + "-";
      if (name.starts_with(prefix)) pods_["gateway-" + name.substr(prefix.size())] = name;
    } else if (component == objects::component(Role::shard)) {
      pods_[text_at(*pod, {"metadata", "labels", objects::kProcessLabel})] = name;
    } else if (component == objects::component(Role::redis)) {
      pods_[ports::process_name(Role::redis, 0)] = name;
    }
  }
  std::erase_if(pods_, [](const auto& each) { return !ports::parse_process_name(each.first); });
}

const Json* KubernetesPlatform::pod_of(const std::string& process) const {
  const auto found = pods_.find(process);
  return found == pods_.end() ? nullptr : environment_.caches.find(What::pods, name_space_, found->second);
}

std::string KubernetesPlatform::pod_uid(const std::string& process) const {
  const auto* pod = pod_of(process);
  return pod == nullptr ? std::string() : uid_of(*pod);
}

bool KubernetesPlatform::is_there(const std::string& pod_uid, bool even_if_it_ends) const {
  const auto pods = environment_.caches.of_cluster(What::pods, name_space_, cluster_);
  return std::any_of(pods.begin(), pods.end(), [&](const auto* pod) {
    return uid_of(*pod) == pod_uid && (even_if_it_ends || !is_terminating(*pod));
  });
}

const Json* KubernetesPlatform::workload_object(Role role, int ordinal) const {
  return environment_.caches.find(is_elastic(role) ? What::deployments : What::stateful_sets, name_space_,
                                  workload_of(role, ordinal));
}

void KubernetesPlatform::add_addresses(const Json* pod, ProcessView& view) const {
  const auto ip = pod != nullptr && is_running(*pod) ? text_at(*pod, {"ip"}) : std::string();
  const auto service = objects::service_host(cluster_, name_space_, view.role, view.ordinal);
  if (view.role == Role::messages) {
    if (!ip.empty() && !is_terminating(*pod)) view.address = {ip, objects::kRpcPort};
  } else if (const auto port = objects::service_port(view.role); port != 0) {
    view.address = {service, port};
  }
  if (!ports::is_daemon(view.role)) return;
  if (view.role == Role::gateway)
    view.admin = {objects::pod_name(cluster_, view.role, view.ordinal) + "." + objects::gateways_host_name(cluster_) +
                      "." + name_space_ + ".svc",
                  objects::kAdminPort};
  if (!ip.empty()) view.asked_at = {ip, objects::kAdminPort};
}

bool KubernetesPlatform::is_in_hand(const ProcessView& process, const Json* pod) {
  const auto* workload = workload_object(process.role, process.ordinal);
  if (workload == nullptr || !is_applied(workload_of(process.role, process.ordinal))) return false;
  const auto replicas = workload->value("replicas", std::int64_t{0});
  if (is_elastic(process.role)) return replicas == counts_[process.role];
  if (process.running) return false;
  if (replicas <= (process.role == Role::gateway ? process.ordinal : 0)) return false;
  // One that was made from something older and is stuck is replaced by nobody but us.
  return pod == nullptr || is_terminating(*pod) || text_at(*pod, {"hash"}) == process.wanted_hash || !is_stuck(*pod);
}

// Its workload is there, as it was applied before.
bool KubernetesPlatform::comes_back(const ProcessView& process) const {
  const auto* workload = ports::is_daemon(process.role) ? workload_object(process.role, process.ordinal) : nullptr;
  if (workload == nullptr || text_at(*workload, {"hash"}) == process.wanted_hash) return false;
  return process.ordinal < workload->value("replicas", std::int64_t{0});
}

ProcessView KubernetesPlatform::view(Role role, int ordinal) {
  ProcessView view;
  view.name = ports::process_name(role, ordinal);
  view.role = role;
  view.ordinal = ordinal;
  view.prepared = secrets_.has_value() && external_is_known();
  if (is_external(role)) return external_view(std::move(view));
  if (auto wanted = wanted_.workloads.find(workload_of(role, ordinal)); wanted != wanted_.workloads.end())
    view.wanted_hash = wanted->second.config_hash;
  const auto* pod = pod_of(view.name);
  if (pod != nullptr)
    add_pod(*pod, {ports::steady_milliseconds(environment_.clock), environment_.clock.now_milliseconds()}, view);
  // What Kubernetes takes away at a lower cost than others is on its way out.
  if (pod != nullptr && is_elastic(role) && !text_at(*pod, {"cost"}).empty()) view.stopping = true;
  add_addresses(pod, view);
  if (view.stopping && role == Role::messages) view.address = {};
  view.in_hand = is_in_hand(view, pod);
  view.outgrown = is_outgrown(view.name);
  view.comes_back = !view.running && comes_back(view);
  return view;
}

ports::PlatformView KubernetesPlatform::observe(const std::vector<ProcessSpec>& wanted) {
  count(wanted);
  look();
  // A spec may name other Secrets than before.
  const auto* document = environment_.store.find(key_);
  if (document != nullptr && document->cluster.metadata.generation != secrets_generation_)
    read_secrets_soon(Steady::now());
  if (wants_external()) external_.follow();
  ports::PlatformView platform;
  platform.offer = {"on Kubernetes", true, true, true};
  platform.ends_hung = true;  // kubelet, by the liveness probes
  platform.prepared = secrets_ && external_is_known() && environment_.store.held(key_) && base_is_applied() &&
                      map_is_there() && stale_workloads().empty() && unwanted_objects().empty();
  platform.gateways_shared = {objects::service_host(cluster_, name_space_, Role::gateway), objects::kWebSocketPort};
  platform.api_shared = {objects::service_host(cluster_, name_space_, Role::api), objects::kApiPort};
  for (const auto& process : wanted) platform.processes.push_back(view(process.role, process.ordinal));
  for (const auto& [name, pod] : pods_) {
    const auto parsed = ports::parse_process_name(name);
    if (parsed->ordinal < counts_[parsed->role]) continue;
    auto other = view(parsed->role, parsed->ordinal);
    if (other.running) platform.processes.push_back(std::move(other));
  }
  if (!is_deleting()) {
    platform.findings = secret_findings_;
    for (auto& finding : external_.findings()) platform.findings.push_back(finding);
    for (auto& finding : findings()) platform.findings.push_back(std::move(finding));
  }
  return platform;
}

std::vector<ports::Finding> KubernetesPlatform::findings() const {
  SeenObjects seen;
  for (const auto& [name, workload] : wanted_.workloads) {
    SeenObjects::Workload each;
    each.name = name;
    each.object = workload_object(workload.role, workload.ordinal);
    if (each.object != nullptr) each.failure = environment_.caches.failure_of(name_space_, name, uid_of(*each.object));
    each.pods = std::count_if(pods_.begin(), pods_.end(), [&](const auto& entry) {
      const auto parsed = ports::parse_process_name(entry.first);
      return workload_of(parsed->role, parsed->ordinal) == each.name;
    });
    seen.workloads.push_back(each);
  }
  for (const auto& [process, name] : pods_)
    if (const auto* pod = pod_of(process)) seen.pods.push_back({process, pod});
  seen.claims = environment_.caches.of_cluster(What::claims, name_space_, cluster_);
  if (const auto* document = environment_.store.find(key_); document != nullptr && !is_external(Role::shard))
    seen.storage_class = document->cluster.spec.shards.storage.storage_class_name;
  seen.volumes = volumes();
  seen.class_exists = seen.storage_class.empty() || environment_.caches.has_class(seen.storage_class);
  return find_obstacles(seen);
}

ports::Trust KubernetesPlatform::trust() const {
  if (!secrets_ || secrets_->tls == InternalTls::off) return {};
  return {secrets_->trusted, objects::daemon_host(cluster_, name_space_), secrets_->certificate_since};
}

Task<ports::RedisReport> KubernetesPlatform::redis_report() {
  if (is_external(Role::redis)) {
    const auto* servers = external();
    if (servers == nullptr || !servers->redis) co_return ports::RedisReport{};
    auto its = *servers->redis;
    daemons::RedisAccess theirs{std::move(its.address), std::move(its.password), {std::move(its.ca), {}, 0}};
    co_return co_await redis_.ask(std::move(theirs));
  }
  const auto* pod = pod_of(ports::process_name(Role::redis, 0));
  if (!secrets_ || pod == nullptr) co_return ports::RedisReport{};
  daemons::RedisAccess ours{{text_at(*pod, {"ip"}), objects::kRedisPort},
                            secrets_->redis_password,
                            trust(),
                            secrets_->earlier_redis_password};
  co_return co_await redis_.ask(std::move(ours));
}

chat::base::Result<ports::ShardAccess> KubernetesPlatform::shard_access(const std::string& shard) {
  if (is_external(Role::shard)) return external_access(shard);
  const auto* pod = pod_of(shard);
  if (!secrets_ || pod == nullptr || text_at(*pod, {"ip"}).empty())
    return chat::base::fail(ports::PlatformErrc::later, shard + " has no address yet");
  return ports::ShardAccess{{text_at(*pod, {"ip"}), objects::kPostgresPort},
                            "postgres",
                            secrets_->superuser_password,
                            secrets_->chat_password,
                            false,
                            "verify-full",
                            secrets_->earlier_superuser_password,
                            trust()};
}

chat::base::Result<ports::AdminAccess> KubernetesPlatform::admin_access() {
  if (!secrets_) return chat::base::fail(ports::PlatformErrc::later, "the Secrets of the cluster were not read yet");
  return ports::AdminAccess{secrets_->admin_token, secrets_->earlier_admin_token, trust()};
}

void KubernetesPlatform::give_up() {
  closing_ = true;
  for (auto* timer : waiting_) timer->cancel();
  secrets_alarm_.cancel();
}

Task<> KubernetesPlatform::close() {
  give_up();
  (void)co_await tasks_.idle(Steady::time_point::max());
  co_await external_.stop();
  co_await redis_.stop();
}

}  // namespace chatop::kubernetes
