#include "dataplane/base/long_json.hpp"

#include <simdjson.h>

#include "dataplane/base/json_builder.hpp"

namespace chat::base {
namespace {

namespace dom = simdjson::dom;

// As nlohmann tells a builder of it. Ends at the depth where the builder refuses.
bool tell(const dom::element& element, JsonBuilder& builder) {
  switch (element.type()) {
    case dom::element_type::OBJECT: {
      if (!builder.start_object(0)) return false;
      for (const auto& [name, value] : dom::object(element)) {
        std::string key(name);
        if (!builder.key(key) || !tell(value, builder)) return false;
      }
      return builder.end_object();
    }
    case dom::element_type::ARRAY: {
      if (!builder.start_array(0)) return false;
      for (const auto& item : dom::array(element)) {
        if (!tell(item, builder)) return false;
      }
      return builder.end_array();
    }
    case dom::element_type::STRING: {
      std::string text{std::string_view(element)};
      return builder.string(text);
    }
    case dom::element_type::INT64: {
      const auto number = std::int64_t(element);
      return number < 0 ? builder.number_integer(number) : builder.number_unsigned(static_cast<std::uint64_t>(number));
    }
    case dom::element_type::UINT64:
      return builder.number_unsigned(std::uint64_t(element));
    case dom::element_type::DOUBLE:
      return builder.number_float(double(element), {});
    case dom::element_type::BOOL:
      return builder.boolean(bool(element));
    case dom::element_type::NULL_VALUE:
      return builder.null();
  }
  return false;
}

}  // namespace

std::optional<Json> parse_long_json(std::string_view text, int max_depth) {
  if (text.empty()) return std::nullopt;  // may be no address at all
  dom::parser parser;
  dom::element document;
  if (parser.allocate(text.size(), static_cast<std::size_t>(max_depth) + 1) != simdjson::SUCCESS) return std::nullopt;
  if (parser.parse(text.data(), text.size()).get(document) != simdjson::SUCCESS) return std::nullopt;
  JsonBuilder builder(max_depth);
  if (!tell(document, builder)) return std::nullopt;
  return std::move(builder.root);
}

}  // namespace chat::base
