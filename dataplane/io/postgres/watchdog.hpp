#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace chat::io::postgres {

// Ends calls of a blocking client whose server is silent: past its deadline a watched socket is shut down, so that the
// thread which waits on it wakes with "connection closed". libpq offers nothing for that: its socket is non-blocking
// (SO_RCVTIMEO does nothing) and a stopped server's kernel still acknowledges (so does tcp_user_timeout).
// One thread, shared by all connections of a process while there are any. Thread-safe.
class Watchdog {
 public:
  static std::shared_ptr<Watchdog> shared();
  Watchdog();
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // One watched call. The socket must stay open until this is destroyed.
  class Watch {
   public:
    Watch(Watchdog& watchdog, int fd, std::chrono::steady_clock::time_point deadline);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    [[nodiscard]] bool fired() const;  // the socket was shut down

   private:
    Watchdog& watchdog_;
    std::uint64_t number_;
  };

 private:
  struct Entry {
    int fd;
    std::chrono::steady_clock::time_point deadline;
    bool fired = false;
  };
  void run();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint64_t, Entry> entries_;
  std::uint64_t next_ = 0;
  bool ending_ = false;
  std::chrono::steady_clock::time_point sleeps_until_ = std::chrono::steady_clock::time_point::max();
  std::thread thread_;
};

}  // namespace chat::io::postgres
