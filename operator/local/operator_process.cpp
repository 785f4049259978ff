#include "operator/local/operator_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "dataplane/base/json.hpp"
#include "operator/local/files.hpp"
#include "operator/local/layout.hpp"
#include "operator/local/pidfd.hpp"

extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace chatop::local {
namespace {

namespace fs = std::filesystem;
using chat::base::fail;
using chat::base::Result;
using chat::base::Status;
using ports::SiteErrc;

std::string reason(int error) { return std::generic_category().message(error); }

// Whether /proc/locks has a file lock of that process on that file. A line:
// "1: FLOCK  ADVISORY  WRITE 23863 fe:00:9978193 0 EOF"
bool holds_lock(pid_t pid, ino_t inode) {
  std::ifstream locks("/proc/locks");
  const std::string ending = ":" + std::to_string(inode);
  for (std::string line; std::getline(locks, line);) {
    std::istringstream words(line);
    std::string number, kind, mode, access, place;
    pid_t holder = 0;
    words >> number >> kind >> mode >> access >> holder >> place;
    if (kind == "FLOCK" && access == "WRITE" && holder == pid && place.ends_with(ending)) return true;
  }
  return false;
}

Result<pid_t> spawn(const fs::path& directory, const std::vector<std::string>& arguments) {
  const auto program = Installation::of_this_program().bin / "chat-operator";
  if (::access(program.c_str(), X_OK) != 0)
    return fail(SiteErrc::start, program.string() + " is not there: it is installed beside chatctl");
  const std::string log = operator_log(directory).string();
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);  // this program may have blocked some to read them itself
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, static_cast<short>(POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK));
  std::vector<std::string> words{program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, program.c_str(), &files, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) return fail(SiteErrc::start, program.string() + " can not be started: " + reason(error));
  return pid;
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

bool ended_within(int process, std::chrono::seconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (true) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd waited{process, POLLIN, 0};
    const int ready = ::poll(&waited, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

}  // namespace

fs::path operator_log(const fs::path& directory) { return directory / "operator.log"; }

std::optional<pid_t> running_operator(const fs::path& directory) {
  const auto file = directory / "operator.lock";
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return std::nullopt;
  auto text = read_file(file);
  if (!text) return std::nullopt;
  auto json = chat::base::parse_json(*text);
  if (!json || !json->is_object() || !json->contains("pid")) return std::nullopt;
  auto pid = chat::base::whole_number((*json)["pid"]);
  if (!pid || *pid <= 1 || !holds_lock(static_cast<pid_t>(*pid), info.st_ino)) return std::nullopt;
  return static_cast<pid_t>(*pid);
}

Result<pid_t> start_operator(const fs::path& directory) { return spawn(directory, {"--local", directory.string()}); }

Status run_teardown(const fs::path& directory, std::chrono::seconds timeout) {
  auto pid = spawn(directory, {"--local", directory.string(), "--down"});
  if (!pid) return fail(pid.error());
  const Descriptor process(::pidfd_open(*pid, 0));
  const bool ended = process.get() >= 0 && ended_within(process.get(), timeout);
  if (!ended) ::kill(*pid, SIGKILL);  // our own child, not yet waited for: the pid is still its
  int outcome = 0;
  ::waitpid(*pid, &outcome, 0);
  if (ended && WIFEXITED(outcome) && WEXITSTATUS(outcome) == 0) return {};
  std::string message = ended ? "not everything could be stopped" : "stopping took longer than --timeout";
  for (const auto& line : last_lines(operator_log(directory), 5)) message += "\n  " + line;
  return fail(SiteErrc::stop, message);
}

Status stop_operator(const fs::path& directory, pid_t pid, std::chrono::seconds timeout) {
  const Descriptor process(::pidfd_open(pid, 0));
  if (process.get() < 0) return {};                   // gone
  if (running_operator(directory) != pid) return {};  // gone, and the pid is another's by now
  if (::pidfd_send_signal(process.get(), SIGTERM, nullptr, 0) != 0 && errno != ESRCH)
    return fail(SiteErrc::stop,
                "the operator with pid " + std::to_string(pid) + " can not be stopped: " + reason(errno));
  if (ended_within(process.get(), timeout)) return {};
  return fail(SiteErrc::stop, "the operator with pid " + std::to_string(pid) + " does not end: see " +
                                  operator_log(directory).string());
}

}  // namespace chatop::local
