#include "dataplane/gateway/frame.hpp"

#include <cstdint>

namespace chat::gateway {
namespace {

constexpr char kWholeText = '\x81';  // RFC 6455, 5.2: the only fragment, of a text
constexpr std::size_t kShort = 125;
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

std::string_view text_of(const Frame& frame) {
  const char length = (*frame)[1];
  return std::string_view(*frame).substr(length == kLongFollows ? 10 : length == kMediumFollows ? 4 : 2);
}

}  // namespace chat::gateway
