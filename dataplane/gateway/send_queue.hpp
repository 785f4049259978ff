#pragma once
#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <vector>

#include "dataplane/gateway/frame.hpp"

namespace chat::gateway {

// What waits to be written to one connection, bounded in number and bytes (I7): past that the reader is too slow.
// Empty it holds next to no memory, since almost all connections are idle almost always.
class SendQueue {
 public:
  static constexpr std::size_t kFrames = 1024;
  static constexpr std::size_t kBytes = 4 * 1024 * 1024;

  // False where it does not fit; one frame always fits into an empty queue.
  [[nodiscard]] bool push(const Frame& frame) {
    if (!empty() && (size() >= kFrames || bytes_ + frame->size() > kBytes)) return false;
    push_always(frame);
    return true;
  }
  // Of the few that the protocol itself needs, such as the close frame.
  void push_always(const Frame& frame) {
    if (frames_.capacity() == 0) frames_.reserve(kKept);
    bytes_ += frame->size();
    frames_.push_back(frame);
  }

  // What is to be written next, in order: as many pieces as `pieces` has room for. Answers how many there are.
  [[nodiscard]] std::size_t gather(std::span<iovec> pieces) const;
  // So many bytes of what gather() gave were written; the last frame among them perhaps in part.
  void written(std::size_t bytes);
  // Forgets what waits; a frame that was written in part stays, since the peer has its beginning.
  void drop_waiting();
  void clear() {
    if (frames_.capacity() > kKept) {
      std::vector<Frame>().swap(frames_);
    } else {
      frames_.clear();
    }
    first_ = 0;
    offset_ = 0;
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
  static constexpr std::size_t kKept =
      2;  // places that stay: most often there are no more in one turn of the event loop

  std::vector<Frame> frames_;
  std::size_t first_ = 0;   // those before were written
  std::size_t offset_ = 0;  // so much of the first was written
  std::size_t bytes_ = 0;   // not written yet
};

}  // namespace chat::gateway
