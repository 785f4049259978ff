#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "dataplane/base/result.hpp"

namespace chat::base {

using Json = nlohmann::json;

enum class JsonErrc { malformed = 1, too_deep };
std::error_code make_error_code(JsonErrc code);

// Strict: valid UTF-8, no lone surrogates, no trailing bytes, at most `max_depth` levels (checked while parsing, so a
// hostile document costs neither stack nor memory), duplicate keys refused. Numbers too large for 64 bits become
// doubles, as nlohmann does: whole_number() refuses those.
[[nodiscard]] Result<Json> parse_json(std::string_view text, int max_depth = 16);

// A whole number 0…2⁶³−1, or nullopt (floats, negatives, strings, too large).
[[nodiscard]] std::optional<std::int64_t> whole_number(const Json& value);

}  // namespace chat::base

template <>
struct std::is_error_code_enum<chat::base::JsonErrc> : std::true_type {};
