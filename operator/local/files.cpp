#include "operator/local/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>

#include "operator/local/write_failure.hpp"

namespace chatop::local {
namespace {

constexpr std::size_t kMostBytes = 16 * 1024 * 1024;
constexpr std::streamoff kTailBytes = 8 * 1024;

class Category final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "file"; }
  [[nodiscard]] std::string message(int code) const override {
    return code == static_cast<int>(FileErrc::read) ? "can not be read" : "can not be written";
  }
};

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = ::write(fd, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

}  // namespace

std::error_code make_error_code(FileErrc code) {
  static const Category category;
  return {static_cast<int>(code), category};
}

chat::base::Status write_file(const std::filesystem::path& path, std::string_view text, mode_t mode) {
  const std::string beside = path.string() + ".new";
  const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  bool ok = fd >= 0 && ::fchmod(fd, mode) == 0 && write_all(fd, text) && ::fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (!ok) return chat::base::fail(write_failure(path.string() + " can not be written", error));
  if (::rename(beside.c_str(), path.c_str()) != 0)
    return chat::base::fail(write_failure(path.string() + " can not be replaced", errno));
  return {};
}

chat::base::Result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text;
  std::array<char, 8192> part{};
  while (in && text.size() <= kMostBytes) {
    in.read(part.data(), part.size());
    text.append(part.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (!in.eof() || in.bad()) return chat::base::fail(FileErrc::read, path.string() + " can not be read");
  return text;
}

chat::base::Status flush_file_system(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool flushed = fd >= 0 && ::syncfs(fd) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (flushed) return {};
  return chat::base::fail(write_failure(path.string() + " can not be flushed", error));
}

chat::base::Status make_directory(const std::filesystem::path& path, mode_t mode) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return chat::base::fail(write_failure(path.string() + " can not be made", error.value()));
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && (info.st_mode & 07777) == mode) return {};
  if (::chmod(path.c_str(), mode) != 0)
    return chat::base::fail(write_failure(path.string() + " can not get its permissions", errno));
  return {};
}

std::vector<std::string> last_lines(const std::filesystem::path& path, std::size_t most) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) return {};
  const auto size = static_cast<std::streamoff>(in.tellg());
  in.seekg(std::max<std::streamoff>(0, size - kTailBytes));
  std::vector<std::string> lines;
  std::string line;
  while (std::getline(in, line)) lines.push_back(line);
  if (size > kTailBytes && !lines.empty()) lines.erase(lines.begin());  // cut in its middle
  if (lines.size() > most) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(most));
  return lines;
}

}  // namespace chatop::local
