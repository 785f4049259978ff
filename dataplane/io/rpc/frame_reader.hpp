#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace chat::io::rpc {

// Cuts a stream of bytes into frames. Pure: who reads the socket puts the bytes into space(). Bounded by
// kMaxFrameBytes.
class FrameReader {
 public:
  // False: take no more, the connection was closed. The payload view lives through the call only.
  using OnFrame = std::function<bool(std::uint64_t call, std::string_view payload)>;

  [[nodiscard]] std::span<char> space();
  // `got` bytes were put into space(). Empty, or why the stream can not be read any further.
  [[nodiscard]] std::string take(std::size_t got, const OnFrame& on_frame);

 private:
  std::string read_;
  std::size_t filled_ = 0;  // bytes of read_ that were received and not taken yet
};

}  // namespace chat::io::rpc
