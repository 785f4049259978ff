#pragma once
#include <filesystem>

#include "dataplane/base/result.hpp"

namespace chatop::local {

// One operator a state directory. Held from take() until the object, or the process, ends: a file lock, so that a
// killed operator leaves nothing behind. The file says who holds it, for messages.
class OperatorLock {
 public:
  // Fails with a sentence that names the holder's pid.
  [[nodiscard]] static chat::base::Result<OperatorLock> take(const std::filesystem::path& directory);
  OperatorLock(OperatorLock&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  OperatorLock& operator=(OperatorLock&&) = delete;
  ~OperatorLock();

 private:
  explicit OperatorLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace chatop::local
