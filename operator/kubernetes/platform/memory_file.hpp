#pragma once
#include <string>

namespace chatop::kubernetes {

// A text that libraries want to read from a file, where there is no file system to write to. Gone with the object.
class MemoryFile {
 public:
  // Throws std::system_error.
  explicit MemoryFile(const std::string& text);
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile();
  [[nodiscard]] std::string path() const;  // can be opened by this process only

 private:
  int fd_;
};

}  // namespace chatop::kubernetes
