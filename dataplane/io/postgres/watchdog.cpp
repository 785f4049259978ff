#include "dataplane/io/postgres/watchdog.hpp"

#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <csignal>

namespace chat::io::postgres {

using std::chrono::steady_clock;

std::shared_ptr<Watchdog> Watchdog::shared() {
  // The one piece of process-wide state here: a thread for each connection would be the alternative.
  static std::mutex mutex;
  static std::weak_ptr<Watchdog> one;
  std::lock_guard lock(mutex);
  auto present = one.lock();
  if (!present) {
    present = std::make_shared<Watchdog>();
    one = present;
  }
  return present;
}

Watchdog::Watchdog() {
  // Signals are for the program's own threads.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Watchdog::~Watchdog() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Watchdog::run() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    auto now = steady_clock::now();
    sleeps_until_ = steady_clock::time_point::max();
    for (auto& [number, entry] : entries_) {
      if (entry.fired) continue;
      if (entry.deadline <= now) {
        entry.fired = true;
        ::shutdown(entry.fd, SHUT_RDWR);
      } else {
        sleeps_until_ = std::min(sleeps_until_, entry.deadline);
      }
    }
    if (sleeps_until_ == steady_clock::time_point::max()) {
      changed_.wait(lock);
    } else {
      changed_.wait_until(lock, sleeps_until_);
    }
  }
}

Watchdog::Watch::Watch(Watchdog& watchdog, int fd, steady_clock::time_point deadline) : watchdog_(watchdog) {
  bool sooner = false;
  {
    std::lock_guard lock(watchdog_.mutex_);
    number_ = watchdog_.next_++;
    watchdog_.entries_.emplace(number_, Entry{fd, deadline});
    sooner = deadline < watchdog_.sleeps_until_;
    // Later watches need not wake the thread again for a deadline that it is about to look at.
    if (sooner) watchdog_.sleeps_until_ = deadline;
  }
  if (sooner) watchdog_.changed_.notify_one();
}

Watchdog::Watch::~Watch() {
  std::lock_guard lock(watchdog_.mutex_);
  watchdog_.entries_.erase(number_);
}

bool Watchdog::Watch::fired() const {
  std::lock_guard lock(watchdog_.mutex_);
  auto found = watchdog_.entries_.find(number_);
  return found != watchdog_.entries_.end() && found->second.fired;
}

}  // namespace chat::io::postgres
