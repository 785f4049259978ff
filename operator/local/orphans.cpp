#include "operator/local/orphans.hpp"

#include <poll.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <string>

#include "operator/local/pidfd.hpp"
#include "operator/ports/platform.hpp"

namespace chatop::local {
namespace {

namespace fs = std::filesystem;

bool works_in(const fs::path& process, const fs::path& data) {
  std::error_code error;
  return fs::read_symlink(process / "cwd", error) == data && !error;
}

// True when it is gone.
bool end(pid_t pid, const fs::path& process, const fs::path& data, int patience_ms) {
  const int fd = ::pidfd_open(pid, 0);
  if (fd < 0) return true;
  bool gone = true;
  if (works_in(process, data)) {  // asked again: now the pidfd is sure to mean that process
    ::pidfd_send_signal(fd, SIGKILL, nullptr, 0);
    pollfd ready{fd, POLLIN, 0};
    gone = ::poll(&ready, 1, patience_ms) > 0;
  }
  ::close(fd);
  return gone;
}

}  // namespace

chat::base::Status end_orphans(const fs::path& data, std::chrono::milliseconds patience) {
  std::error_code error;
  const auto real = fs::canonical(data, error);
  bool all_gone = true;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename().string();
    pid_t pid = 0;
    auto [last, failed] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (failed != std::errc() || last != name.data() + name.size() || pid == ::getpid()) continue;
    if (works_in(entry.path(), real))
      all_gone = end(pid, entry.path(), real, static_cast<int>(patience.count())) && all_gone;
  }
  if (all_gone) return {};
  return chat::base::fail(ports::PlatformErrc::later,
                          "processes of an earlier PostgreSQL still work in " + data.string());
}

}  // namespace chatop::local
