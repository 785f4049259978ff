#include "operator/local/launch.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <spawn.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "dataplane/base/clock.hpp"
#include "operator/local/identity.hpp"

namespace chatop::local {
namespace {

constexpr std::size_t kFixedArguments = 6;

int give_up(const Launch& launch, const char* what) {
  std::fprintf(stderr, "%s: %s: %s\n", launch.name.c_str(), what, std::strerror(errno));
  return kCanNotLaunch;
}

// The lock lives as long as the process: the descriptor stays open through exec on purpose.
int claim_identity(const Launch& launch) {
  const int fd = ::open(launch.identity.c_str(), O_RDWR | O_CREAT, 0644);
  if (fd < 0) return give_up(launch, launch.identity.c_str());
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (::fcntl(fd, F_SETLK, &lock) != 0) return kAlreadyRunning;
  Identity identity;
  identity.name = launch.name;
  identity.pid = ::getpid();
  identity.start_time = start_time_of(::getpid()).value_or(0);
  identity.boot_id = boot_id();
  identity.config_hash = launch.config_hash;
  identity.command = launch.command;
  identity.started_ms = chat::base::SystemClock().now_milliseconds();
  identity.restarts = launch.restarts;
  const std::string text = to_json(identity);
  const auto size = static_cast<ssize_t>(text.size());
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, text.data(), text.size(), 0) != size)
    return give_up(launch, "its identity can not be written");
  return 0;
}

int become_user(const Launch& launch) {
  if (launch.user.empty() || ::geteuid() != 0) return 0;
  const passwd* user = ::getpwnam(launch.user.c_str());
  if (user == nullptr) return give_up(launch, "its user does not exist");
  if (::initgroups(user->pw_name, user->pw_gid) != 0 || ::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0)
    return give_up(launch, "its user can not be taken on");
  ::setenv("HOME", user->pw_dir, 1);
  return 0;
}

int open_standard_files(const Launch& launch) {
  const int null = ::open("/dev/null", O_RDONLY);
  const int log = ::open(launch.log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  if (null < 0 || log < 0) return give_up(launch, launch.log.c_str());
  if (::dup2(null, 0) < 0 || ::dup2(log, 1) < 0 || ::dup2(log, 2) < 0) return give_up(launch, "dup2");
  ::close_range(3, ~0U, 0);  // whatever else the operator had open is not ours
  return 0;
}

}  // namespace

std::vector<std::string> to_arguments(const Launch& launch) {
  std::vector<std::string> arguments{
      launch.name, launch.log.string(), launch.identity.string(), launch.config_hash, std::to_string(launch.restarts),
      launch.user};
  arguments.insert(arguments.end(), launch.command.begin(), launch.command.end());
  return arguments;
}

int become(const std::vector<std::string>& arguments) {
  if (arguments.size() <= kFixedArguments) return kCanNotLaunch;
  Launch launch{arguments[0],
                arguments[1],
                arguments[2],
                arguments[3],
                std::strtoll(arguments[4].c_str(), nullptr, 10),
                arguments[5],
                {arguments.begin() + kFixedArguments, arguments.end()}};
  if (int failed = open_standard_files(launch); failed != 0) return failed;
  if (!launch.identity.empty()) {
    if (int failed = claim_identity(launch); failed != 0) return failed;
  }
  if (int failed = become_user(launch); failed != 0) return failed;
  ::signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (::chdir("/") != 0) return give_up(launch, "/");
  std::vector<char*> words;
  for (auto& word : launch.command) words.push_back(word.data());
  words.push_back(nullptr);
  ::execvp(words[0], words.data());
  return give_up(launch, words[0]);
}

pid_t spawn(const std::string& launcher, const Launch& launch) {
  std::vector<std::string> words = to_arguments(launch);
  words.insert(words.begin(), {"chat-operator", "launch"});
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, launcher.c_str(), nullptr, &attributes, pointers.data(), environ);
  posix_spawnattr_destroy(&attributes);
  if (error == 0) return pid;
  errno = error;
  return -1;
}

}  // namespace chatop::local
