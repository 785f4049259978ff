#pragma once
#include <chrono>
#include <functional>
#include <memory>

#include "dataplane/base/task.hpp"
#include "operator/ports/data_plane.hpp"
#include "operator/ports/process.hpp"

namespace chatop::ports {

// How an act of the platform can fail: `later` may succeed when tried again; the others need somebody to change
// something first (a program is not installed, a disk is full, a folder may not be written): their message is a
// sentence that says what.
enum class PlatformErrc { later = 1, person, disk_full, no_permission, bad_name, secret_missing, quota_full };
std::error_code make_error_code(PlatformErrc code);

struct ShardAccess {
  chat::base::HostPort address;
  std::string superuser;  // where it is external: the user that owns the database, who may be none
  std::string superuser_password;
  std::string chat_password;            // of the role that the daemons log in as
  bool external = false;                // somebody else runs it
  std::string sslmode = "verify-full";  // with `trust`: or verify-ca
  // Of before it was changed: where the server knows only this one, it is told the new one. May be empty.
  std::string earlier_superuser_password = {};
  Trust trust = {};
};

struct RedisReport {
  bool answers = false;
  bool takes_writes = true;        // false: its memory is full and nothing may be evicted
  std::int64_t evicted_keys = 0;   // since it was started
  std::int64_t round_trip_ms = 0;  // of one command
};

// Where the processes of one ChatCluster live: child processes here, pods on Kubernetes. One thread: every call comes
// from the event loop; acts may take long and run beside each other. Acts are idempotent: asked twice they do it once.
class Platform {
 public:
  virtual ~Platform() = default;
  // Reads what earlier operators left. Before everything else, and again until it succeeds.
  virtual chat::base::Task<chat::base::Status> open() = 0;
  [[nodiscard]] virtual PlatformView observe(const std::vector<ProcessSpec>& wanted) = 0;
  [[nodiscard]] virtual Memory memory() = 0;

  virtual chat::base::Task<chat::base::Status> prepare_cluster() = 0;
  virtual chat::base::Task<chat::base::Status> prepare(ProcessSpec process) = 0;
  virtual chat::base::Task<chat::base::Status> start(ProcessSpec process) = 0;
  // Makes the volume of a shard as large as the spec wants. Where volumes have no size none is ever outgrown.
  virtual chat::base::Task<chat::base::Status> grow_volume(std::string /*name*/) { co_return chat::base::Status{}; }
  // Asks it to end, waits up to `grace`, then ends it. Done when it is gone.
  virtual chat::base::Task<chat::base::Status> stop(std::string name, std::chrono::milliseconds grace) = 0;
  // Ends it at once: it hangs.
  virtual chat::base::Task<chat::base::Status> kill(std::string name) = 0;
  virtual chat::base::Task<chat::base::Status> remember(Memory memory) = 0;
  // Everything of the cluster on this platform. Refused while a process of it runs. `keep_data`: the shards' data
  // stays, with what a cluster of the same name needs to serve it again.
  virtual chat::base::Task<chat::base::Status> remove(bool keep_data) = 0;
  // Small chores that wait for nothing (log rotation). At most one at a time.
  virtual chat::base::Task<> tidy() = 0;
  // Acts that wait for something end soon, undone: whoever comes next goes on with them.
  virtual void give_up() {}
  // Stops watching and leaves everything running.
  virtual chat::base::Task<> close() = 0;
  virtual chat::base::Task<RedisReport> redis_report() = 0;

  // Valid once prepared.
  [[nodiscard]] virtual chat::base::Result<ShardAccess> shard_access(const std::string& shard) = 0;
  [[nodiscard]] virtual chat::base::Result<AdminAccess> admin_access() = 0;
  // What the last two gave was refused somewhere: it may have been changed, and is read again soon.
  virtual void refused() {}
};

// Makes the platform of one ChatCluster, which is named by its key (StoredCluster); `changed` is called on the loop
// when a process of it started or ended.
using PlatformFactory = std::function<std::unique_ptr<Platform>(std::string key, std::function<void()> changed)>;

}  // namespace chatop::ports

template <>
struct std::is_error_code_enum<chatop::ports::PlatformErrc> : std::true_type {};
