#include "operator/kubernetes/client/fields.hpp"

namespace chatop::kubernetes {

using chat::base::Json;

const Json& value_at(const Json& object, std::initializer_list<const char*> path) {
  static const Json kNone;
  const Json* at = &object;
  for (const char* key : path) {
    if (!at->is_object()) return kNone;
    const auto found = at->find(key);
    if (found == at->end()) return kNone;
    at = &*found;
  }
  return *at;
}

std::string text_at(const Json& object, std::initializer_list<const char*> path) {
  const auto& value = value_at(object, path);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::string name_of(const Json& object) { return text_at(object, {"metadata", "name"}); }

std::string uid_of(const Json& object) { return text_at(object, {"metadata", "uid"}); }

}  // namespace chatop::kubernetes
