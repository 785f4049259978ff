#pragma once
#include <string>

#include "dataplane/base/result.hpp"

namespace chatop::shards {

// A text as a file of this process's memory, for libraries that read files only: on no disk, gone with the object.
class MemoryFile {
 public:
  [[nodiscard]] static chat::base::Result<MemoryFile> make(const std::string& text);
  MemoryFile(MemoryFile&& other) noexcept;
  MemoryFile& operator=(MemoryFile&&) = delete;
  ~MemoryFile();
  [[nodiscard]] std::string path() const;  // for this process alone

 private:
  explicit MemoryFile(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace chatop::shards
