#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "operator/kubernetes/client/watch_stream.hpp"

namespace chatop::kubernetes {

// "namespace/name"; without a namespace "/name".
[[nodiscard]] std::string key_of(const chat::base::Json& object);

struct Change {
  enum class Type { added, changed, removed };
  Type type = Type::added;
  std::string key;
};

// What is known of one kind of objects, trimmed to what its consumer keeps. Pure. An object leaves it for two reasons
// only: the server said that it is deleted, or a complete list is without it. A list that failed never gets here.
class Cache {
 public:
  // Everything there is, as of a complete list. Returns what is different from before.
  [[nodiscard]] std::vector<Change> replace(std::vector<chat::base::Json> objects);
  // One event of a watch; an object that another one of its name has replaced is removed and added.
  [[nodiscard]] std::vector<Change> take(WatchEvent::Type type, chat::base::Json object);

  // A complete list has been here once.
  [[nodiscard]] bool synced() const { return synced_; }
  // Valid until the cache changes; null: not there.
  [[nodiscard]] const chat::base::Json* find(const std::string& key) const;
  [[nodiscard]] const std::map<std::string, chat::base::Json>& objects() const { return objects_; }

 private:
  std::map<std::string, chat::base::Json> objects_;
  bool synced_ = false;
};

}  // namespace chatop::kubernetes
