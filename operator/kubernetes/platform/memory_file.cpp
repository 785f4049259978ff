#include "operator/kubernetes/platform/memory_file.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace chatop::kubernetes {

MemoryFile::MemoryFile(const std::string& text) : fd_(::memfd_create("chat-operator", MFD_CLOEXEC)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "memfd_create");
  for (std::size_t written = 0; written < text.size();) {
    const auto count = ::write(fd_, text.data() + written, text.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      const int error = errno;
      ::close(fd_);
      throw std::system_error(error, std::generic_category(), "write");
    }
    written += static_cast<std::size_t>(count);
  }
}

MemoryFile::~MemoryFile() { ::close(fd_); }

std::string MemoryFile::path() const { return "/proc/self/fd/" + std::to_string(fd_); }

}  // namespace chatop::kubernetes
