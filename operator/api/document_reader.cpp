#include "operator/api/document_reader.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "dataplane/base/text.hpp"
#include "operator/api/quantity.hpp"
#include "operator/api/yaml_scalar.hpp"

namespace chatop::api {
namespace {

using Kind = YamlValue::Kind;

constexpr std::size_t kMostErrors = 50;
std::string from_to(Range range) {
  if (range.most == INT64_MAX) return "of at least " + std::to_string(range.least);
  return "from " + std::to_string(range.least) + " to " + std::to_string(range.most);
}

std::string either(std::span<const std::string_view> words) {
  std::string list;
  for (auto word : words) list += (list.empty() ? "" : word == words.back() ? " or " : ", ") + std::string(word);
  return list;
}

}  // namespace

DocumentReader::DocumentReader(const YamlValue& mapping, Reading reading, std::vector<FieldError>& errors)
    : strict_(reading == Reading::Strict), errors_(errors) {
  push("", &mapping, mapping.line);
}

void DocumentReader::pass_over(std::string_view name) { frames_.back().known.push_back(name); }

void DocumentReader::finish() { leave(); }

void DocumentReader::integer(std::string_view name, std::int64_t& value, Range range,
                             std::string_view /*description*/) {
  const auto* found = take(name);
  if (!found) return;
  if (found->kind != Kind::Scalar)
    return wrong(name, *found, "is " + shown(*found) + ", not a number", "write a whole number " + from_to(range));
  auto number = plain_integer(*found);
  if (!number) {
    YamlValue unquoted = *found;
    unquoted.quoted = false;
    if (plain_integer(unquoted))
      return wrong(name, *found, "is the text " + shown(*found) + ", not a number", "write it without quotes");
    return wrong(name, *found, "is " + shown(*found) + ", which is not a whole number that fits",
                 "write one " + from_to(range));
  }
  if (strict_ && (*number < range.least || *number > range.most))
    return wrong(name, *found, "is " + found->text + ", which is too " + (*number < range.least ? "small" : "large"),
                 "write a whole number " + from_to(range));
  value = *number;
}

void DocumentReader::boolean(std::string_view name, bool& value, std::string_view /*description*/) {
  const auto* found = take(name);
  if (!found) return;
  if (found->kind != Kind::Scalar || !plain_boolean(*found))
    return wrong(name, *found, "is " + shown(*found) + ", neither true nor false",
                 "write true or false, without quotes");
  value = found->text == "true";
}

bool DocumentReader::check_text(const std::string& path, const YamlValue& value, const TextRule& rule) {
  if (value.kind != Kind::Scalar) {
    wrong(path, value.line, "is " + shown(value) + ", not a text", "write " + std::string(rule.wants));
    return false;
  }
  if (!strict_) return true;
  if (reads_as_other_than_text(value)) {
    wrong(path, value.line, "is " + shown(value) + " without quotes, which YAML does not read as text",
          "put it in quotes: \"" + value.text + "\"");
    return false;
  }
  if (value.text.empty() && !rule.required) return true;
  if (rule.form.holds(value.text)) return true;
  wrong(path, value.line, "is " + shown(value), "write " + std::string(rule.wants));
  return false;
}

void DocumentReader::text(std::string_view name, std::string& value, const TextRule& rule,
                          std::string_view /*description*/) {
  const auto* found = take(name);
  if (!found) {
    if (rule.required && strict_ && frames_.back().value)
      wrong(path_of(name), frames_.back().line, "is missing", "write " + std::string(rule.wants));
    return;
  }
  if (check_text(path_of(name), *found, rule)) value = found->text;
}

void DocumentReader::quantity(std::string_view name, Quantity& value, Range bytes, std::string_view /*description*/) {
  const auto* found = take(name);
  if (!found) return;
  auto parsed = found->kind == Kind::Scalar ? parse_quantity(found->text) : std::nullopt;
  const std::string range = "from " + api::text(Quantity{bytes.least}) + " to " + api::text(Quantity{bytes.most});
  if (!parsed)
    return wrong(name, *found, "is " + shown(*found) + ", not a number of bytes",
                 "write a number with Mi, Gi or Ti, for example 10Gi, " + range);
  if (strict_ && (parsed->bytes < bytes.least || parsed->bytes > bytes.most))
    return wrong(name, *found,
                 "is " + found->text + ", which is too " + (parsed->bytes < bytes.least ? "small" : "large"),
                 "write a number of bytes " + range);
  value = *parsed;
}

void DocumentReader::texts(std::string_view name, std::vector<std::string>& values, const TextRule& rule,
                           std::size_t most, std::string_view description) {
  const auto* found = take(name);
  if (!found) return;
  if (found->kind != Kind::List)
    return wrong(
        name, *found, "is " + shown(*found) + ", not a list",
        "write [" + (found->kind == Kind::Scalar ? found->text : std::string()) + "]: " + std::string(description));
  if (found->items.size() > most)
    return wrong(name, *found, "has " + std::to_string(found->items.size()) + " entries",
                 "at most " + std::to_string(most) + " are possible");
  values.clear();
  for (std::size_t i = 0; i < found->items.size(); ++i) {
    TextRule item = rule;
    item.required = true;  // an empty entry says nothing
    if (check_text(path_of(name) + "[" + std::to_string(i) + "]", found->items[i], item))
      values.push_back(found->items[i].text);
  }
}

void DocumentReader::text_map(std::string_view name, std::map<std::string, std::string>& values, const MapRule& rule,
                              std::string_view /*description*/) {
  const auto* found = take(name);
  if (!found) return;
  if (found->kind != Kind::Map)
    return wrong(name, *found, "is " + shown(*found) + ", not a mapping", "write {key: \"value\"}");
  if (found->entries.size() > rule.most)
    return wrong(name, *found, "has " + std::to_string(found->entries.size()) + " entries",
                 "at most " + std::to_string(rule.most) + " are possible");
  const TextRule value{{rule.value_holds}, rule.value_wants};
  for (const auto& entry : found->entries) {
    YamlValue key;
    key.kind = Kind::Scalar;
    key.text = entry.key;
    if (strict_ && !rule.key_holds(entry.key))
      wrong(path_of(name), entry.line, "has the key " + shown(key), "write keys as " + std::string(rule.key_wants));
    else if (check_text(path_of(name) + "." + entry.key, entry.value, value))
      values[entry.key] = entry.value.text;
  }
}

void DocumentReader::chosen(std::string_view name, std::size_t& index, std::span<const std::string_view> allowed,
                            std::string_view /*description*/) {
  const auto* found = take(name);
  if (!found) {
    if (index >= allowed.size() && strict_ && frames_.back().value)
      wrong(path_of(name), frames_.back().line, "is missing", "write " + either(allowed));
    return;
  }
  auto match = std::find(allowed.begin(), allowed.end(), found->text);
  if (found->kind == Kind::Scalar && match != allowed.end()) {
    index = static_cast<std::size_t>(match - allowed.begin());
    return;
  }
  if (!strict_) return;
  auto near = chat::base::nearest(std::string_view(found->text).substr(0, 64), allowed);
  const bool many = allowed.size() > 5;  // a long list hides the one that was meant
  wrong(name, *found, "is " + shown(*found),
        many && near ? "did you mean " + std::string(*near) + "?" : "write " + either(allowed));
}

void DocumentReader::enter(std::string_view name, std::string_view /*description*/) {
  const auto* found = take(name);
  if (found && found->kind != Kind::Map) {
    wrong(name, *found, "is " + shown(*found) + ", not a mapping", "write its fields below it, each as name: value");
    found = nullptr;
  }
  push(path_of(name), found, found ? found->line : 0);
}

bool DocumentReader::enter_optional(std::string_view name, bool /*present*/, std::string_view description) {
  const auto* found = take(name);
  if (!found) return false;
  if (found->kind != Kind::Map) {
    wrong(name, *found, "is " + shown(*found) + ", not a mapping", "write its fields: " + std::string(description));
    return false;
  }
  push(path_of(name), found, found->line);
  return true;
}

std::size_t DocumentReader::enter_list(std::string_view name, std::size_t /*size*/, std::size_t most,
                                       std::string_view /*key*/, std::string_view description) {
  const auto* found = take(name);
  if (found && found->kind != Kind::List) {
    wrong(name, *found, "is " + shown(*found) + ", not a list", "write a list: " + std::string(description));
    found = nullptr;
  }
  if (found && found->items.size() > most) {
    wrong(name, *found, "has " + std::to_string(found->items.size()) + " entries",
          "at most " + std::to_string(most) + " are possible");
    found = nullptr;
  }
  push(path_of(name), found, found ? found->line : 0);
  return found ? found->items.size() : 0;
}

void DocumentReader::enter_item(std::size_t index) {
  const auto& item = frames_.back().value->items[index];
  const std::string path = frames_.back().path + "[" + std::to_string(index) + "]";
  if (item.kind != Kind::Map) wrong(path, item.line, "is " + shown(item) + ", not a mapping", "write its fields");
  push(path, item.kind == Kind::Map ? &item : nullptr, item.line);
}

void DocumentReader::leave() {
  Frame frame = std::move(frames_.back());
  frames_.pop_back();
  if (strict_ && frame.value && frame.value->kind == Kind::Map) check_keys(frame);
}

void DocumentReader::check_keys(const Frame& frame) {
  std::set<std::string_view> seen;
  for (const auto& entry : frame.value->entries) {
    if (errors_.size() >= kMostErrors) return;
    const std::string path = (frame.path.empty() ? "" : frame.path + ".") + entry.key.substr(0, 64);
    if (!seen.insert(entry.key).second) {
      wrong(path, entry.line, "is there twice", "keep one of them");
    } else if (std::find(frame.known.begin(), frame.known.end(), entry.key) == frame.known.end()) {
      auto near = chat::base::nearest(entry.key.substr(0, 64), frame.known);
      std::string fields;
      for (auto known : frame.known) fields += (fields.empty() ? "" : ", ") + std::string(known);
      wrong(path, entry.line, "is not a known field",
            near ? "did you mean " + std::string(*near) + "?" : "the fields here are " + fields);
    }
  }
}

std::string DocumentReader::path_of(std::string_view name) const {
  const std::string& parent = frames_.back().path;
  return parent.empty() ? std::string(name) : parent + "." + std::string(name);
}

const YamlValue* DocumentReader::take(std::string_view name) {
  Frame& frame = frames_.back();
  frame.known.push_back(name);
  const auto* found = frame.value ? frame.value->find(name) : nullptr;
  return found && found->kind != Kind::Null ? found : nullptr;
}

void DocumentReader::push(std::string path, const YamlValue* value, int line) {
  frames_.push_back(Frame{value, std::move(path), {}, line});
}

void DocumentReader::wrong(const std::string& path, int line, std::string problem, std::string remedy) {
  if (errors_.size() < kMostErrors) errors_.push_back({path, line, std::move(problem), std::move(remedy)});
}

void DocumentReader::wrong(std::string_view name, const YamlValue& value, std::string problem, std::string remedy) {
  wrong(path_of(name), value.line, std::move(problem), std::move(remedy));
}

}  // namespace chatop::api
