#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/base/clock.hpp"
#include "dataplane/base/log.hpp"
#include "dataplane/base/task.hpp"
#include "operator/local/launch.hpp"
#include "operator/local/layout.hpp"

namespace chatop::local {

// What the supervisor knows of one process, alive or not.
struct Supervised {
  std::string name;
  bool running = false;
  bool stopping = false;
  std::int64_t pid = 0;
  std::string config_hash;
  std::int64_t started_ms = 0;
  std::int64_t restarts = 0;
  unsigned failures = 0;
  std::int64_t ended_ms = 0;
  std::string how_it_ended;
};

// The child processes of one ChatCluster. It starts, watches (pidfd) and stops; whether something should run is not its
// business. Processes outlive it: the next supervisor adopts them by their identity files. One thread.
class Supervisor {
 public:
  // `launcher`: a program whose `launch` subcommand is become(). `changed`: a process started or ended.
  Supervisor(boost::asio::any_io_executor executor, const chat::base::Log& log, ClusterLayout layout,
             std::string launcher, std::function<void()> changed);
  ~Supervisor();

  // Takes on what runs already. A file whose process is gone, or whose pid now belongs to another, adopts nothing.
  void adopt_all();
  // Starts it unless it runs. `launch.name` is also the identity file's name.
  [[nodiscard]] chat::base::Status start(Launch launch);
  struct Signal {
    int number;
    std::chrono::milliseconds patience;  // how long to wait for the end before the next signal
  };
  // The signals one after the other until it is gone; SIGKILL at last. Fails only when even that does not help. Without
  // any signal it is killed at once, which counts as an end of its own: it hung.
  [[nodiscard]] chat::base::Task<chat::base::Status> stop(std::string name, std::vector<Signal> signals);

  [[nodiscard]] const Supervised* find(const std::string& name) const;
  [[nodiscard]] std::vector<Supervised> all() const;

 private:
  struct Process;
  bool adopt(const std::string& name);
  void watch(const std::shared_ptr<Process>& process);
  void ended(const std::shared_ptr<Process>& process, const std::string& how, bool lock_was_held);

  boost::asio::any_io_executor executor_;
  const chat::base::Log& log_;
  ClusterLayout layout_;
  std::string launcher_;
  std::function<void()> changed_;
  chat::base::SystemClock clock_;
  std::map<std::string, std::shared_ptr<Process>> processes_;   // shared with waits on their pidfds
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // waits that come back after our end see false
};

}  // namespace chatop::local
