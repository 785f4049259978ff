#pragma once
#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace chat::testing {

struct ChildOptions {
  std::vector<std::string> arguments;              // the first is the program, looked up in PATH
  std::map<std::string, std::string> environment;  // added to this process's
  std::filesystem::path log_file;                  // its output is appended there; empty: /dev/null
  std::filesystem::path directory;                 // empty: this process's
  std::string user;                                // to run as, when this process is root; empty: no change
};

// A process that dies with the thread that started it at the latest: start it from the test's own thread.
class ChildProcess {
 public:
  explicit ChildProcess(const ChildOptions& options);
  ~ChildProcess();  // kill -9
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const;
  // Its exit code, 128 + the signal's number where one ended it, or nullopt when it still runs after `within`.
  std::optional<int> wait(std::chrono::milliseconds within);
  [[nodiscard]] bool running();

 private:
  bool collect();
  pid_t pid_;
  std::optional<int> ended_;
};

// The processes whose parent is `pid`.
[[nodiscard]] std::vector<pid_t> children_of(pid_t pid);

}  // namespace chat::testing
