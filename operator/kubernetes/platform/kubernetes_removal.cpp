// The end of a ChatCluster: workloads first, then what they needed.
#include <functional>

#include "operator/kubernetes/client/fields.hpp"
#include "operator/kubernetes/client/kinds.hpp"
#include "operator/kubernetes/platform/act_errors.hpp"
#include "operator/kubernetes/platform/kubernetes_platform.hpp"
#include "operator/kubernetes/platform/trim.hpp"

namespace chatop::kubernetes {

using chat::base::Status;
using chat::base::Task;
using ports::Role;

// The cluster is being deleted: the workload goes, and nothing makes its Pods again.
Task<Status> KubernetesPlatform::take_down(Role role, int ordinal, std::string uid) {
  if (const auto* workload = workload_object(role, ordinal); workload != nullptr) {
    auto name = name_of(*workload);
    auto its_uid = uid_of(*workload);
    const auto what = is_elastic(role) ? What::deployments : What::stateful_sets;
    if (auto done = co_await remove_object(what, std::move(name), std::move(its_uid)); !done) co_return done;
  }
  const std::function<bool()> gone = [this, uid] { return !is_there(uid, true); };
  if (!co_await until(gone, Steady::now() + kPodEnds))
    co_return later(ports::process_name(role, ordinal) + " has not ended yet");
  co_return Status{};
}

Task<Status> KubernetesPlatform::remove_workloads() {
  for (What what : {What::stateful_sets, What::deployments}) {
    std::map<std::string, std::string> uids;
    for (const auto* object : environment_.caches.of_cluster(what, name_space_, cluster_))
      if (!text_at(*object, {"applied"}).empty()) uids[name_of(*object)] = uid_of(*object);
    for (const auto& [name, uid] : uids)
      if (auto done = co_await remove_object(what, name, uid); !done) co_return done;
  }
  const std::function<bool()> gone = [this] { return !has_pods(); };
  if (!co_await until(gone, Steady::now() + kPodEnds)) co_return later("its Pods have not ended yet");
  co_return Status{};
}

Task<Status> KubernetesPlatform::remove_claims() {
  std::map<std::string, std::string> uids;
  const auto prefix = "data-" + cluster_ + "-" + objects::component(Role::shard) + "-";
  for (const auto* claim : environment_.caches.of_cluster(What::claims, name_space_, cluster_))
    if (name_of(*claim).starts_with(prefix)) uids[name_of(*claim)] = uid_of(*claim);
  for (const auto& [name, uid] : uids)
    if (auto done = co_await remove_object(What::claims, name, uid); !done) co_return done;
  co_return Status{};
}

Task<Status> KubernetesPlatform::remove_by_name(ObjectRef object) {
  auto found = co_await environment_.client.get(object);
  if (!found && found.error().code == ApiErrc::not_found) co_return Status{};
  if (!found) co_return failed(found.error());
  if (text_at(*found, {"metadata", "labels", objects::kClusterLabel}) != cluster_) co_return Status{};
  auto uid = uid_of(*found);
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
  for (const auto& secret : {objects::secrets_name(cluster_), objects::jwt_name(cluster_), objects::tls_name(cluster_),
                             authority_name(cluster_)}) {
    ObjectRef place{kinds::kSecret, name_space_, secret};
    if (auto done = co_await remove_by_name(std::move(place)); !done) co_return done;
  }
  ObjectRef map{kinds::kConfigMap, name_space_, objects::map_name(cluster_)};
  co_return co_await remove_by_name(std::move(map));
}

}  // namespace chatop::kubernetes
