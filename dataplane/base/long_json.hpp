#pragma once
#include <cstddef>
#include <optional>
#include <string_view>

#include "dataplane/base/json.hpp"

namespace chat::base {

// From so many bytes on.
inline constexpr std::size_t kLongJson = 1024;

// What nlohmann's parser would give, by simdjson, which looks at 32 characters of a long text at a time. Only what it
// takes is final: of anything else (malformed, too deep, a number that it can not hold) nothing is said, and the other
// is asked.
[[nodiscard]] std::optional<Json> parse_long_json(std::string_view text, int max_depth);

}  // namespace chat::base
