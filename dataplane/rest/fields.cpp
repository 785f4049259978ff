#include "dataplane/rest/fields.hpp"

namespace chat::rest {

const Json* Fields::find(const char* key, bool required) {
  auto found = object_.find(key);
  if (found != object_.end() && (required || !found->is_null())) return &*found;
  if (required) wrong(std::string(key) + " is missing");
  return nullptr;
}

void Fields::wrong(std::string what) {
  if (!error_) error_ = base::Error{domain::Errc::bad_request, std::move(what)};
}

std::string Fields::text(const char* key) {
  const Json* value = find(key, true);
  if (value == nullptr) return {};
  if (value->is_string()) return value->get<std::string>();
  wrong(std::string(key) + " must be a string");
  return {};
}

std::optional<std::string> Fields::optional_text(const char* key) {
  const Json* value = find(key, false);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return value->get<std::string>();
  wrong(std::string(key) + " must be a string");
  return std::nullopt;
}

std::vector<Ulid> Fields::ids(const char* key) {
  std::vector<Ulid> ids;
  const Json* list = find(key, true);
  if (list == nullptr) return ids;
  if (!list->is_array()) {
    wrong(std::string(key) + " must be an array of ids");
    return ids;
  }
  ids.reserve(list->size());
  for (std::size_t i = 0; i < list->size(); ++i) {
    const Json& element = (*list)[i];
    const auto id = element.is_string() ? Ulid::parse(element.get_ref<const std::string&>()) : std::nullopt;
    if (!id) {
      wrong(std::string(key) + "[" + std::to_string(i) + "] must be a ULID of 26 characters");
      return ids;
    }
    ids.push_back(*id);
  }
  return ids;
}

base::Status Fields::status() const {
  if (error_) return base::fail(*error_);
  return {};
}

}  // namespace chat::rest
