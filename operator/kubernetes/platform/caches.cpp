#include "operator/kubernetes/platform/caches.hpp"

#include <algorithm>
#include <utility>

#include "operator/kubernetes/client/fields.hpp"
#include "operator/kubernetes/client/kinds.hpp"
#include "operator/kubernetes/objects/names.hpp"
#include "operator/kubernetes/platform/trim.hpp"

namespace chatop::kubernetes {

using chat::base::Json;
using chat::base::Task;

namespace {

constexpr auto kFoldAfter = std::chrono::seconds(2);
constexpr std::string_view kClaimPrefix = "data-";  // of a claim's name, before that of its Pod

std::string key_of_names(const std::string& name_space, const std::string& name) { return name_space + "/" + name; }

}  // namespace

Caches::Caches(Client& client, boost::asio::any_io_executor executor, const std::string& name_space,
               const chat::base::Log& log)
    : client_(client), executor_(executor), name_space_(name_space), log_(log), fold_(executor), tasks_(executor) {
  const auto ours = [&](const Kind& kind) { return ListRequest{kind, name_space_, objects::kClusterLabel, ""}; };
  add(What::pods, kinds::kPod, ours(kinds::kPod), keep_pod);
  add(What::stateful_sets, kinds::kStatefulSet, ours(kinds::kStatefulSet), keep_workload);
  add(What::deployments, kinds::kDeployment, ours(kinds::kDeployment), keep_workload);
  add(What::services, kinds::kService, ours(kinds::kService), keep_object);
  add(What::config_maps, kinds::kConfigMap, ours(kinds::kConfigMap), keep_object);
  add(What::accounts, kinds::kServiceAccount, ours(kinds::kServiceAccount), keep_object);
  add(What::policies, kinds::kNetworkPolicy, ours(kinds::kNetworkPolicy), keep_object);
  add(What::budgets, kinds::kBudget, ours(kinds::kBudget), keep_object);
  add(What::claims, kinds::kClaim, ours(kinds::kClaim), keep_claim);
  add(What::failures, kinds::kEvent,
      {kinds::kEvent, name_space_, "", "involvedObject.kind=StatefulSet,reason=FailedCreate"}, keep_event);
  add(What::classes, kinds::kStorageClass, {kinds::kStorageClass, "", "", ""}, keep_class);
}

void Caches::add(What what, const Kind& kind, ListRequest request, Keep keep) {
  Reflector::Options options;
  options.keep = std::move(keep);
  if (what == What::classes)
    options.changed = [this](const Change&) { tell_all(); };
  else
    options.changed = [this](const Change& change) { tell(change.key); };
  options.listed = [this] { tell_synced(); };
  watched_[what] =
      Watched{kind, std::make_unique<Reflector>(client_, executor_, std::move(request), std::move(options), log_)};
}

void Caches::start(std::function<void()> synced) {
  synced_ = std::move(synced);
  for (auto& [what, each] : watched_) tasks_.spawn("watch " + each.kind.plural, each.reflector->run());
}

Task<> Caches::stop() {
  for (auto& [what, each] : watched_) each.reflector->stop();
  (void)co_await tasks_.idle(std::chrono::steady_clock::time_point::max());
}

bool Caches::synced() const {
  return std::all_of(watched_.begin(), watched_.end(),
                     [](const auto& each) { return each.second.reflector->cache().synced(); });
}

// What is looked at is looked at again soon, as long as something changes.
const Cache& Caches::look(What what) const {
  if (!std::exchange(*folds_soon_, true)) {
    fold_.expires_after(kFoldAfter);
    fold_.async_wait([this, soon = std::weak_ptr<bool>(folds_soon_)](const boost::system::error_code&) {
      const auto still = soon.lock();
      if (!still) return;
      *still = false;
      for (const auto& [each_what, each] : watched_) each.reflector->cache().fold();
    });
  }
  return watched(what).reflector->cache();
}

const Json* Caches::find(What what, const std::string& name_space, const std::string& name) const {
  return look(what).find(key_of_names(name_space, name));
}

std::vector<const Json*> Caches::of_cluster(What what, const std::string& name_space,
                                            const std::string& cluster) const {
  std::vector<const Json*> found;
  // Everything of a cluster is named for it.
  const auto prefix =
      key_of_names(name_space, (what == What::claims ? std::string(kClaimPrefix) : std::string()) + cluster + "-");
  for (const auto* each : look(what).starting_with(prefix))
    if (text_at(*each, {"metadata", "labels", objects::kClusterLabel}) == cluster) found.push_back(each);
  return found;
}

const Json* Caches::failure_of(const std::string& name_space, const std::string& name, const std::string& uid) const {
  const Json* last = nullptr;
  for (const auto* each : look(What::failures).starting_with(key_of_names(name_space, name + "."))) {
    if (text_at(*each, {"about"}) != uid) continue;
    if (last == nullptr || text_at(*last, {"at"}) <= text_at(*each, {"at"})) last = each;
  }
  return last;
}

bool Caches::has_class(const std::string& name) const { return look(What::classes).find("/" + name) != nullptr; }

bool Caches::volumes_may_grow(const std::string& storage_class) const {
  const auto* found = find(What::classes, "", storage_class);
  return found != nullptr && found->value("expands", false);
}

std::shared_ptr<Caches::Listener> Caches::listen(const std::string& name_space, const std::string& cluster,
                                                 std::function<void()> changed) {
  std::erase_if(listeners_, [](const auto& each) { return each.second.expired(); });
  auto listener = std::make_shared<Listener>(std::move(changed));
  listeners_.emplace(key_of_names(name_space, cluster), listener);
  return listener;
}

// An object's name begins with its cluster's, which may have hyphens itself: whoever it could belong to is told.
void Caches::tell(const std::string& key) {
  auto name = key;
  if (auto slash = key.find('/'); slash != std::string::npos && key.substr(slash + 1).starts_with(kClaimPrefix))
    name.erase(slash + 1, kClaimPrefix.size());
  for (auto cut = name.rfind('-'); cut != std::string::npos && cut > 0; cut = name.rfind('-', cut - 1)) {
    auto [from, to] = listeners_.equal_range(name.substr(0, cut));
    for (auto it = from; it != to; ++it)
      if (auto listener = it->second.lock()) listener->tell();
  }
}

void Caches::tell_synced() {
  if (synced_ && synced()) std::exchange(synced_, nullptr)();
}

void Caches::tell_all() {
  for (const auto& [key, each] : listeners_)
    if (auto listener = each.lock()) listener->tell();
}

}  // namespace chatop::kubernetes
