#include "operator/local/operator_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "operator/local/files.hpp"

namespace chatop::local {
namespace {

std::string holder(int fd) {
  std::array<char, 256> text{};
  const ssize_t size = ::pread(fd, text.data(), text.size(), 0);
  if (size <= 0) return "another process";
  auto json = nlohmann::json::parse(text.data(), text.data() + size, nullptr, false);
  if (!json.is_object() || !json.contains("pid")) return "another process";
  return "the operator with pid " + json["pid"].dump();
}

}  // namespace

chat::base::Result<OperatorLock> OperatorLock::take(const std::filesystem::path& directory) {
  const auto path = directory / "operator.lock";
  // Close-on-exec, or the children would keep it.
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) {
    const auto why = std::generic_category().message(errno);
    return chat::base::fail(FileErrc::write, path.string() + " can not be opened: " + why);
  }
  OperatorLock lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0)
    return chat::base::fail(FileErrc::write, directory.string() + " is looked after by " + holder(fd) +
                                                 " already: one operator a directory; end that one first, or choose "
                                                 "another directory");
  const std::string text = nlohmann::json{{"pid", ::getpid()}}.dump() + "\n";
  const auto size = static_cast<ssize_t>(text.size());
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, text.data(), text.size(), 0) != size)
    return chat::base::fail(FileErrc::write, path.string() + " can not be written");
  return lock;
}

OperatorLock::~OperatorLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace chatop::local
