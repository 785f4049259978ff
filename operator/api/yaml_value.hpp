#pragma once
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "operator/api/parse.hpp"

namespace chatop::api {

// A YAML value with its place, as read: keys that stand there twice are still there twice.
struct YamlValue {
  struct Entry;
  enum class Kind { Null, Scalar, Map, List };
  Kind kind = Kind::Null;
  std::string text;              // of a scalar
  bool quoted = false;           // of a scalar: in quotes, a block, or tagged as text
  int line = 0;                  // from 1
  std::vector<Entry> entries;    // of a map
  std::vector<YamlValue> items;  // of a list

  // The first entry of that key, nullptr where there is none or this is no map.
  [[nodiscard]] const YamlValue* find(std::string_view key) const;
};
struct YamlValue::Entry {
  std::string key;
  int line = 0;
  YamlValue value;
};

// "a list", "\"two\"", "nothing": for sentences.
[[nodiscard]] std::string shown(const YamlValue& value);

// The line of `path` (spec.shards.external[0].name), or of its nearest parent that is there.
[[nodiscard]] int line_of(const YamlValue& root, std::string_view path);

// All documents of a stream that are not empty. Bounds: 1 MiB, 32 levels, 100,000 values with aliases written out.
[[nodiscard]] tl::expected<std::vector<YamlValue>, FieldError> load_yaml(std::string_view text);

}  // namespace chatop::api
