// The acts of LocalPlatform: what makes, starts, ends and removes.
#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "operator/local/files.hpp"
#include "operator/local/identity.hpp"
#include "operator/local/local_platform.hpp"
#include "operator/local/orphans.hpp"
#include "operator/local/port_holder.hpp"
#include "operator/local/run_program.hpp"
#include "operator/local/secrets.hpp"
#include "operator/ports/steady.hpp"
#include "operator/settings/backend_settings.hpp"

namespace chatop::local {

using chat::base::Status;
using chat::base::Task;
using ports::PlatformErrc;
using ports::ProcessSpec;
using ports::Role;

namespace {

constexpr auto kOrphanPatience = std::chrono::milliseconds(2000);
constexpr auto kInitialiseTime = std::chrono::minutes(3);
// A port of a process that has just ended may be held a moment longer by what it left behind.
constexpr std::int64_t kPortPatienceMs = 5000;

Status check_daemon(const Installation& installation, const char* program) {
  const auto path = installation.bin / program;
  if (::access(path.c_str(), X_OK) == 0) return {};
  return chat::base::fail(PlatformErrc::person,
                          path.string() + " is missing: build or install it beside chat-operator");
}

}  // namespace

Status LocalPlatform::make_folders() {
  auto found = find_requirements();
  if (!found) return chat::base::fail(found.error());
  requirements_ = *found;
  const std::string& user = requirements_->postgres_user;
  if (auto closed = closed_folder(layout_.root, user); !user.empty() && !closed.empty())
    return chat::base::fail(PlatformErrc::person,
                            closed.string() + " can not be entered by the user " + user +
                                ", whom PostgreSQL runs as: choose a directory that it can reach, for example "
                                "/var/lib/chatcluster");
  for (auto role : {Role::gateway, Role::api, Role::messages, Role::worker}) {
    if (auto there = check_daemon(environment_.installation, program_of(role)); !there) return there;
  }
  for (const auto& folder :
       {layout_.root.parent_path(), layout_.root, layout_.config(), layout_.run(), layout_.logs(), layout_.redis()}) {
    if (auto ok = make_directory(folder, 0755); !ok) return ok;
  }
  if (auto ok = make_directory(layout_.postgres(), 0700); !ok) return ok;
  return give_to(layout_.postgres(), user);
}

Task<Status> LocalPlatform::prepare_cluster() {
  auto work = [this]() -> Status {
    if (auto ok = make_folders(); !ok) return ok;
    return make_secrets(layout_);
  };
  auto made = co_await environment_.pool.run(std::move(work));
  if (!made) co_return made;
  auto password = chat::base::read_secret(layout_.secret(kRedisPassword));
  if (!password) co_return chat::base::fail(password.error());
  redis_password_ = *password;
  auto file = PortsFile::load(layout_.ports());
  if (!file) co_return chat::base::fail(file.error());
  ports_ = *file;
  prepared_ = true;
  co_return Status{};
}

Task<Status> LocalPlatform::prepare(ProcessSpec process) {
  std::vector<std::string> keys{process.name, "redis"};
  if (process.role != Role::shard && process.role != Role::redis) keys.push_back(process.name + ".admin");
  if (process.role == Role::gateway) keys.emplace_back("gateways");
  if (process.role == Role::api) keys.emplace_back("api");
  for (const auto& key : keys) {
    if (auto port = ports_->take(key); !port) co_return chat::base::fail(port.error());
  }
  if (process.role != Role::shard) co_return Status{};
  auto work = [this, shard = process.name]() -> Status { return initialise(shard); };
  co_return co_await environment_.pool.run(std::move(work));
}

Status LocalPlatform::initialise(const std::string& shard) const {
  std::error_code error;
  const auto data = layout_.data(shard);
  if (std::filesystem::exists(data / "PG_VERSION", error)) return {};
  // Renamed when whole. Half of one is made again, beside what an initdb may still write whose operator was killed.
  const std::string unfinished = shard + ".new";
  for (const auto& entry : std::filesystem::directory_iterator(layout_.postgres(), error)) {
    if (entry.path().filename().string().starts_with(unfinished)) std::filesystem::remove_all(entry.path(), error);
  }
  const auto beside = layout_.postgres() / (unfinished + std::to_string(::getpid()));
  const auto password_file = layout_.postgres() / (shard + ".password");
  auto password = read_file(layout_.secret(kPostgresSuperuserPassword));
  if (!password) return chat::base::fail(password.error());
  if (auto ok = write_file(password_file, *password, 0600); !ok) return ok;
  if (auto ok = give_to(password_file, requirements_->postgres_user); !ok) return ok;
  Launch launch;
  launch.name = "initdb of " + shard;
  launch.log = layout_.log(shard + ".initdb");
  launch.user = requirements_->postgres_user;
  launch.command = {requirements_->initdb, "-D", beside};
  for (auto& option : settings::initdb_options(password_file)) launch.command.push_back(std::move(option));
  auto made = run_program(environment_.launcher, launch, kInitialiseTime);
  std::filesystem::remove(password_file, error);
  if (!made) return made;
  // One flush of the file system instead of initdb's one a file, before anything counts on what is there.
  if (auto flushed = flush_file_system(beside); !flushed) return flushed;
  std::filesystem::rename(beside, data, error);
  if (error)
    return chat::base::fail(PlatformErrc::later, data.string() + " can not be put in place: " + error.message());
  return {};
}

Status LocalPlatform::free_ports(const ProcessSpec& process) {
  std::vector<std::string> keys{process.name, process.name + ".admin"};
  if (process.role == Role::gateway && !runs(Role::gateway)) keys.emplace_back("gateways");
  if (process.role == Role::api && !runs(Role::api)) keys.emplace_back("api");
  for (const auto& key : keys) {
    const auto port = ports_->find(key);
    if (port == 0 || port_is_free(port)) continue;
    const Supervised* facts = supervisor_.find(process.name);
    const auto now = ports::steady_milliseconds(chat::base::SystemClock());
    if (facts != nullptr && now - facts->ended_ms < kPortPatienceMs)
      return chat::base::fail(PlatformErrc::later, "port " + std::to_string(port) + " of " + key + " is still taken");
    auto other = ports_->replace(key);
    if (!other) return chat::base::fail(other.error());
    const auto holder = port_holder(port);
    environment_.log.warn(
        "port_replaced",
        {{"cluster", layout_.cluster}, {"key", key}, {"was", port}, {"is", *other}, {"held_by", holder}});
    if (key == "gateways" || key == "api") taken_ports_.push_back({key, port, *other, holder});
  }
  return {};
}

// What may have gone since the cluster was prepared: without it the process would only fail again and again.
Status LocalPlatform::check_needs(const ProcessSpec& process) {
  if (process.role == Role::shard || process.role == Role::redis) {
    auto found = find_requirements();
    if (!found) return chat::base::fail(found.error());
    requirements_ = *found;
  }
  if (process.role == Role::shard) {
    const auto& user = requirements_->postgres_user;
    if (auto closed = closed_folder(layout_.data(process.name), user); !user.empty() && !closed.empty())
      return chat::base::fail(PlatformErrc::no_permission,
                              closed.string() + " can not be entered by the user " + user +
                                  ", whom PostgreSQL runs as: give that user the right to");
    return {};
  }
  return process.role == Role::redis ? Status{} : check_daemon(environment_.installation, program_of(process.role));
}

Task<Status> LocalPlatform::start(ProcessSpec process) {
  if (!requirements_ || !ports_) co_return chat::base::fail(PlatformErrc::later, "the cluster is not prepared yet");
  if (const Supervised* facts = supervisor_.find(process.name); facts != nullptr && facts->running) co_return Status{};
  if (process.role == Role::shard && lock_holder(layout_.identity(process.name)) == 0) {
    auto work = [data = layout_.data(process.name)]() -> Status { return end_orphans(data, kOrphanPatience); };
    if (auto ok = co_await environment_.pool.run(std::move(work)); !ok) co_return ok;
  }
  if (auto ok = check_needs(process); !ok) co_return ok;
  if (auto ok = free_ports(process); !ok) co_return ok;
  const Files files = configuration(process);
  if (auto ok = write_file(files.path, files.text, files.mode); !ok) co_return ok;
  Launch launch;
  launch.name = process.name;
  launch.config_hash = short_hash(files.text);
  if (process.role == Role::shard) launch.user = requirements_->postgres_user;
  launch.command = command(process, files);
  co_return supervisor_.start(std::move(launch));
}

Task<Status> LocalPlatform::stop(std::string name, std::chrono::milliseconds grace) {
  std::vector<Supervisor::Signal> signals{{SIGTERM, grace}};
  auto parsed = ports::parse_process_name(name);
  if (parsed && parsed->role == Role::shard) {
    // A fast shutdown, then one without a checkpoint: SIGKILL would leave shared memory behind.
    signals = {{SIGINT, grace}, {SIGQUIT, std::chrono::seconds(5)}};
  }
  return supervisor_.stop(std::move(name), std::move(signals));
}

Task<Status> LocalPlatform::kill(std::string name) { return supervisor_.stop(std::move(name), {}); }

Task<Status> LocalPlatform::remember(ports::Memory memory) {
  if (memory.drains != memory_.drains) {
    if (auto ok = write_file(layout_.drains(), nlohmann::json(memory.drains).dump(2) + "\n", 0644); !ok) co_return ok;
    memory_.drains = memory.drains;
  }
  if (memory.map != memory_.map) {
    if (auto ok = write_file(layout_.map(), memory.map, 0644); !ok) co_return ok;
    memory_.map = memory.map;
  }
  co_return Status{};
}

Task<Status> LocalPlatform::remove(bool keep_data) {
  for (const auto& facts : supervisor_.all()) {
    if (facts.running) co_return chat::base::fail(PlatformErrc::later, facts.name + " still runs");
  }
  auto work = [this, keep_data]() -> Status {
    std::error_code error;
    if (!keep_data) {
      std::filesystem::remove_all(layout_.root, error);
    } else {
      for (const auto& folder : {layout_.config(), layout_.run(), layout_.logs(), layout_.redis()}) {
        if (!error) std::filesystem::remove_all(folder, error);
      }
    }
    if (!error) return {};
    return chat::base::fail(PlatformErrc::later, layout_.root.string() + " can not be removed: " + error.message());
  };
  co_return co_await environment_.pool.run(std::move(work));
}

}  // namespace chatop::local
