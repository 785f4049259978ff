#include "operator/local/local_platform.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>

#include "operator/local/disks.hpp"
#include "operator/local/files.hpp"
#include "operator/local/log_rotation.hpp"
#include "operator/local/secrets.hpp"

namespace chatop::local {

using chat::base::HostPort;
using chat::base::Result;
using chat::base::Status;
using chat::base::Task;
using ports::ProcessSpec;
using ports::ProcessView;
using ports::Role;

namespace {

constexpr std::size_t kLastLines = 20;  // of a server that breaks on its start, with those of the start

HostPort loopback(std::uint16_t port) { return {"127.0.0.1", port}; }

const char* shared_key(Role role) {
  if (role == Role::gateway) return "gateways";
  return role == Role::api ? "api" : nullptr;
}

std::map<std::string, std::int64_t> parse_drains(const std::string& text) {
  std::map<std::string, std::int64_t> drains;
  auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return drains;
  for (const auto& [name, since] : json.items()) {
    if (since.is_number_integer()) drains[name] = since.get<std::int64_t>();
  }
  return drains;
}

}  // namespace

LocalPlatform::LocalPlatform(const LocalEnvironment& environment, std::string cluster, std::function<void()> changed)
    : environment_(environment),
      layout_(environment.directory, std::move(cluster)),
      supervisor_(environment.executor, environment.log, layout_, environment.launcher, std::move(changed)),
      redis_(environment.executor, environment.log) {
  supervisor_.adopt_all();
  if (auto map = read_file(layout_.map())) memory_.map = *map;
  if (auto drains = read_file(layout_.drains())) memory_.drains = parse_drains(*drains);
  if (auto file = PortsFile::load(layout_.ports())) ports_ = *file;
  if (auto password = chat::base::read_secret(layout_.secret(kRedisPassword))) redis_password_ = *password;
}

Addresses LocalPlatform::addresses(const ProcessSpec& process) const {
  Addresses addresses;
  if (!ports_) return addresses;
  addresses.own = loopback(ports_->find(process.name));
  addresses.admin = loopback(ports_->find(process.name + ".admin"));
  addresses.redis = loopback(ports_->find("redis"));
  if (const char* key = shared_key(process.role)) addresses.shared = loopback(ports_->find(key));
  return addresses;
}

LocalPlatform::Files LocalPlatform::configuration(const ProcessSpec& process) const {
  const auto where = addresses(process);
  const auto path = layout_.config() / process.name;
  if (process.role == Role::shard)
    return {postgres_config(process, layout_, where.own.port), path.string() + ".conf", 0644};
  if (process.role == Role::redis)
    return {redis_config(process, layout_, where.own.port, redis_password_), path.string() + ".conf", 0600};
  return {daemon_config(process, layout_, environment_.installation, where), path.string() + ".yaml", 0644};
}

std::vector<std::string> LocalPlatform::command(const ProcessSpec& process, const Files& files) const {
  if (process.role == Role::shard)
    return {requirements_->postgres, "-D", layout_.data(process.name), "-c", "config_file=" + files.path.string()};
  if (process.role == Role::redis) return {requirements_->redis_server, files.path};
  return {environment_.installation.bin / program_of(process.role), "--config", files.path};
}

void LocalPlatform::add_facts(ProcessView& view) const {
  const Supervised* facts = supervisor_.find(view.name);
  if (facts == nullptr) return;
  view.running = facts->running;
  view.stopping = facts->stopping;
  view.pid = facts->pid;
  view.running_hash = facts->config_hash;
  view.started_ms = facts->started_ms;
  view.restarts = facts->restarts;
  view.failures = facts->failures;
  view.ended_ms = facts->ended_ms;
  view.how_it_ended = facts->how_it_ended;
  if (facts->failures > 1 || (!facts->running && facts->ended_ms > 0))
    view.last_lines = last_lines(layout_.log(view.name), kLastLines);
}

ProcessView LocalPlatform::view(const ProcessSpec& process) const {
  ProcessView view;
  view.name = process.name;
  view.role = process.role;
  view.ordinal = process.ordinal;
  const auto where = addresses(process);
  view.address = where.own;
  view.admin = where.admin;
  std::error_code error;
  view.prepared =
      prepared_ && where.own.port != 0 && (!ports::is_daemon(process.role) || where.admin.port != 0) &&
      (shared_key(process.role) == nullptr || where.shared.port != 0) &&
      (process.role != Role::shard || std::filesystem::exists(layout_.data(process.name) / "PG_VERSION", error));
  if (view.prepared) view.wanted_hash = short_hash(configuration(process).text);
  add_facts(view);
  return view;
}

ports::PlatformView LocalPlatform::observe(const std::vector<ProcessSpec>& wanted) {
  ports::PlatformView platform;
  platform.prepared = prepared_;
  if (ports_) {
    platform.gateways_shared = loopback(ports_->find("gateways"));
    platform.api_shared = loopback(ports_->find("api"));
  }
  std::vector<std::string> shards;
  for (const auto& process : wanted) {
    platform.processes.push_back(view(process));
    if (process.role == Role::shard) shards.push_back(process.name);
  }
  platform.disks = look_at_disks(layout_, shards);
  platform.taken_ports = taken_ports_;
  for (const auto& facts : supervisor_.all()) {
    const bool known =
        std::any_of(wanted.begin(), wanted.end(), [&](const auto& each) { return each.name == facts.name; });
    auto role = ports::parse_process_name(facts.name);
    if (known || !role) continue;
    ProcessView other;
    other.name = facts.name;
    other.role = role->role;
    other.ordinal = role->ordinal;
    if (ports_) other.address = loopback(ports_->find(facts.name));
    if (ports_) other.admin = loopback(ports_->find(facts.name + ".admin"));
    add_facts(other);
    platform.processes.push_back(other);
  }
  return platform;
}

Task<ports::RedisReport> LocalPlatform::redis_report() {
  const auto port = ports_ ? ports_->find("redis") : std::uint16_t{0};
  if (port == 0 || redis_password_.empty()) co_return ports::RedisReport{};
  daemons::RedisAccess access{loopback(port), redis_password_};
  co_return co_await redis_.ask(std::move(access));
}

Result<ports::ShardAccess> LocalPlatform::shard_access(const std::string& shard) {
  auto superuser = chat::base::read_secret(layout_.secret(kPostgresSuperuserPassword));
  if (!superuser) return chat::base::fail(superuser.error());
  auto chat_password = chat::base::read_secret(layout_.secret(kPostgresChatPassword));
  if (!chat_password) return chat::base::fail(chat_password.error());
  const auto port = ports_ ? ports_->find(shard) : std::uint16_t{0};
  return ports::ShardAccess{loopback(port), "postgres", *superuser, *chat_password};
}

Result<ports::AdminAccess> LocalPlatform::admin_access() {
  auto token = chat::base::read_secret(layout_.secret(kAdminToken));
  if (!token) return chat::base::fail(token.error());
  return ports::AdminAccess{std::move(*token), {}};
}

const char* LocalPlatform::program_of(Role role) {
  switch (role) {
    case Role::gateway:
      return "chat-gateway";
    case Role::api:
      return "chat-api";
    case Role::messages:
      return "chat-messages";
    case Role::worker:
    case Role::shard:
    case Role::redis:
      break;
  }
  return "chat-worker";
}

bool LocalPlatform::runs(Role role) const {
  for (const auto& facts : supervisor_.all()) {
    auto parsed = ports::parse_process_name(facts.name);
    if (facts.running && parsed && parsed->role == role) return true;
  }
  return false;
}

// One that is due takes 100 ms each 90 days.
void LocalPlatform::rotate_keys() {
  const auto step = rotate_signing_keys(layout_, chat::base::SystemClock().now_milliseconds());
  if (!step)
    environment_.log.warn("keys_not_rotated", {{"cluster", layout_.cluster}, {"error", step.error().message}});
  else if (step->what != settings::KeyStep::What::nothing)
    environment_.log.info("keys_rotated", {{"cluster", layout_.cluster}, {"step", settings::words_of(step->what)}});
}

Task<> LocalPlatform::tidy() {
  auto work = [folder = layout_.logs(), ours = environment_.directory]() -> Status {
    rotate_logs(folder);
    rotate_logs(ours);
    return {};
  };
  if (prepared_) rotate_keys();
  std::erase_if(taken_ports_, [](const auto& taken) { return port_is_free(taken.was); });
  (void)co_await environment_.pool.run(std::move(work));
}

Task<> LocalPlatform::close() { return redis_.stop(); }

}  // namespace chatop::local
