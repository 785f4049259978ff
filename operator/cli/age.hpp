#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace chatop::cli {

// 42s, 5m, 3h12m, 4d2h: the two largest units. Never negative.
[[nodiscard]] std::string duration(std::int64_t milliseconds);

// How long ago; "unknown" where `timestamp` is none.
[[nodiscard]] std::string age(std::string_view timestamp, std::int64_t now_milliseconds);

}  // namespace chatop::cli
