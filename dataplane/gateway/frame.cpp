#include "dataplane/gateway/frame.hpp"

namespace chat::gateway {
namespace {

constexpr char kWholeText = '\x81';  // RFC 6455, 5.2: the only fragment, of a text
constexpr char kClose = '\x88';
constexpr std::size_t kShort = 125;  // and the most that a control frame may have
constexpr std::size_t kMedium = 0xFFFF;
constexpr char kMediumFollows = 126;
constexpr char kLongFollows = 127;

std::size_t header_bytes(std::size_t length) { return length <= kShort ? 2 : length <= kMedium ? 4 : 10; }

}  // namespace

Frame make_frame(std::string_view text) {
  std::string bytes;
  bytes.reserve(header_bytes(text.size()) + text.size());
  bytes += kWholeText;
  if (text.size() <= kShort) {
    bytes += static_cast<char>(text.size());
  } else {
    const bool medium = text.size() <= kMedium;
    bytes += medium ? kMediumFollows : kLongFollows;
    for (int shift = medium ? 8 : 56; shift >= 0; shift -= 8)
      bytes += static_cast<char>(std::uint64_t{text.size()} >> shift & 0xFFU);
  }
  bytes += text;
  return std::make_shared<const std::string>(std::move(bytes));
}

Frame make_close_frame(std::uint16_t code, std::string_view reason) {
  reason = reason.substr(0, kShort - sizeof(code));
  std::string bytes(1, kClose);
  bytes += static_cast<char>(sizeof(code) + reason.size());
  bytes += static_cast<char>(code >> 8U);
  bytes += static_cast<char>(code & 0xFFU);
  bytes += reason;
  return std::make_shared<const std::string>(std::move(bytes));
}

std::string_view text_of(const Frame& frame) {
  const char length = (*frame)[1];
  return std::string_view(*frame).substr(length == kLongFollows ? 10 : length == kMediumFollows ? 4 : 2);
}

}  // namespace chat::gateway
