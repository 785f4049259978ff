#pragma once
#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "operator/controllers/environment.hpp"

namespace chatop::testing {

using chat::base::fail;
using chat::base::HostPort;
using chat::base::Result;
using chat::base::Status;
using chat::base::Task;

// Documents in memory.
class FakeStore final : public ports::ResourceStore {
 public:
  Result<ports::StoredClusters> list() override {
    if (broken) return fail(std::make_error_code(std::errc::io_error), "the disk is away");
    ports::StoredClusters stored;
    stored.absent_is_gone = absent_is_gone;
    for (const auto& [name, each] : clusters) stored.clusters.push_back(each);
    return stored;
  }
  Task<Status> write_status(std::string name, api::ChatClusterStatus status) override {
    if (takes_no_status) co_return fail(std::make_error_code(std::errc::timed_out), "did not answer in time");
    ++writes;
    clusters[name].cluster.status = std::move(status);
    co_return Status{};
  }
  Task<Status> remove(std::string name) override {
    clusters.erase(name);
    co_return Status{};
  }
  api::ChatCluster& add(const std::string& name) {
    clusters[name].key = name;
    clusters[name].cluster.metadata.name = name;
    clusters[name].cluster.metadata.generation = 1;
    return clusters[name].cluster;
  }
  bool is(const std::string& name, const std::string& type, api::ConditionStatus status) {
    const auto* condition = api::find_condition(clusters[name].cluster.status, type);
    return condition != nullptr && condition->status == status;
  }
  std::map<std::string, ports::StoredCluster> clusters;
  int writes = 0;
  bool broken = false;
  bool takes_no_status = false;
  bool absent_is_gone = false;
};

// The machine under the platforms: survives them, as processes survive an operator.
struct FakeMachine {
  struct Process {
    ports::ProcessSpec spec;
    std::int64_t pid = 0;
  };
  std::map<std::string, Process> running;
  std::set<std::string> prepared;
  ports::Memory memory;
  ports::RedisReport redis;
  bool cluster_prepared = false;
  bool removed = false;
  std::int64_t next_pid = 100;
  std::vector<std::string> acts;
  std::string fails;  // the name of a process that can not be started
  std::function<void()> changed;

  void kill(const std::string& name) {
    running.erase(name);
    changed();
  }
  std::int64_t pid(const std::string& name) { return running.contains(name) ? running[name].pid : 0; }
};

class FakePlatform final : public ports::Platform {
 public:
  FakePlatform(FakeMachine& machine, std::function<void()> changed) : machine_(machine) {
    machine_.changed = std::move(changed);
  }
  Task<Status> open() override { co_return Status{}; }
  ports::PlatformView observe(const std::vector<ports::ProcessSpec>& wanted) override {
    ports::PlatformView view;
    view.prepared = machine_.cluster_prepared;
    for (const auto& spec : wanted) view.processes.push_back(look(spec));
    for (const auto& entry : machine_.running) {
      const auto same = [&entry](const auto& each) { return each.name == entry.first; };
      if (std::none_of(wanted.begin(), wanted.end(), same)) view.processes.push_back(look(entry.second.spec));
    }
    return view;
  }
  ports::Memory memory() override { return machine_.memory; }
  Task<Status> prepare_cluster() override {
    machine_.cluster_prepared = true;
    return done("prepare");
  }
  Task<Status> prepare(ports::ProcessSpec process) override {
    machine_.prepared.insert(process.name);
    return done("prepare " + process.name);
  }
  Task<Status> start(ports::ProcessSpec process) override {
    if (process.name == machine_.fails) co_return fail(ports::PlatformErrc::person, process.name + " is not installed");
    machine_.running[process.name] = {process, machine_.next_pid++};
    machine_.acts.push_back("start " + process.name);
    machine_.changed();
    co_return Status{};
  }
  Task<Status> stop(std::string name, std::chrono::milliseconds) override {
    machine_.running.erase(name);
    machine_.changed();
    return done("stop " + name);
  }
  Task<Status> kill(std::string name) override {
    machine_.running.erase(name);
    return done("kill " + name);
  }
  Task<Status> remember(ports::Memory memory) override {
    machine_.memory = std::move(memory);
    return done("remember");
  }
  Task<Status> remove(bool) override {
    machine_.removed = true;
    return done("remove");
  }
  Task<> tidy() override { co_return; }
  Task<> close() override { co_return; }
  Task<ports::RedisReport> redis_report() override {
    auto report = machine_.redis;
    report.answers = machine_.running.contains("redis");
    co_return report;
  }
  Result<ports::ShardAccess> shard_access(const std::string& shard) override {
    ports::ShardAccess access;
    access.superuser = shard;  // tells the fake shards which one is meant
    return access;
  }
  Result<ports::AdminAccess> admin_access() override { return ports::AdminAccess{"token", {}}; }

 private:
  Task<Status> done(std::string act) {
    machine_.acts.push_back(std::move(act));
    co_return Status{};
  }
  ports::ProcessView look(const ports::ProcessSpec& spec) {
    ports::ProcessView view;
    view.name = spec.name;
    view.role = spec.role;
    view.ordinal = spec.ordinal;
    view.prepared = machine_.cluster_prepared && machine_.prepared.contains(spec.name);
    // An admin "address" that names the process, for the fake daemons.
    view.admin = {spec.name, 1};
    view.address = {"127.0.0.1", static_cast<std::uint16_t>(7000 + spec.ordinal)};
    if (auto it = machine_.running.find(spec.name); it != machine_.running.end()) {
      view.running = true;
      view.pid = it->second.pid;
    }
    return view;
  }
  FakeMachine& machine_;
};

class FakeDataPlane final : public ports::DataPlane {
 public:
  explicit FakeDataPlane(FakeMachine& machine) : machine_(machine) {}
  Task<Result<ports::DaemonReport>> report(HostPort admin, ports::AdminAccess) override {
    ++reports;
    if (before_answer) co_await before_answer();
    if (silent.contains(admin.host) || !machine_.running.contains(admin.host))
      co_return fail(std::make_error_code(std::errc::timed_out), "no answer");
    ports::DaemonReport report;
    report.ready = true;
    report.map_version = maps[admin.host];
    report.draining = draining.contains(admin.host);
    co_return report;
  }
  Task<Status> put_map(HostPort admin, ports::AdminAccess, std::string map) override {
    maps[admin.host] = chat_version(map);
    co_return Status{};
  }
  Task<Status> drain(HostPort admin, ports::AdminAccess, ports::DrainOrder) override {
    draining.insert(admin.host);
    co_return Status{};
  }
  static std::int64_t chat_version(const std::string& map) {
    return std::stoll(map.substr(map.find("\"version\":") + 10));
  }
  std::map<std::string, std::int64_t> maps;
  std::set<std::string> silent;
  std::set<std::string> draining;
  std::function<Task<>()> before_answer;  // what a report waits for
  int reports = 0;

 private:
  FakeMachine& machine_;
};

class FakeShards final : public ports::ShardAdmin {
 public:
  Task<Result<ports::ShardReport>> report(ports::ShardAccess access) override {
    auto report = shards[access.superuser];
    report.takes_writes = true;
    co_return report;
  }
  Task<Status> migrate(ports::ShardAccess access) override {
    shards[access.superuser].migrated = true;
    co_return Status{};
  }
  Task<Status> restore_login(ports::ShardAccess access) override {
    shards[access.superuser].login_problem.clear();
    ++logins_restored;
    co_return Status{};
  }
  Task<Status> own(ports::ShardAccess access, std::string shard, std::vector<ports::OwnedRange> ranges) override {
    shards[access.superuser].identity = std::move(shard);
    shards[access.superuser].ranges = std::move(ranges);
    co_return Status{};
  }
  std::map<std::string, ports::ShardReport> shards;
  int logins_restored = 0;
};

}  // namespace chatop::testing
