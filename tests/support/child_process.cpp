#include "tests/support/child_process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "tests/support/eventually.hpp"

namespace chat::testing {
namespace {

// Everything the child needs between fork and exec, where nothing may be allocated.
struct Prepared {
  std::vector<char*> arguments;
  std::vector<std::string> environment_texts;
  std::vector<char*> environment;
  std::string log_file;
  std::string directory;
  bool change_user = false;
  uid_t uid = 0;
  gid_t gid = 0;
};

Prepared prepare(const ChildOptions& options) {
  Prepared out;
  for (const auto& argument : options.arguments) out.arguments.push_back(const_cast<char*>(argument.c_str()));
  out.arguments.push_back(nullptr);
  for (char** entry = environ; *entry != nullptr; ++entry) {
    std::string_view text(*entry);
    if (!options.environment.contains(std::string(text.substr(0, text.find('=')))))
      out.environment_texts.emplace_back(text);
  }
  for (const auto& [key, value] : options.environment) out.environment_texts.push_back(key + "=" + value);
  for (auto& text : out.environment_texts) out.environment.push_back(text.data());
  out.environment.push_back(nullptr);
  out.log_file = options.log_file.empty() ? "/dev/null" : options.log_file.string();
  out.directory = options.directory.string();
  if (!options.user.empty() && geteuid() == 0) {
    const passwd* entry = getpwnam(options.user.c_str());
    if (entry == nullptr) throw std::runtime_error("no such user: " + options.user);
    out.change_user = true;
    out.uid = entry->pw_uid;
    out.gid = entry->pw_gid;
  }
  return out;
}

[[noreturn]] void become(const Prepared& prepared, pid_t parent) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  int log = ::open(prepared.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  int null = ::open("/dev/null", O_RDONLY);
  if (log < 0 || null < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0) _exit(126);
  if (!prepared.directory.empty() && chdir(prepared.directory.c_str()) != 0) _exit(126);
  if (prepared.change_user && (setgroups(0, nullptr) != 0 || setgid(prepared.gid) != 0 || setuid(prepared.uid) != 0))
    _exit(126);
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // after setuid, which clears it
  if (getppid() != parent) _exit(126);
  execvpe(prepared.arguments[0], prepared.arguments.data(), prepared.environment.data());
  _exit(127);
}

}  // namespace

ChildProcess::ChildProcess(const ChildOptions& options) {
  auto prepared = prepare(options);
  auto parent = getpid();
  pid_ = fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) become(prepared, parent);
}

ChildProcess::~ChildProcess() {
  signal(SIGKILL);
  wait(std::chrono::seconds(10));
}

void ChildProcess::signal(int number) const {
  if (!ended_) ::kill(pid_, number);
}

bool ChildProcess::collect() {
  if (ended_) return true;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return false;
  ended_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return true;
}

std::optional<int> ChildProcess::wait(std::chrono::milliseconds within) {
  if (!eventually([this] { return collect(); }, within)) return std::nullopt;
  return ended_;
}

bool ChildProcess::running() { return !collect(); }

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> children;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    auto name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream file(entry.path() / "stat");
    std::string line((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    auto after_name = line.rfind(')');
    if (after_name == std::string::npos) continue;
    std::istringstream fields(line.substr(after_name + 1));
    std::string state;
    pid_t parent = 0;
    if (fields >> state >> parent && parent == pid) children.push_back(static_cast<pid_t>(std::stol(name)));
  }
  return children;
}

}  // namespace chat::testing
