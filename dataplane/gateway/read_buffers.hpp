#pragma once
#include <boost/beast/core/flat_buffer.hpp>
#include <memory>
#include <utility>
#include <vector>

namespace chat::gateway {

// Buffers for the messages that are being read, lent to connections while a message is on its way: an idle one holds
// none. One thread.
class ReadBuffers {
 public:
  using Buffer = std::unique_ptr<boost::beast::flat_buffer>;

  [[nodiscard]] Buffer borrow() {
    if (spare_.empty()) return std::make_unique<boost::beast::flat_buffer>();
    auto buffer = std::move(spare_.back());
    spare_.pop_back();
    return buffer;
  }
  void give_back(Buffer buffer) {
    if (spare_.size() >= kSpare || buffer->capacity() > kKeptBytes) return;
    buffer->clear();
    spare_.push_back(std::move(buffer));
  }

 private:
  static constexpr std::size_t kSpare = 64;
  static constexpr std::size_t kKeptBytes = 16 * 1024;
  std::vector<Buffer> spare_;
};

}  // namespace chat::gateway
