#include "dataplane/gateway/inbound_kinds.hpp"

#include <algorithm>

namespace chat::gateway {
namespace {

// RFC 6455, 5.2.
constexpr unsigned kOpcode = 0x0F;
constexpr unsigned kText = 1;
constexpr unsigned kBinary = 2;
constexpr unsigned kMasked = 0x80;
constexpr unsigned kMaskBytes = 4;

}  // namespace

void InboundKinds::take(char* bytes, std::size_t size) {
  for (std::size_t i = 0; i < size;) {
    if (payload_ > 0) {
      const auto skipped = std::min<std::uint64_t>(payload_, size - i);
      payload_ -= skipped;
      i += skipped;
    } else {
      take_header(bytes[i++]);
    }
  }
}

void InboundKinds::take_header(char& byte) {
  const auto value = static_cast<std::uint8_t>(byte);
  const auto at = at_++;
  if (at == 0) {
    const auto opcode = value & kOpcode;
    if (opcode == kText || opcode == kBinary) ++begun_;
    if (opcode == kText) byte = static_cast<char>((value & ~kOpcode) | kBinary);
    if (opcode == kBinary) first_binary_ = std::min(first_binary_, begun_);
  } else if (at == 1) {
    const unsigned length = value & ~kMasked;
    extended_ = length == 126 ? 2 : length == 127 ? 8 : 0;
    length_ = extended_ > 0 ? 0 : length;
    header_ = static_cast<std::uint8_t>(2U + extended_ + ((value & kMasked) != 0 ? kMaskBytes : 0U));
  } else if (at < 2 + extended_) {
    length_ = length_ << 8U | value;
  }
  if (at == 0 || at_ < header_) return;
  at_ = 0;
  payload_ = length_;
}

}  // namespace chat::gateway
