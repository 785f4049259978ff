#include "operator/api/stored.hpp"

#include <array>
#include <utility>

#include "operator/api/document_reader.hpp"
#include "operator/api/yaml_value.hpp"

namespace chatop::api {
namespace {

using chat::base::Json;
using Errors = std::vector<FieldError>;

YamlValue value_of(const Json& json) {
  YamlValue value;
  if (json.is_object()) {
    value.kind = YamlValue::Kind::Map;
    for (const auto& [key, entry] : json.items())
      if (key != "managedFields") value.entries.push_back({key, 0, value_of(entry)});
  } else if (json.is_array()) {
    value.kind = YamlValue::Kind::List;
    for (const auto& item : json) value.items.push_back(value_of(item));
  } else if (!json.is_null()) {
    value.kind = YamlValue::Kind::Scalar;
    value.quoted = json.is_string();
    value.text = json.is_string() ? json.get<std::string>() : json.dump();
  }
  return value;
}

template <class Resource>
Parsed<Document> read(const YamlValue& root) {
  Errors errors;
  Resource resource;
  DocumentReader reader(root, Reading::Lenient, errors);
  reader.object("metadata", "", [&] { describe(reader, resource.metadata); });
  reader.object("spec", "", [&] { describe(reader, resource.spec); });
  reader.object("status", "", [&] { describe(reader, resource.status); });
  reader.finish();
  if (!errors.empty()) return tl::unexpected<Errors>(std::move(errors));
  return resource;
}

// The part of `whole` that `written` names.
OrderedJson shared(const YamlValue& written, const OrderedJson& whole) {
  if (whole.is_object() && written.kind == YamlValue::Kind::Map) {
    OrderedJson kept = OrderedJson::object();
    for (const auto& [key, value] : whole.items()) {
      const auto* found = written.find(key);
      if (found && found->kind != YamlValue::Kind::Null) kept[key] = shared(*found, value);
    }
    return kept;
  }
  if (whole.is_array() && written.kind == YamlValue::Kind::List && whole.size() == written.items.size()) {
    OrderedJson kept = OrderedJson::array();
    for (std::size_t i = 0; i < whole.size(); ++i) kept.push_back(shared(written.items[i], whole[i]));
    return kept;
  }
  return whole;
}

}  // namespace

Parsed<Document> parse_stored(const Json& object) {
  const auto kind = object.is_object() ? object.value("kind", Json()) : Json();
  if (kind == kChatClusterKind) return read<ChatCluster>(value_of(object));
  if (kind == kChatOperationKind) return read<ChatOperation>(value_of(object));
  return tl::unexpected<Errors>(Errors{{"kind", 0, "is " + kind.dump(-1, ' ', false, Json::error_handler_t::replace),
                                        "a ChatCluster or a ChatOperation is wanted here"}});
}

std::vector<OrderedJson> as_written(std::string_view yaml, const std::vector<Document>& documents) {
  constexpr std::array<const char*, 3> kGiven{"uid", "generation", "creationTimestamp"};
  const auto roots = load_yaml(yaml);
  std::vector<OrderedJson> all;
  for (std::size_t i = 0; roots && i < roots->size() && i < documents.size(); ++i) {
    const auto whole = std::visit([](const auto& document) { return to_json(document, Part::SpecOnly); }, documents[i]);
    auto kept = shared((*roots)[i], whole);
    for (const auto* given : kGiven) kept["metadata"].erase(given);
    all.push_back(std::move(kept));
  }
  return all;
}

}  // namespace chatop::api
