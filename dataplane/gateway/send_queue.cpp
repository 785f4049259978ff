#include "dataplane/gateway/send_queue.hpp"

#include <algorithm>

namespace chat::gateway {

std::size_t SendQueue::gather(std::span<iovec> pieces) const {
  const auto count = std::min(pieces.size(), size());
  auto offset = offset_;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& bytes = *frames_[first_ + i];
    // iovec is for reading too, so it wants a pointer to what is not const; writing only looks.
    pieces[i] = {const_cast<char*>(bytes.data()) + offset, bytes.size() - offset};
    offset = 0;
  }
  return count;
}

void SendQueue::written(std::size_t bytes) {
  bytes_ -= bytes;
  bytes += offset_;
  while (first_ < frames_.size() && bytes >= frames_[first_]->size()) {
    bytes -= frames_[first_]->size();
    frames_[first_++].reset();
  }
  offset_ = bytes;
  if (first_ == frames_.size()) {
    clear();
  } else if (first_ >= kFrames) {  // never empty for long: give back what was written
    frames_.erase(frames_.begin(), frames_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

void SendQueue::drop_waiting() {
  if (offset_ == 0) return clear();
  frames_.resize(first_ + 1);
  bytes_ = frames_.back()->size() - offset_;
}

}  // namespace chat::gateway
