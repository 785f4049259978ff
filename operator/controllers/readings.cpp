#include "operator/controllers/readings.hpp"

#include <algorithm>
#include <utility>

#include "operator/ports/steady.hpp"

namespace chatop::controllers {

using chat::base::HostPort;
using chat::base::Result;
using chat::base::Task;
using ports::Role;

namespace {

constexpr std::int64_t kShardsEveryMs = 5000;
constexpr std::int64_t kShardsSeldomer = 4;  // with many clusters: what a shard is asked costs most of all
constexpr std::int64_t kShardAgainMs = 500;
constexpr std::int64_t kSoonMs = 100;      // what is not well is not asked more often, whatever wakes us
constexpr unsigned kImpatientMisses = 20;  // a shard that stays away is asked as seldom as one that is well
constexpr std::int64_t kSlowRedisMs = 250;
constexpr unsigned kSlowAnswers = 3;

bool differs(const ports::DaemonReport& a, const ports::DaemonReport& b) {
  return a.ready != b.ready || a.not_ready != b.not_ready || a.map_version != b.map_version ||
         a.draining != b.draining || (a.connections == 0) != (b.connections == 0) || a.findings != b.findings;
}

bool differs(const ports::ShardReport& a, const ports::ShardReport& b) {
  return a.takes_writes != b.takes_writes || a.migrated != b.migrated || a.migration_problem != b.migration_problem ||
         a.identity != b.identity || a.ranges != b.ranges || a.login_problem != b.login_problem ||
         (a.connections >= a.most_connections) != (b.connections >= b.most_connections);
}

}  // namespace

Readings::Readings(const Environment& environment, ports::Platform& platform, std::function<void()> changed)
    : environment_(environment), platform_(platform), changed_(std::move(changed)), tasks_(environment.executor) {}

bool Readings::is_due(const ports::ProcessView& process, std::int64_t now, std::int64_t rest) {
  auto& asked = asked_[process.name];
  const auto* daemon = daemon_of(process);
  const bool answers = daemon != nullptr && daemon->misses == 0 && daemon->report && daemon->report->ready;
  const bool well = process.role == Role::redis ? redis_answered_pid_ == process.pid : answers;
  const auto wait = well ? rest : kSoonMs;
  if (asked.pid == process.pid && asked.news == process.news && now - asked.at_ms < wait) return false;
  asked = {process.pid, process.news, now};
  return true;
}

void Readings::ask(const ports::PlatformView& platform, std::chrono::milliseconds rest) {
  follow(platform);
  const auto now = ports::steady_milliseconds(environment_.clock);
  const bool shards_due = now >= shards_due_ms_;
  if (shards_due) shards_due_ms_ = now + std::max(kShardsEveryMs, kShardsSeldomer * (rest.count() - kShardsEveryMs));
  for (const auto& process : platform.processes) {
    if (!process.running || asking_.contains(process.name)) continue;
    if (process.role != Role::shard && !is_due(process, now, rest.count())) continue;
    if (process.role == Role::redis) {
      asking_.insert(process.name);
      tasks_.spawn("ask redis", ask_redis(process.pid));
    } else if (process.role == Role::shard) {
      auto& shard = shards_[process.name];
      const bool away = shard.pid == process.pid && shard.misses >= kImpatientMisses;
      const bool unsure = !away && (shard.pid != process.pid || !shard.view.report || !shard.view.report->migrated ||
                                    shard.view.report->ranges.empty());
      const bool news = std::exchange(shard.news, process.news) != process.news;
      if (!shards_due && !news && !(unsure && now - shard.asked_ms >= kShardAgainMs)) continue;
      shard.asked_ms = now;
      asking_.insert(process.name);
      tasks_.spawn("ask shard", ask_shard(process.name, process.pid));
    } else if (ports::asked_at(process).port != 0) {
      asking_.insert(process.name);
      tasks_.spawn("ask daemon", ask_daemon(process.name, process.pid, ports::asked_at(process)));
    }
  }
}

Task<> Readings::settled() { (void)co_await tasks_.idle(std::chrono::steady_clock::time_point::max()); }

Task<> Readings::ask_again(std::string name, std::int64_t pid, HostPort admin) {
  asking_.insert(name);
  return ask_daemon(std::move(name), pid, std::move(admin));
}

Task<> Readings::ask_daemon(std::string name, std::int64_t pid, HostPort admin) {
  auto access = platform_.admin_access();
  auto shown = access ? std::move(*access) : ports::AdminAccess();
  auto report = co_await environment_.data_plane.report(std::move(admin), std::move(shown));
  asking_.erase(name);
  // One that ended meanwhile has nothing to say any more, and another may have its name.
  const auto now = names_.find(pid);
  if (now == names_.end()) co_return;
  auto& daemon = daemons_[now->second];
  if (daemon.pid != pid) {
    daemon = {};
    daemon.pid = pid;
  }
  if (!report) {
    if (report.error().code == ports::DataPlaneErrc::refused) platform_.refused();
    ++daemon.misses;
    co_return;
  }
  const bool new_news = !daemon.report || differs(*daemon.report, *report) || daemon.misses > 0;
  daemon.report = std::move(*report);
  daemon.report_ms = ports::steady_milliseconds(environment_.clock);
  daemon.misses = 0;
  if (new_news) changed_();
}

void Readings::forget_shard(const std::string& name) {
  auto it = shards_.find(name);
  if (it == shards_.end()) return;
  it->second.view.report.reset();
  it->second.asked_ms = 0;
  it->second.misses = 0;
}

void Readings::keep_shard(const std::string& name, std::int64_t pid, Result<ports::ShardReport> report) {
  auto& shard = shards_[name];
  const auto now = ports::steady_milliseconds(environment_.clock);
  const auto before = shard.pid == pid ? shard.view.report : std::nullopt;
  if (shard.pid != pid) shard.misses = 0;
  shard.misses = report ? 0 : shard.misses + 1;
  shard.pid = pid;
  if (!report) {
    shard.view.report.reset();
    const bool new_problem = std::exchange(shard.view.problem, report.error().message) != report.error().message;
    if (before || new_problem) changed_();
    return;
  }
  shard.view.problem.clear();
  shard.view.writes_per_second = 0;
  if (before) {
    const auto written = std::max<std::int64_t>(0, report->messages_total - before->messages_total);
    shard.view.writes_per_second = written * 1000 / std::max<std::int64_t>(1, now - shard.reported_ms);
  }
  shard.reported_ms = now;
  const bool new_news = !before || differs(*before, *report);
  shard.view.report = std::move(*report);
  if (new_news) changed_();
}

Task<> Readings::ask_shard(std::string name, std::int64_t pid) {
  auto access = platform_.shard_access(name);
  if (!access) {
    asking_.erase(name);
    co_return;
  }
  auto report = co_await environment_.shard_admin.report(*access);
  asking_.erase(name);
  if (!report && report.error().code == ports::ShardErrc::refused) platform_.refused();
  keep_shard(name, pid, std::move(report));
}

Task<> Readings::ask_redis(std::int64_t pid) {
  const auto report = co_await platform_.redis_report();
  asking_.erase(ports::process_name(Role::redis, 0));
  const auto answered = report.answers ? pid : 0;
  const bool other_life = std::exchange(redis_answered_pid_, answered) != answered;
  if (!report.answers) {
    if (other_life) changed_();
    co_return;
  }
  const auto before = redis_;
  if (other_life) redis_ = {};
  redis_.takes_writes = report.takes_writes;
  slow_answers_ = report.round_trip_ms > kSlowRedisMs ? slow_answers_ + 1 : 0;
  redis_.slow = slow_answers_ >= kSlowAnswers;
  const auto evicted = std::exchange(redis_evicted_, report.evicted_keys);
  if (!other_life && report.evicted_keys > evicted)
    redis_.evicted_at_ms = ports::steady_milliseconds(environment_.clock);
  if (other_life || before.takes_writes != redis_.takes_writes || before.slow != redis_.slow) changed_();
}

// By its life: one may get another name meanwhile (a Pod that takes the place of one that ended).
const plan::DaemonView* Readings::daemon_of(const ports::ProcessView& process) const {
  if (auto it = daemons_.find(process.name); it != daemons_.end() && it->second.pid == process.pid) return &it->second;
  for (const auto& [name, daemon] : daemons_) {
    if (daemon.pid == process.pid) return &daemon;
  }
  return nullptr;
}

void Readings::follow(const ports::PlatformView& platform) {
  std::map<std::string, plan::DaemonView> daemons;
  names_.clear();
  uneasy_ = false;
  for (const auto& process : platform.processes) {
    if (!process.running) continue;
    names_[process.pid] = process.name;
    if (const auto* daemon = daemon_of(process)) {
      uneasy_ = uneasy_ || daemon->misses > 0;
      daemons[process.name] = *daemon;
    }
    if (auto it = shards_.find(process.name); it != shards_.end()) uneasy_ = uneasy_ || it->second.misses > 0;
  }
  daemons_ = std::move(daemons);
}

void Readings::add_to(plan::Observed& seen) const {
  for (const auto& process : seen.platform.processes) {
    if (!process.running) continue;
    if (process.role == Role::redis) {
      seen.redis_answers = redis_answered_pid_ == process.pid;
      seen.redis = redis_;
    }
    if (const auto* daemon = daemon_of(process)) seen.daemons[process.name] = *daemon;
    if (auto it = shards_.find(process.name); it != shards_.end() && it->second.pid == process.pid)
      seen.shards[process.name] = it->second.view;
  }
}

}  // namespace chatop::controllers
