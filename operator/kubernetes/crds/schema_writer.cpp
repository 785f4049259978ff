#include "operator/kubernetes/crds/schema_writer.hpp"

#include <algorithm>

#include "operator/api/quantity.hpp"

namespace chatop::kubernetes {
namespace {

using api::OrderedJson;

// What api::parse_quantity() reads, of a text or a number. The quantities of CEL have a test for whole numbers, but it
// says no to 1.5Gi; as a floating point number every whole number of bytes within our bounds (at most 2⁵⁰) is exact.
constexpr std::string_view kQuantityCel =
    "string(self).matches('^([0-9]{1,18}|[0-9]{0,17}[.][0-9]{1,17})(Ki|Mi|Gi|Ti|Pi|Ei|k|M|G|T|P|E)?$') && "
    "quantity(string(self)).asApproximateFloat() < 9.0e18 && "
    "double(int(quantity(string(self)).asApproximateFloat())) == quantity(string(self)).asApproximateFloat()";
constexpr std::size_t kLongestQuantity = 20;

// "Never fewer than these" → "Never fewer than these. From 1 to 1000; 2 by default."
std::string explained(std::string_view description, const std::string& more) {
  std::string text(description);
  if (!more.empty()) text += (text.empty() ? "" : ". ") + more;
  return text + ".";
}

OrderedJson described(std::string_view description, const std::string& more, std::string_view type) {
  return {{"description", explained(description, more)}, {"type", type}};
}

}  // namespace

OrderedJson object_schema(std::string_view description) {
  auto schema = described(description, "", "object");
  schema["properties"] = OrderedJson::object();
  return schema;
}

OrderedJson defaults_of(const OrderedJson& schema) {
  auto defaults = OrderedJson::object();
  for (const auto& [name, field] : schema["properties"].items())
    if (field.contains("default")) defaults[name] = field["default"];
  return defaults;
}

OrderedJson* find_schema(OrderedJson& root, std::string_view path) {
  OrderedJson* at = &root;
  while (!path.empty()) {
    const auto end = std::min(path.find('.'), path.size());
    const std::string name(path.substr(0, end));
    if (!at->contains("properties") || !(*at)["properties"].contains(name)) return nullptr;
    at = &(*at)["properties"][name];
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return at;
}

void add_condition(OrderedJson& schema, const Condition& condition) {
  OrderedJson rule = {{"rule", condition.cel}};
  if (!condition.field.empty()) rule["fieldPath"] = "." + condition.field;
  if (condition.message_cel.empty())
    rule["message"] = condition.message;
  else
    rule["messageExpression"] = condition.message_cel;
  schema["x-kubernetes-validations"].push_back(std::move(rule));
}

SchemaWriter::SchemaWriter(SchemaOf of, std::string_view description) : of_(of) {
  open_.push_back({"", object_schema(description)});
}

OrderedJson SchemaWriter::take() { return std::move(open_.front().schema); }

void SchemaWriter::integer(std::string_view name, std::int64_t& value, api::Range range, std::string_view description) {
  std::string more;
  if (is_spec())
    more = "From " + std::to_string(range.least) + " to " + std::to_string(range.most) + "; " + std::to_string(value) +
           " by default";
  auto schema = described(description, more, "integer");
  schema["format"] = "int64";
  schema["minimum"] = range.least;
  if (range.most != INT64_MAX) schema["maximum"] = range.most;
  if (is_spec()) schema["default"] = value;
  put(name, std::move(schema));
}

void SchemaWriter::boolean(std::string_view name, bool& value, std::string_view description) {
  auto schema =
      described(description, is_spec() ? std::string(value ? "true" : "false") + " by default" : "", "boolean");
  if (is_spec()) schema["default"] = value;
  put(name, std::move(schema));
}

OrderedJson SchemaWriter::text_schema(const api::TextRule& rule, bool may_be_empty) const {
  OrderedJson schema = {{"type", "string"}};
  if (!is_spec()) return schema;
  schema["maxLength"] = rule.form.longest;
  const std::string cel = rule.form.cel();
  add_condition(schema,
                {may_be_empty ? "self == '' || (" + cel + ")" : cel, "", "write " + std::string(rule.wants), ""});
  return schema;
}

void SchemaWriter::text(std::string_view name, std::string& value, const api::TextRule& rule,
                        std::string_view description) {
  std::string more;
  if (is_spec() && rule.form.holds != api::any_text) more = "Write " + std::string(rule.wants);
  if (is_spec() && !value.empty()) more += "; " + value + " by default";
  OrderedJson schema = {{"description", explained(description, more)}};
  schema.update(text_schema(rule, !rule.required));
  if (is_spec() && !rule.required && !rule.omit_if_empty) schema["default"] = value;
  put(name, std::move(schema));
  if (is_spec() && rule.required) require(name);
}

void SchemaWriter::quantity(std::string_view name, api::Quantity& value, api::Range bytes,
                            std::string_view description) {
  const auto least = api::text(api::Quantity{bytes.least});
  const auto most = api::text(api::Quantity{bytes.most});
  OrderedJson schema = {{"description", explained(description, "From " + least + " to " + most + "; " +
                                                                   api::text(value) + " by default")},
                        {"x-kubernetes-int-or-string", true},
                        {"maxLength", kLongestQuantity},
                        {"default", api::text(value)}};
  const std::string cel(kQuantityCel);
  add_condition(schema,
                {cel, "", "write a number with Mi, Gi or Ti, for example 10Gi, from " + least + " to " + most, ""});
  add_condition(schema, {"!(" + cel + ") || (quantity(string(self)).compareTo(quantity('" + least +
                             "')) >= 0 && quantity(string(self)).compareTo(quantity('" + most + "')) <= 0)",
                         "", "write a number of bytes from " + least + " to " + most, ""});
  put(name, std::move(schema));
}

void SchemaWriter::texts(std::string_view name, std::vector<std::string>& values, const api::TextRule& rule,
                         std::size_t most, std::string_view description) {
  std::string more;
  if (is_spec()) more = "At most " + std::to_string(most) + ", each " + std::string(rule.wants);
  auto schema = described(description, more, "array");
  schema["x-kubernetes-list-type"] = "atomic";
  schema["maxItems"] = most;
  schema["items"] = text_schema(rule, false);
  if (is_spec()) schema["default"] = values;
  put(name, std::move(schema));
}

void SchemaWriter::text_map(std::string_view name, std::map<std::string, std::string>& /*values*/,
                            const api::MapRule& rule, std::string_view description) {
  auto schema = described(description, "", "object");
  schema["maxProperties"] = rule.most;
  schema["additionalProperties"] = {{"type", "string"}};
  put(name, std::move(schema));
}

void SchemaWriter::chosen(std::string_view name, std::size_t& index, std::span<const std::string_view> allowed,
                          std::string_view description) {
  const bool has_default = is_spec() && index < allowed.size();
  auto schema = described(description, has_default ? std::string(allowed[index]) + " by default" : "", "string");
  schema["enum"] = std::vector<std::string>(allowed.begin(), allowed.end());
  if (has_default) schema["default"] = allowed[index];
  put(name, std::move(schema));
  if (is_spec() && !has_default) require(name);
}

void SchemaWriter::enter(std::string_view name, std::string_view description) {
  open_.push_back({std::string(name), object_schema(description)});
  if (is_spec()) open_.back().schema["default"] = OrderedJson::object();  // filled in leave()
}

bool SchemaWriter::enter_optional(std::string_view name, bool /*present*/, std::string_view description) {
  open_.push_back({std::string(name), object_schema(description)});
  return true;
}

std::size_t SchemaWriter::enter_list(std::string_view name, std::size_t /*size*/, std::size_t most,
                                     std::string_view key, std::string_view description) {
  auto schema = described(description, "", "array");
  schema["x-kubernetes-list-type"] = key.empty() ? "atomic" : "map";
  if (!key.empty()) schema["x-kubernetes-list-map-keys"] = {key};
  schema["maxItems"] = most;
  if (is_spec()) schema["default"] = OrderedJson::array();
  open_.push_back({std::string(name), std::move(schema)});
  return 1;  // one item shows what all are
}

void SchemaWriter::enter_item(std::size_t /*index*/) {
  open_.push_back({"", {{"type", "object"}, {"properties", OrderedJson::object()}}});
}

void SchemaWriter::leave() {
  auto done = std::move(open_.back());
  open_.pop_back();
  auto& parent = open_.back().schema;
  // Where a whole mapping is left out its default stands for it, and must itself obey the rules: so it is written out.
  if (done.schema["type"] == "object" && done.schema.contains("default"))
    done.schema["default"] = defaults_of(done.schema);
  if (parent["type"] != "array") return put(done.name, std::move(done.schema));
  if (parent.contains("x-kubernetes-list-map-keys")) {  // items are told apart by them, so they must be there
    auto& required = done.schema["required"];
    for (const auto& key : parent["x-kubernetes-list-map-keys"])
      if (std::find(required.begin(), required.end(), key) == required.end()) required.push_back(key);
  }
  parent["items"] = std::move(done.schema);
}

void SchemaWriter::put(std::string_view name, OrderedJson schema) {
  open_.back().schema["properties"][std::string(name)] = std::move(schema);
}

void SchemaWriter::require(std::string_view name) { open_.back().schema["required"].push_back(name); }

}  // namespace chatop::kubernetes
