// The shards' volumes grow by their claims: what a StatefulSet says of them can not be changed.
#include "operator/api/quantity.hpp"
#include "operator/kubernetes/client/fields.hpp"
#include "operator/kubernetes/platform/act_errors.hpp"
#include "operator/kubernetes/platform/kubernetes_platform.hpp"

namespace chatop::kubernetes {

using chat::base::Json;
using chat::base::Status;
using chat::base::Task;
using ports::Role;
using namespace std::chrono_literals;

namespace {

constexpr auto kSeen = 10s;  // a watch has told by then what was patched

}  // namespace

// Of a shard, where it asks for less than the spec. One that is not bound yet can not be changed.
const Json* KubernetesPlatform::small_claim(const std::string& process) const {
  const auto parsed = ports::parse_process_name(process);
  const auto* document = environment_.store.find(key_);
  if (!parsed || parsed->role != Role::shard || document == nullptr) return nullptr;
  const auto* claim =
      environment_.caches.find(What::claims, name_space_, objects::claim_name(cluster_, parsed->ordinal));
  if (claim == nullptr || text_at(*claim, {"phase"}) != "Bound") return nullptr;
  const auto size = api::parse_quantity(text_at(*claim, {"size"}));
  return size && *size < document->cluster.spec.shards.storage.size ? claim : nullptr;
}

bool KubernetesPlatform::is_outgrown(const std::string& process) const {
  const auto* claim = small_claim(process);
  return claim != nullptr && environment_.caches.volumes_may_grow(text_at(*claim, {"class"}));
}

SeenObjects::Volumes KubernetesPlatform::volumes() const {
  SeenObjects::Volumes seen;
  const auto* document = environment_.store.find(key_);
  if (document == nullptr) return seen;
  seen.wanted = api::text(document->cluster.spec.shards.storage.size);
  for (int shard = 0; shard < counts_.at(Role::shard); ++shard) {
    auto name = ports::process_name(Role::shard, shard);
    const auto* claim = small_claim(name);
    if (claim == nullptr || is_outgrown(name)) continue;
    seen.fixed.push_back(std::move(name));
    seen.fixed_class = text_at(*claim, {"class"});
  }
  return seen;
}

Task<Status> KubernetesPlatform::grow_volume(std::string name) {
  const auto* claim = is_outgrown(name) ? small_claim(name) : nullptr;
  if (claim == nullptr) co_return Status{};
  auto patch = objects::claim_growth(inputs());
  patch["metadata"]["uid"] = uid_of(*claim);  // of a namesake: conflict
  ObjectRef place{environment_.caches.kind(What::claims), name_space_, name_of(*claim)};
  auto grown = co_await environment_.client.merge(std::move(place), std::move(patch), "");
  if (!grown) co_return failed(grown.error());
  const std::function<bool()> seen = [this, name] { return small_claim(name) == nullptr; };
  (void)co_await until(seen, Steady::now() + kSeen);
  co_return Status{};
}

}  // namespace chatop::kubernetes
