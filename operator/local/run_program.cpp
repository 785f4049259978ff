#include "operator/local/run_program.hpp"

#include <poll.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "operator/local/files.hpp"
#include "operator/local/pidfd.hpp"
#include "operator/local/write_failure.hpp"
#include "operator/ports/platform.hpp"

namespace chatop::local {

chat::base::Status run_program(const std::string& launcher, const Launch& launch, std::chrono::milliseconds deadline) {
  const pid_t pid = spawn(launcher, launch);
  if (pid < 0)
    return chat::base::fail(ports::PlatformErrc::later,
                            launch.name + " can not be started: " + std::generic_category().message(errno));
  const int fd = ::pidfd_open(pid, 0);
  pollfd ready{fd, POLLIN, 0};
  const auto until = std::chrono::steady_clock::now() + deadline;
  int polled = 0;
  do {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    polled = ::poll(&ready, 1, std::max(0, static_cast<int>(left.count())));
  } while (polled < 0 && errno == EINTR);
  if (polled <= 0) ::kill(pid, SIGKILL);
  if (fd >= 0) ::close(fd);
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (polled > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  std::string message = launch.name + (polled > 0 ? " failed" : " did not end in time");
  for (const auto& line : last_lines(launch.log, 3)) message += ": " + line;
  return chat::base::fail(program_failure(std::move(message)));
}

}  // namespace chatop::local
