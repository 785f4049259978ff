#pragma once
#include <cstdint>

namespace chat::testing {

// A TCP port of 127.0.0.1 that was free a moment ago. Another process can take it first: start, and try again.
[[nodiscard]] std::uint16_t free_port();

}  // namespace chat::testing
