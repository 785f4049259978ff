#include "operator/kubernetes/control/cache.hpp"

#include <utility>

#include "operator/kubernetes/client/fields.hpp"

namespace chatop::kubernetes {
namespace {

using chat::base::Json;

std::string folded(const Json& object) {
  std::string bytes;
  Json::to_msgpack(object, bytes);
  bytes.shrink_to_fit();
  return bytes;
}

// What putting `next` in the place of `before` means. Two UIDs are two objects, whatever their name.
void tell(const std::string& key, const std::string& before, const std::string& next, std::vector<Change>& changes) {
  if (before == next) return;
  if (uid_of(Json::from_msgpack(before)) != uid_of(Json::from_msgpack(next))) {
    changes.push_back({Change::Type::removed, key});
    changes.push_back({Change::Type::added, key});
  } else {
    changes.push_back({Change::Type::changed, key});
  }
}

}  // namespace

std::string key_of(const Json& object) { return text_at(object, {"metadata", "namespace"}) + "/" + name_of(object); }

std::vector<Change> Cache::replace(std::vector<Json> objects) {
  fold();
  std::map<std::string, Object> fresh;
  for (auto& object : objects) {
    fresh.insert_or_assign(key_of(object), Object{folded(object), nullptr});
    object = nullptr;  // a list is large: not all of it twice
  }
  std::vector<Change> changes;
  for (const auto& [key, object] : objects_)
    if (!fresh.contains(key)) changes.push_back({Change::Type::removed, key});
  for (const auto& [key, object] : fresh) {
    if (auto before = objects_.find(key); before != objects_.end())
      tell(key, before->second.folded, object.folded, changes);
    else
      changes.push_back({Change::Type::added, key});
  }
  objects_ = std::move(fresh);
  synced_ = true;
  return changes;
}

std::vector<Change> Cache::take(WatchEvent::Type type, Json object) {
  std::vector<Change> changes;
  if (type == WatchEvent::Type::bookmark) return changes;
  auto key = key_of(object);
  auto before = objects_.find(key);
  if (type == WatchEvent::Type::deleted) {
    if (before == objects_.end()) return changes;
    drop_tree(before->second);
    objects_.erase(before);
    changes.push_back({Change::Type::removed, std::move(key)});
    return changes;
  }
  auto bytes = folded(object);
  if (before == objects_.end()) {
    changes.push_back({Change::Type::added, key});
    objects_.emplace(std::move(key), Object{std::move(bytes), nullptr});
  } else {
    tell(key, before->second.folded, bytes, changes);
    drop_tree(before->second);
    before->second.folded = std::move(bytes);
  }
  return changes;
}

const Json* Cache::unfold(const Object& object) const {
  if (!object.tree) {
    object.tree = std::make_unique<Json>(Json::from_msgpack(object.folded));
    unfolded_.push_back(&object);
  }
  return object.tree.get();
}

const Json* Cache::find(const std::string& key) const {
  auto found = objects_.find(key);
  return found == objects_.end() ? nullptr : unfold(found->second);
}

std::vector<const Json*> Cache::starting_with(const std::string& prefix) const {
  std::vector<const Json*> found;
  for (auto it = objects_.lower_bound(prefix); it != objects_.end() && it->first.starts_with(prefix); ++it)
    found.push_back(unfold(it->second));
  return found;
}

void Cache::drop_tree(const Object& object) const {
  if (!object.tree) return;
  object.tree.reset();
  std::erase(unfolded_, &object);
}

void Cache::fold() const {
  for (const auto* object : unfolded_) object->tree.reset();
  unfolded_.clear();
}

}  // namespace chatop::kubernetes
