#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "tests/fuzz/check.hpp"

// The client's side of a WebSocket, by RFC 6455, 5.2, and without Beast: it is what is judged.
namespace chat::fuzz {

constexpr unsigned kFin = 0x80;
constexpr unsigned kMasked = 0x80;
constexpr unsigned kText = 1;
constexpr unsigned kClose = 8;
constexpr unsigned kPing = 9;
constexpr unsigned kPong = 10;
constexpr std::size_t kMostInControl = 125;
constexpr unsigned kTwoBytes = 126;
constexpr unsigned kEightBytes = 127;

// `first`: FIN, RSV and the opcode, whatever they are.
inline std::string client_frame(unsigned first, std::string_view payload) {
  constexpr std::array<unsigned char, 4> kMask = {0x5a, 0x00, 0x33, 0xff};
  std::string frame(1, static_cast<char>(first));
  const std::uint64_t size = payload.size();
  const auto big_endian = [&](int bytes) {
    for (int i = bytes - 1; i >= 0; --i) frame += static_cast<char>(size >> (8 * i) & 0xFFU);
  };
  if (size <= kMostInControl) {
    frame += static_cast<char>(kMasked | static_cast<unsigned>(size));
  } else if (size <= UINT16_MAX) {
    frame += static_cast<char>(kMasked | kTwoBytes);
    big_endian(2);
  } else {
    frame += static_cast<char>(kMasked | kEightBytes);
    big_endian(8);
  }
  for (auto byte : kMask) frame += static_cast<char>(byte);
  for (std::size_t i = 0; i < payload.size(); ++i)
    frame += static_cast<char>(static_cast<unsigned char>(payload[i]) ^ kMask[i % kMask.size()]);
  return frame;
}

// What a server says after its answer to the upgrade: whole, unmasked, in the shortest form, nothing after its close.
class ServerFrames {
 public:
  using OnText = std::function<void(std::string_view)>;
  explicit ServerFrames(OnText on_text) : on_text_(std::move(on_text)) {}

  void take(std::string_view bytes) {
    bytes_ += bytes;
    if (!upgraded_) {
      const auto end = bytes_.find("\r\n\r\n");
      if (end == std::string::npos) return;
      FUZZ_CHECK(bytes_.starts_with("HTTP/1.1 101 "));
      upgraded_ = true;
      bytes_.erase(0, end + 4);
    }
    while (frame()) {
    }
  }

 private:
  [[nodiscard]] unsigned at(std::size_t i) const { return static_cast<unsigned char>(bytes_[i]); }
  bool frame() {
    if (bytes_.size() < 2) return false;
    const auto opcode = at(0) & 0x0FU;
    FUZZ_CHECK((at(0) & 0xF0U) == kFin);
    FUZZ_CHECK((at(1) & kMasked) == 0);
    FUZZ_CHECK(!closed_);
    std::size_t header = 2;
    std::uint64_t size = at(1);
    const auto more = size == kTwoBytes ? 2U : size == kEightBytes ? 8U : 0U;
    if (more > 0) {
      header += more;
      if (bytes_.size() < header) return false;
      size = 0;
      for (std::size_t i = 2; i < header; ++i) size = size << 8U | at(i);
      FUZZ_CHECK(size > (more == 2 ? kMostInControl : UINT16_MAX));
    }
    if (bytes_.size() - header < size) return false;
    const auto payload = std::string_view(bytes_).substr(header, size);
    if (opcode == kText) {
      on_text_(payload);
    } else {
      FUZZ_CHECK(opcode == kClose || opcode == kPing || opcode == kPong);
      FUZZ_CHECK(size <= kMostInControl);
      closed_ = opcode == kClose;
    }
    bytes_.erase(0, header + size);
    return true;
  }

  OnText on_text_;
  std::string bytes_;
  bool upgraded_ = false;
  bool closed_ = false;
};

}  // namespace chat::fuzz
