#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chatop::cli {

// Milliseconds since 1970 of 2026-01-02T03:04:05[.678]Z; nullopt for anything else.
[[nodiscard]] std::optional<std::int64_t> parse_rfc3339(std::string_view text);

// 42s, 5m, 3h12m, 4d2h: the two largest units. Never negative.
[[nodiscard]] std::string duration(std::int64_t milliseconds);

// How long ago; "unknown" where `timestamp` is none.
[[nodiscard]] std::string age(std::string_view timestamp, std::int64_t now_milliseconds);

}  // namespace chatop::cli
