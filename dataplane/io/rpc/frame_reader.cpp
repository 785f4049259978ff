#include "dataplane/io/rpc/frame_reader.hpp"

#include <algorithm>
#include <boost/endian/conversion.hpp>
#include <cstring>

#include "dataplane/io/rpc/channel.hpp"

namespace chat::io::rpc {
namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kCallBytes = 8;
constexpr std::size_t kFirstBuffer = 16 * 1024;
constexpr std::size_t kKeptCapacity = 256 * 1024;  // of the buffer between bursts

template <class Int>
Int load_big(const char* from) {
  Int value;
  std::memcpy(&value, from, sizeof value);
  return boost::endian::big_to_native(value);
}

}  // namespace

std::span<char> FrameReader::space() {
  // Grows as bytes arrive, not by what a length promises.
  if (read_.size() - filled_ < kFirstBuffer / 2) read_.resize(std::max(kFirstBuffer, read_.size() * 2));
  return {read_.data() + filled_, read_.size() - filled_};
}

std::string FrameReader::take(std::size_t got, const OnFrame& on_frame) {
  filled_ += got;
  std::size_t at = 0;
  bool go_on = true;
  while (go_on && filled_ - at >= kLengthBytes) {
    std::size_t length = load_big<std::uint32_t>(read_.data() + at);
    if (length < kCallBytes || length > kMaxFrameBytes) return "a frame of " + std::to_string(length) + " bytes";
    if (filled_ - at < kLengthBytes + length) break;
    const char* body = read_.data() + at + kLengthBytes;
    at += kLengthBytes + length;
    go_on = on_frame(load_big<std::uint64_t>(body), std::string_view(body + kCallBytes, length - kCallBytes));
  }
  filled_ -= at;
  std::memmove(read_.data(), read_.data() + at, filled_);
  if (filled_ == 0 && read_.size() > kKeptCapacity) {
    read_.clear();
    read_.shrink_to_fit();
  }
  return {};
}

}  // namespace chat::io::rpc
