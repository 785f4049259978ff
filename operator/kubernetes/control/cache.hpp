#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
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
// Objects lie folded (MessagePack, a fifth of what a tree takes); one that is looked at stays a tree until fold().
class Cache {
 public:
  // Everything there is, as of a complete list. Returns what is different from before.
  [[nodiscard]] std::vector<Change> replace(std::vector<chat::base::Json> objects);
  // One event of a watch; an object that another one of its name has replaced is removed and added.
  [[nodiscard]] std::vector<Change> take(WatchEvent::Type type, chat::base::Json object);

  // A complete list has been here once.
  [[nodiscard]] bool synced() const { return synced_; }
  [[nodiscard]] std::size_t size() const { return objects_.size(); }
  // Valid until the cache changes or folds; null: not there.
  [[nodiscard]] const chat::base::Json* find(const std::string& key) const;
  // Those whose keys begin so, in their order; valid as long as with find().
  [[nodiscard]] std::vector<const chat::base::Json*> starting_with(const std::string& prefix) const;
  // Nobody holds what find() gave any more.
  void fold() const;

 private:
  struct Object {
    std::string folded;
    mutable std::unique_ptr<chat::base::Json> tree;  // while somebody may hold it
  };
  const chat::base::Json* unfold(const Object& object) const;
  void drop_tree(const Object& object) const;

  std::map<std::string, Object> objects_;
  mutable std::vector<const Object*> unfolded_;
  bool synced_ = false;
};

}  // namespace chatop::kubernetes
