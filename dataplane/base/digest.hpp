#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace chat::base {

// Byte strings in, byte strings out; OpenSSL does the work.
[[nodiscard]] std::string sha256(std::string_view bytes);  // 32 bytes
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view bytes);
[[nodiscard]] std::string hex(std::string_view bytes);        // lower case
[[nodiscard]] std::string base64(std::string_view bytes);     // padded
[[nodiscard]] std::string base64url(std::string_view bytes);  // without padding
// Strict: exactly what base64url() writes, or nullopt.
[[nodiscard]] std::optional<std::string> parse_base64url(std::string_view text);
// With or without padding; line breaks and spaces are passed over.
[[nodiscard]] std::optional<std::string> parse_base64(std::string_view text);
// The time taken tells the lengths only.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b);
[[nodiscard]] std::string random_bytes(std::size_t count);  // from the system's generator; ends the process without one

}  // namespace chat::base
