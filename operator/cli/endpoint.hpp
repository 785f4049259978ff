#pragma once
#include <chrono>
#include <string_view>

namespace chatop::cli {

// Whether something accepts connections at the address of http://127.0.0.1:8080/…: a status may be older than the last
// restart of the machine.
[[nodiscard]] bool accepts_connections(std::string_view url, std::chrono::milliseconds timeout);

}  // namespace chatop::cli
