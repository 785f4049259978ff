#include "operator/kubernetes/platform/kubernetes_store.hpp"

#include <functional>
#include <utility>

#include "operator/api/stored.hpp"
#include "operator/kubernetes/client/fields.hpp"
#include "operator/kubernetes/client/kinds.hpp"
#include "operator/kubernetes/platform/trim.hpp"

namespace chatop::kubernetes {

using chat::base::Json;
using chat::base::Status;
using chat::base::Task;

namespace {

constexpr int kDepth = 64;

Json metadata_of(const api::ChatCluster& cluster) {
  return {{"name", cluster.metadata.name},
          {"namespace", cluster.metadata.namespace_name},
          {"uid", cluster.metadata.uid}};  // of a namesake: conflict
}

Json body_of(const api::ChatCluster& cluster) {
  return {{"apiVersion", api::kApiVersion}, {"kind", api::kChatClusterKind}, {"metadata", metadata_of(cluster)}};
}

std::size_t hash_at(const Json& object, const char* key) { return std::hash<std::string>{}(text_at(object, {key})); }

ObjectRef place_of(const api::ChatCluster& cluster) {
  return {kinds::kChatCluster, cluster.metadata.namespace_name, cluster.metadata.name};
}

}  // namespace

KubernetesStore::KubernetesStore(Parts parts, boost::asio::any_io_executor executor, std::string name_space)
    : parts_(std::move(parts)),
      reflector_(parts_.client, executor, {kinds::kChatCluster, std::move(name_space), "", ""},
                 {keep_cluster, [this](const Change& change) { take(change); }}, parts_.log),
      tasks_(executor) {}

void KubernetesStore::start() { tasks_.spawn("watch chatclusters", reflector_.run()); }

Task<> KubernetesStore::stop() {
  reflector_.stop();
  (void)co_await tasks_.idle(std::chrono::steady_clock::time_point::max());
}

void KubernetesStore::take(const Change& change) {
  const auto* object = reflector_.cache().find(change.key);
  if (change.type == Change::Type::removed || object == nullptr) {
    entries_.erase(change.key);
    parts_.changed();
    return;
  }
  auto& entry = entries_[change.key];
  entry.held = object->value("held", false);
  if (const auto status = hash_at(*object, "status"); status != entry.status) {
    entry.status = status;
    entry.status_is_new = true;
  }
  const bool is_new = hash_at(*object, "document") != entry.document;
  if (is_new) read_document(change.key, *object);
  reflector_.cache().fold();
  if (is_new) parts_.changed();
}

void KubernetesStore::read_document(const std::string& place, const Json& object) {
  auto& entry = entries_[place];
  entry.document = hash_at(object, "document");
  entry.stored.key = place + "@" + uid_of(object);
  entry.stored.deleting = !text_at(object, {"metadata", "deletionTimestamp"}).empty();
  auto json = chat::base::parse_json(text_at(object, {"document"}), kDepth);
  auto parsed = json ? api::parse_stored(*json)
                     : tl::unexpected(std::vector<api::FieldError>{{"", 0, json.error().message, "apply it again"}});
  auto* cluster = parsed ? std::get_if<api::ChatCluster>(&*parsed) : nullptr;
  entry.readable = cluster != nullptr;
  if (cluster != nullptr) {
    auto status = std::move(entry.stored.cluster.status);
    entry.stored.cluster = std::move(*cluster);
    entry.stored.cluster.status = std::move(status);
  } else {
    parts_.log.warn("document_not_read",
                    {{"document", place}, {"what", parsed ? "is no ChatCluster" : api::text(parsed.error().front())}});
  }
}

// It is a copy of what operators know: where it can not be read it is written anew.
void KubernetesStore::read_status(const std::string& place, Entry& entry) {
  const auto* object = entry.status_is_new ? reflector_.cache().find(place) : nullptr;
  if (object == nullptr) return;
  entry.status_is_new = false;
  auto parsed = api::parse_status(text_at(*object, {"status"}));
  entry.stored.cluster.status = parsed ? std::move(*parsed) : api::ChatClusterStatus();
}

chat::base::Result<ports::StoredClusters> KubernetesStore::list() {
  if (!synced()) return chat::base::fail(ApiErrc::unreachable, "the API server was not read yet");
  ports::StoredClusters stored;
  stored.absent_is_gone = true;
  for (auto& [place, entry] : entries_) {
    if (entry.readable) {
      read_status(place, entry);
      stored.clusters.push_back(entry.stored);
    } else {
      stored.unreadable.push_back(entry.stored.key);
    }
  }
  reflector_.cache().fold();
  return stored;
}

KubernetesStore::Entry* KubernetesStore::entry_of(const std::string& key) {
  auto found = entries_.find(ports::title_of(key));
  return found != entries_.end() && found->second.stored.key == key && found->second.readable ? &found->second
                                                                                              : nullptr;
}

const ports::StoredCluster* KubernetesStore::find(const std::string& key) {
  auto* entry = entry_of(key);
  return entry != nullptr ? &entry->stored : nullptr;
}

bool KubernetesStore::held(const std::string& key) {
  const auto* entry = entry_of(key);
  return entry != nullptr && entry->held;
}

Task<Status> KubernetesStore::write_status(std::string key, api::ChatClusterStatus status) {
  auto* entry = entry_of(key);
  if (entry == nullptr) co_return Status{};  // gone: nobody reads it
  auto body = body_of(entry->stored.cluster);
  // A log line in a message may be no UTF-8.
  auto json = chat::base::parse_json(api::json_text(api::to_json(status)), kDepth);
  if (!json) co_return chat::base::fail(json.error());
  body["status"] = std::move(*json);
  const auto before = entry->stored;
  Client::Apply how;
  how.subresource = "status";
  auto place = place_of(entry->stored.cluster);
  auto written = co_await parts_.client.apply(std::move(place), std::move(body), std::move(how));
  if (!written && written.error().code == ApiErrc::not_found) co_return Status{};
  if (!written) co_return chat::base::fail(written.error());
  tell_events(before, status);
  if (entry = entry_of(key); entry != nullptr) {
    entry->status = hash_at(keep_cluster(std::move(*written)), "status");
    entry->stored.cluster.status = std::move(status);
    entry->status_is_new = false;
  }
  co_return Status{};
}

void KubernetesStore::tell_events(const ports::StoredCluster& stored, const api::ChatClusterStatus& next) {
  const auto& before = stored.cluster.status;
  Json regarding = metadata_of(stored.cluster);
  regarding["apiVersion"] = api::kApiVersion;
  regarding["kind"] = api::kChatClusterKind;
  // What is away and not wrong is being replaced.
  const auto* degraded = api::find_condition(next, "Degraded");
  const bool wrong = degraded != nullptr && degraded->status == api::ConditionStatus::True;
  for (const auto& condition : next.conditions) {
    const auto* old = api::find_condition(before, condition.type);
    const bool holds = condition.status == api::ConditionStatus::True;
    const bool turned = old == nullptr ? holds : old->status != condition.status;
    const bool other_words = old != nullptr && (old->reason != condition.reason || old->message != condition.message);
    if (condition.type == "Available" && turned)
      parts_.events.record({regarding, !holds && wrong, condition.reason, "Serve", condition.message});
    if (condition.type == "Degraded" && holds && (turned || other_words))
      parts_.events.record({regarding, true, condition.reason, "Reconcile", condition.message});
    if (condition.type == "Degraded" && !holds && turned)
      parts_.events.record({regarding, false, "Recovered", "Reconcile", condition.message});
    if (condition.type == "UpdateInProgress" && turned)
      parts_.events.record({regarding, false, condition.reason, "Update", condition.message});
  }
}

Task<Status> KubernetesStore::apply_metadata(std::string key, Json finalizers) {
  auto* entry = entry_of(key);
  if (entry == nullptr) co_return Status{};
  auto body = body_of(entry->stored.cluster);
  if (!finalizers.empty()) body["metadata"]["finalizers"] = std::move(finalizers);
  auto place = place_of(entry->stored.cluster);
  Client::Apply how;
  auto written = co_await parts_.client.apply(std::move(place), std::move(body), std::move(how));
  if (!written && written.error().code == ApiErrc::not_found) co_return Status{};
  if (!written) co_return chat::base::fail(written.error());
  if (entry = entry_of(key); entry != nullptr) entry->held = keep_cluster(std::move(*written)).value("held", false);
  co_return Status{};
}

Task<Status> KubernetesStore::hold(std::string key) {
  auto finalizers = Json::array({kFinalizer});
  return apply_metadata(std::move(key), std::move(finalizers));
}

Task<Status> KubernetesStore::remove(std::string key) { return apply_metadata(std::move(key), Json::array()); }

}  // namespace chatop::kubernetes
