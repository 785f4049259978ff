#pragma once
#include <cstdint>
#include <optional>

#include "operator/api/yaml_value.hpp"

namespace chatop::api {

// What a YAML scalar says, read as strictly as the API server does: without quotes, and with no second spelling.
[[nodiscard]] bool plain_boolean(const YamlValue& value);                         // true, false
[[nodiscard]] std::optional<std::int64_t> plain_integer(const YamlValue& value);  // decimal, no leading zeros
// A number or a boolean where a text is wanted: also in the spellings of YAML 1.1, which is what every kubectl reads.
[[nodiscard]] bool reads_as_other_than_text(const YamlValue& value);

}  // namespace chatop::api
