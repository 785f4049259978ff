#pragma once
#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <filesystem>

namespace chatop::cli {

// Waits for what a verb can wait for: a change in a folder, the end of a process, Ctrl-C. With Signals::Take, SIGINT
// and SIGTERM are read here instead of ending the program, from the construction to the destruction. One thread.
class Waiter {
 public:
  enum class Changes { FilesReplaced, FilesWritten };  // renamed into place or removed; appended to
  enum class Signals { Leave, Take };
  Waiter(const std::filesystem::path& folder, Changes changes, Signals signals);
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter();

  // The process whose end wakes, in place of the one before.
  void follow(pid_t process);

  struct Woken {
    bool process_ended = false;
    bool interrupted = false;  // neither: something changed, or the time is over
  };
  // Several changes are one. Returns after `most` at the latest.
  Woken wait(std::chrono::milliseconds most);

 private:
  int inotify_ = -1;
  int process_ = -1;
  int signals_ = -1;
  sigset_t before_{};
};

}  // namespace chatop::cli
