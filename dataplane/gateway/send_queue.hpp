#pragma once
#include <cstddef>
#include <vector>

#include "dataplane/gateway/client.hpp"

namespace chat::gateway {

// Frames that wait to be written to one connection, bounded in number and bytes (I7): past that the reader is too slow.
// Empty it holds no memory, since almost all connections are idle almost always.
class SendQueue {
 public:
  static constexpr std::size_t kFrames = 1024;
  static constexpr std::size_t kBytes = 4 * 1024 * 1024;

  // False where it does not fit; one frame always fits into an empty queue.
  [[nodiscard]] bool push(const Frame& frame) {
    if (!empty() && (size() >= kFrames || bytes_ + frame->size() > kBytes)) return false;
    bytes_ += frame->size();
    frames_.push_back(frame);
    return true;
  }
  [[nodiscard]] const Frame& front() const { return frames_[first_]; }
  void pop() {
    bytes_ -= frames_[first_]->size();
    frames_[first_].reset();
    if (++first_ == frames_.size()) {
      clear();
    } else if (first_ >= kFrames) {  // never empty for long: give back what was written
      frames_.erase(frames_.begin(), frames_.begin() + static_cast<std::ptrdiff_t>(first_));
      first_ = 0;
    }
  }
  void clear() {
    std::vector<Frame>().swap(frames_);
    first_ = 0;
    bytes_ = 0;
  }
  [[nodiscard]] bool empty() const { return frames_.empty(); }
  [[nodiscard]] std::size_t size() const { return frames_.size() - first_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  // So full that whoever produces many frames waits before producing more.
  [[nodiscard]] bool crowded() const { return size() >= kFrames / 4 || bytes_ >= kBytes / 4; }
  // So full that its client is not heard before it has read: its own flood slows it down and does not end it. Above
  // crowded(), so that a client in a long sync is heard.
  [[nodiscard]] bool half_full() const { return size() >= kFrames / 2 || bytes_ >= kBytes / 2; }

 private:
  std::vector<Frame> frames_;
  std::size_t first_ = 0;  // those before were written
  std::size_t bytes_ = 0;
};

}  // namespace chat::gateway
