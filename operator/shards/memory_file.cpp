#include "operator/shards/memory_file.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace chatop::shards {

chat::base::Result<MemoryFile> MemoryFile::make(const std::string& text) {
  MemoryFile file(::memfd_create("chatcluster", MFD_CLOEXEC));
  std::size_t written = 0;
  while (file.descriptor_ >= 0 && written < text.size()) {
    const auto size = ::write(file.descriptor_, text.data() + written, text.size() - written);
    if (size <= 0) break;
    written += static_cast<std::size_t>(size);
  }
  if (file.descriptor_ < 0 || written < text.size())
    return chat::base::fail(std::error_code(errno, std::generic_category()), "no file in memory can be made");
  return file;
}

MemoryFile::MemoryFile(MemoryFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

MemoryFile::~MemoryFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string MemoryFile::path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

}  // namespace chatop::shards
