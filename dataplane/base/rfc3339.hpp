#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace chat::base {

// Milliseconds since 1970 of 2026-01-02T03:04:05Z, with 3, 6 or 9 digits of a fraction or none; nullopt for anything
// else. The other way: rfc3339() in clock.hpp.
[[nodiscard]] std::optional<std::int64_t> parse_rfc3339(std::string_view text);

}  // namespace chat::base
