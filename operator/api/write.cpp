#include "operator/api/write.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>
#include <vector>

#include "operator/api/field_visitor.hpp"
#include "operator/api/quantity.hpp"

namespace chatop::api {
namespace {

// Prints the fields it is walked over.
class JsonWriter final : public FieldVisitor {
 public:
  JsonWriter() { open_.push_back({"", OrderedJson::object()}); }
  [[nodiscard]] OrderedJson take() { return std::move(open_.front().second); }

  void integer(std::string_view name, std::int64_t& value, Range /*range*/, std::string_view /*description*/) override {
    put(name, value);
  }
  void boolean(std::string_view name, bool& value, std::string_view /*description*/) override { put(name, value); }
  void text(std::string_view name, std::string& value, const TextRule& rule, std::string_view /*d*/) override {
    if (!value.empty() || !rule.omit_if_empty) put(name, value);
  }
  void quantity(std::string_view name, Quantity& value, Range /*bytes*/, std::string_view /*description*/) override {
    put(name, api::text(value));
  }
  void texts(std::string_view name, std::vector<std::string>& values, const TextRule& /*rule*/, std::size_t /*most*/,
             std::string_view /*description*/) override {
    put(name, values);
  }
  void text_map(std::string_view name, std::map<std::string, std::string>& values, const MapRule& /*rule*/,
                std::string_view /*description*/) override {
    if (!values.empty()) put(name, values);
  }

 protected:
  void chosen(std::string_view name, std::size_t& index, std::span<const std::string_view> allowed,
              std::string_view /*description*/) override {
    if (index < allowed.size()) put(name, allowed[index]);
  }
  void enter(std::string_view name, std::string_view /*description*/) override {
    open_.emplace_back(name, OrderedJson::object());
  }
  bool enter_optional(std::string_view name, bool present, std::string_view /*description*/) override {
    if (present) open_.emplace_back(name, OrderedJson::object());
    return present;
  }
  std::size_t enter_list(std::string_view name, std::size_t size, std::size_t /*most*/, std::string_view /*key*/,
                         std::string_view /*description*/) override {
    open_.emplace_back(name, OrderedJson::array());
    return size;
  }
  void enter_item(std::size_t /*index*/) override { open_.emplace_back("", OrderedJson::object()); }
  void leave() override {
    auto [name, value] = std::move(open_.back());
    open_.pop_back();
    put(name, std::move(value));
  }

 private:
  void put(std::string_view name, OrderedJson value) {
    auto& parent = open_.back().second;
    if (parent.is_array())
      parent.push_back(std::move(value));
    else
      parent[std::string(name)] = std::move(value);
  }
  std::vector<std::pair<std::string, OrderedJson>> open_;
};

template <class Fields>
OrderedJson written(Fields value) {  // a copy: visitors may change what they see
  JsonWriter writer;
  describe(writer, value);
  return writer.take();
}

template <class Resource>
OrderedJson document(std::string_view kind, const Resource& resource, Part part) {
  OrderedJson result = {{"apiVersion", kApiVersion}, {"kind", kind}};
  result["metadata"] = written(resource.metadata);
  result["spec"] = written(resource.spec);
  if (part == Part::WithStatus) result["status"] = written(resource.status);
  return result;
}

bool plain_in_yaml(const std::string& text) {
  constexpr std::array<std::string_view, 9> kWords{"true", "false", "null", "yes", "no", "on", "off", "y", "n"};
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  if (text.empty() || std::find(kWords.begin(), kWords.end(), lower) != kWords.end()) return false;
  if (text.ends_with('i') && parse_quantity(text)) return true;  // 10Gi, which nothing takes for a number
  if (!std::isalpha(static_cast<unsigned char>(text.front())) || text.back() == ' ') return false;
  if (text.find(": ") != std::string::npos || text.find(" #") != std::string::npos || text.back() == ':') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || std::string_view(" _-./:").find(c) != std::string_view::npos;
  });
}

std::string scalar(const OrderedJson& value) {
  if (value.is_string() && plain_in_yaml(value.get_ref<const std::string&>())) return value.get<std::string>();
  return value.dump(-1, ' ', false,
                    OrderedJson::error_handler_t::replace);  // a JSON string is a double-quoted YAML scalar
}

void emit(std::string& out, const OrderedJson& value, std::size_t indent);

void emit_entry(std::string& out, const std::string& key, const OrderedJson& value, std::size_t indent) {
  out += scalar(key) + ":";
  if (value.is_structured() && !value.empty()) {
    out += "\n";
    emit(out, value, value.is_array() ? indent : indent + 2);
  } else {
    out += " " + scalar(value) + "\n";
  }
}

void emit(std::string& out, const OrderedJson& value, std::size_t indent) {
  const std::string pad(indent, ' ');
  if (value.is_array()) {
    for (const auto& item : value) {
      std::string inner;
      if (item.is_structured() && !item.empty())
        emit(inner, item, indent + 2);
      else
        inner = pad + "  " + scalar(item) + "\n";
      inner.replace(indent, 2, "- ");  // the dash takes the place of the first line's indentation
      out += inner;
    }
    return;
  }
  for (const auto& [key, entry] : value.items()) {
    out += pad;
    emit_entry(out, key, entry, indent);
  }
}

}  // namespace

OrderedJson to_json(const ChatClusterStatus& status) { return written(status); }

OrderedJson to_json(const ChatCluster& cluster, Part part) { return document(kChatClusterKind, cluster, part); }

OrderedJson to_json(const ChatOperation& operation, Part part) { return document(kChatOperationKind, operation, part); }

std::string to_yaml(const ChatCluster& cluster, Part part) { return to_yaml(to_json(cluster, part)); }

std::string json_text(const OrderedJson& value) {
  return value.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

std::string to_yaml(const OrderedJson& value) {
  if (!value.is_structured() || value.empty()) return scalar(value) + "\n";
  std::string out;
  emit(out, value, 0);
  return out;
}

}  // namespace chatop::api
