#include "operator/kubernetes/control/cache.hpp"

#include <utility>

namespace chatop::kubernetes {
namespace {

using chat::base::Json;

std::string metadata(const Json& object, const char* key) {
  auto found = object.find("metadata");
  if (found == object.end() || !found->is_object()) return {};
  auto value = found->find(key);
  return value != found->end() && value->is_string() ? value->get<std::string>() : std::string();
}

// What putting `next` in the place of `before` means. Two UIDs are two objects, whatever their name.
void tell(const std::string& key, const Json& before, const Json& next, std::vector<Change>& changes) {
  if (metadata(before, "uid") != metadata(next, "uid")) {
    changes.push_back({Change::Type::removed, key});
    changes.push_back({Change::Type::added, key});
  } else if (before != next) {
    changes.push_back({Change::Type::changed, key});
  }
}

}  // namespace

std::string key_of(const Json& object) { return metadata(object, "namespace") + "/" + metadata(object, "name"); }

std::vector<Change> Cache::replace(std::vector<Json> objects) {
  std::map<std::string, Json> fresh;
  for (auto& object : objects) {
    auto key = key_of(object);
    fresh.insert_or_assign(std::move(key), std::move(object));
  }
  std::vector<Change> changes;
  for (const auto& [key, object] : objects_)
    if (!fresh.contains(key)) changes.push_back({Change::Type::removed, key});
  for (const auto& [key, object] : fresh) {
    if (auto before = objects_.find(key); before != objects_.end())
      tell(key, before->second, object, changes);
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
    objects_.erase(before);
    changes.push_back({Change::Type::removed, std::move(key)});
  } else if (before == objects_.end()) {
    changes.push_back({Change::Type::added, key});
    objects_.emplace(std::move(key), std::move(object));
  } else {
    tell(key, before->second, object, changes);
    before->second = std::move(object);
  }
  return changes;
}

const Json* Cache::find(const std::string& key) const {
  auto found = objects_.find(key);
  return found == objects_.end() ? nullptr : &found->second;
}

}  // namespace chatop::kubernetes
