#include "operator/local/site_watch.hpp"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <utility>

#include "operator/local/pidfd.hpp"

namespace chatop::local {
namespace {

// Reads what is there, so that the next poll waits for what comes.
void empty(int fd) {
  std::array<char, 4096> part{};
  while (::read(fd, part.data(), part.size()) > 0) {
  }
}

}  // namespace

SiteWatch::SiteWatch(const std::filesystem::path& folder, Changes changes, ports::Site::Signals signals,
                     OperatorPid operator_pid)
    : operator_pid_(std::move(operator_pid)), inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  const std::uint32_t events =
      changes == Changes::files_replaced ? IN_MOVED_TO | IN_DELETE : IN_MODIFY | IN_CREATE | IN_MOVED_TO;
  ::inotify_add_watch(inotify_, folder.c_str(), events);
  if (signals == ports::Site::Signals::leave) return;
  sigset_t taken;
  sigemptyset(&taken);
  sigaddset(&taken, SIGINT);
  sigaddset(&taken, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &taken, &before_);
  signals_ = ::signalfd(-1, &taken, SFD_NONBLOCK | SFD_CLOEXEC);
}

SiteWatch::~SiteWatch() {
  for (int fd : {inotify_, process_, signals_})
    if (fd >= 0) ::close(fd);
  if (signals_ >= 0) pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void SiteWatch::follow_operator() {
  if (process_ >= 0) ::close(std::exchange(process_, -1));
  if (auto pid = operator_pid_ ? operator_pid_() : std::nullopt) process_ = ::pidfd_open(*pid, 0);
}

ports::Watch::Woken SiteWatch::wait(std::chrono::milliseconds most) {
  // poll() passes over descriptors below 0.
  std::array<pollfd, 3> waited{{{inotify_, POLLIN, 0}, {process_, POLLIN, 0}, {signals_, POLLIN, 0}}};
  ::poll(waited.data(), waited.size(), static_cast<int>(most.count()));
  if (waited[0].revents != 0) empty(inotify_);
  if (waited[2].revents != 0) empty(signals_);
  Woken woken;
  woken.interrupted = waited[2].revents != 0;
  woken.operator_ended = waited[1].revents != 0;
  if (woken.operator_ended) ::close(std::exchange(process_, -1));  // said once
  return woken;
}

}  // namespace chatop::local
