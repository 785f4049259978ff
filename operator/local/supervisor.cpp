#include "operator/local/supervisor.hpp"

#include <fcntl.h>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "operator/local/files.hpp"
#include "operator/local/identity.hpp"
#include "operator/local/pidfd.hpp"
#include "operator/ports/platform.hpp"
#include "operator/ports/steady.hpp"

namespace chatop::local {

using chat::base::Status;
using chat::base::Task;
using Clock = std::chrono::steady_clock;

struct Supervisor::Process {
  explicit Process(const boost::asio::any_io_executor& executor) : pidfd(executor), gone(executor) {
    gone.expires_at(Clock::time_point::max());
  }
  Supervised facts;
  boost::asio::posix::stream_descriptor pidfd;
  boost::asio::steady_timer gone;  // cancelled when the process has ended
};

namespace {

std::string describe_end(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return "exited with status " + std::to_string(info.si_status);
  return "was killed by signal " + std::to_string(info.si_status);
}

// Ends in a row that came soon after the start. A process that lived a minute starts a new row; one that lived ten
// seconds had begun to serve, and should not be made to wait long.
unsigned failures_after_end(unsigned before, std::chrono::milliseconds lived) {
  if (lived >= std::chrono::seconds(60)) return 1;
  if (lived >= std::chrono::seconds(10)) return std::min(before + 1, 2U);
  return before + 1;
}

Status fail_later(const std::string& message) { return chat::base::fail(ports::PlatformErrc::later, message); }

}  // namespace

Supervisor::Supervisor(boost::asio::any_io_executor executor, const chat::base::Log& log, ClusterLayout layout,
                       std::string launcher, std::function<void()> changed)
    : executor_(std::move(executor)),
      log_(log),
      layout_(std::move(layout)),
      launcher_(std::move(launcher)),
      changed_(std::move(changed)) {}

Supervisor::~Supervisor() { *alive_ = false; }

void Supervisor::adopt_all() {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(layout_.run(), error)) {
    if (entry.path().extension() == ".json") adopt(entry.path().stem().string());
  }
}

bool Supervisor::adopt(const std::string& name) {
  if (auto it = processes_.find(name); it != processes_.end() && it->second->facts.running) return true;
  const auto file = layout_.identity(name);
  auto text = read_file(file);
  auto identity = text ? parse_identity(*text) : std::nullopt;
  if (!identity || identity->name != name) return false;
  auto process = std::make_shared<Process>(executor_);
  const int fd = ::pidfd_open(static_cast<pid_t>(identity->pid), 0);
  if (fd >= 0) process->pidfd.assign(fd);
  // Looked at after the pidfd was opened: what is proven now is what the pidfd means.
  const Evidence evidence{lock_holder(file), start_time_of(identity->pid), boot_id()};
  auto& facts = process->facts;
  facts.name = name;
  facts.restarts = identity->restarts;
  facts.config_hash = identity->config_hash;
  facts.started_ms = ports::steady_milliseconds(clock_) - milliseconds_since(identity->start_time);
  if (fd < 0 || !proves(evidence, *identity)) {
    if (evidence.boot_id == identity->boot_id) {
      facts.ended_ms = ports::steady_milliseconds(clock_);
      facts.how_it_ended = "ended while no operator was there";
    }
    processes_.try_emplace(name, process);  // remembers how often it was restarted
    return false;
  }
  facts.running = true;
  facts.pid = identity->pid;
  processes_[name] = process;
  log_.info("process_adopted", {{"cluster", layout_.cluster}, {"process", name}, {"pid", facts.pid}});
  watch(process);
  return true;
}

Status Supervisor::start(Launch launch) {
  const std::string name = launch.name;
  if (adopt(name)) return {};
  auto process = std::make_shared<Process>(executor_);
  auto& facts = process->facts;
  if (auto it = processes_.find(name); it != processes_.end()) {
    facts = it->second->facts;
    if (facts.ended_ms > 0) ++facts.restarts;
  }
  launch.restarts = facts.restarts;
  launch.identity = layout_.identity(name);
  launch.log = layout_.log(name);
  const pid_t pid = spawn(launcher_, launch);
  if (pid < 0) return fail_later(name + " can not be started: " + std::generic_category().message(errno));
  const int fd = ::pidfd_open(pid, 0);
  if (fd < 0) return fail_later(name + " can not be watched: " + std::generic_category().message(errno));
  process->pidfd.assign(fd);
  facts.name = name;
  facts.running = true;
  facts.stopping = false;
  facts.pid = pid;
  facts.config_hash = launch.config_hash;
  facts.started_ms = ports::steady_milliseconds(clock_);
  processes_[name] = process;
  log_.info("process_started",
            {{"cluster", layout_.cluster}, {"process", name}, {"pid", facts.pid}, {"restarts", facts.restarts}});
  watch(process);
  return {};
}

void Supervisor::watch(const std::shared_ptr<Process>& process) {
  process->pidfd.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                            [this, process, alive = alive_](const boost::system::error_code& error) {
                              if (error || !*alive) return;
                              siginfo_t info{};
                              std::string how = "ended";  // not our child: nobody tells us its status
                              const auto pid = static_cast<id_t>(process->facts.pid);
                              if (::waitid(P_PID, pid, &info, WEXITED | WNOHANG) == 0 && info.si_pid != 0)
                                how = describe_end(info);
                              const bool held = info.si_code == CLD_EXITED && info.si_status == kAlreadyRunning;
                              ended(process, how, held);
                            });
}

void Supervisor::ended(const std::shared_ptr<Process>& process, const std::string& how, bool lock_was_held) {
  auto& facts = process->facts;
  const auto now = ports::steady_milliseconds(clock_);
  facts.running = false;
  if (!facts.stopping) {
    facts.failures = failures_after_end(facts.failures, std::chrono::milliseconds(now - facts.started_ms));
    facts.ended_ms = now;
    facts.how_it_ended = how;
    log_.warn("process_ended",
              {{"cluster", layout_.cluster}, {"process", facts.name}, {"pid", facts.pid}, {"how", how}});
  } else {
    facts.failures = 0;
    facts.ended_ms = 0;
    facts.how_it_ended.clear();
    std::error_code error;
    std::filesystem::remove(layout_.identity(facts.name), error);  // what is left behind ended by itself
    log_.info("process_stopped", {{"cluster", layout_.cluster}, {"process", facts.name}, {"pid", facts.pid}});
  }
  facts.stopping = false;
  process->pidfd.close();
  process->gone.cancel();
  if (lock_was_held) adopt(facts.name);  // an earlier one lives: two can not
  changed_();
}

Task<Status> Supervisor::stop(std::string name, std::vector<Signal> signals) {
  auto it = processes_.find(name);
  if (it == processes_.end() || !it->second->facts.running) co_return Status{};
  auto process = it->second;
  process->facts.stopping = !signals.empty();
  signals.push_back({SIGKILL, std::chrono::seconds(10)});
  for (const auto& signal : signals) {
    if (!process->facts.running) break;
    log_.info(
        "process_signalled",
        {{"cluster", layout_.cluster}, {"process", name}, {"pid", process->facts.pid}, {"signal", signal.number}});
    // Through the pidfd: it can not reach another process that got the same pid.
    ::pidfd_send_signal(process->pidfd.native_handle(), signal.number, nullptr, 0);
    const auto until = Clock::now() + signal.patience;
    if (process->facts.running) (void)co_await chat::base::sleep_until(process->gone, until);
  }
  if (process->facts.running) co_return fail_later(name + " does not end, not even by SIGKILL");
  co_return Status{};
}

const Supervised* Supervisor::find(const std::string& name) const {
  auto it = processes_.find(name);
  return it == processes_.end() ? nullptr : &it->second->facts;
}

std::vector<Supervised> Supervisor::all() const {
  std::vector<Supervised> facts;
  for (const auto& [name, process] : processes_) facts.push_back(process->facts);
  return facts;
}

}  // namespace chatop::local
