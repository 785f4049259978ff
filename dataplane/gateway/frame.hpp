#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace chat::gateway {

// One outgoing frame in its form on the wire: a WebSocket header, then the text. A server's frames are not masked, so
// the bytes are the same for everyone who gets them: they are made once and shared, and a recipient costs a queue slot,
// never a copy.
using Frame = std::shared_ptr<const std::string>;

[[nodiscard]] Frame make_frame(std::string_view text);
// RFC 6455, 5.5.1; `reason` is UTF-8 and cut at 123 bytes.
[[nodiscard]] Frame make_close_frame(std::uint16_t code, std::string_view reason);
[[nodiscard]] std::string_view text_of(const Frame& frame);

}  // namespace chat::gateway
