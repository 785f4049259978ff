#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/config.hpp"
#include "operator/ports/finding.hpp"

namespace chatop::ports {

// The kinds of processes of a ChatCluster. A name is "<prefix>-<ordinal>", but there is one "redis".
enum class Role { shard, redis, messages, worker, api, gateway };
// In the order they are started: what others need comes first.
inline constexpr std::array<Role, 6> kRoles{Role::shard,  Role::redis, Role::messages,
                                            Role::worker, Role::api,   Role::gateway};
// The programs of our own; the others are PostgreSQL and Redis.
[[nodiscard]] constexpr bool is_daemon(Role role) { return role != Role::shard && role != Role::redis; }

[[nodiscard]] std::string process_name(Role role, int ordinal);
struct RoleAndOrdinal {
  Role role;
  int ordinal;
};
// nullopt: not a name that process_name() makes.
[[nodiscard]] std::optional<RoleAndOrdinal> parse_process_name(std::string_view name);

// One process that should be there, and everything of the spec that shapes how it is started. What can change while it
// runs (limits, addresses of others) is not here: it travels in the cluster map.
struct ProcessSpec {
  std::string name;
  Role role = Role::worker;
  int ordinal = 0;
  std::string version;
  std::vector<std::string> allowed_origins;  // gateway, api
  std::string public_url;                    // api: as browsers see it
  std::int64_t max_connections = 0;          // shard
  std::int64_t memory_bytes = 0;             // redis
  bool operator==(const ProcessSpec&) const = default;
};

// So many ends in a row, each soon after the start, are called a crash loop.
inline constexpr unsigned kCrashLoop = 4;

// One process as the platform sees it: memory and /proc, or Pods; no questions asked to the process itself.
struct ProcessView {
  std::string name;
  Role role = Role::worker;
  int ordinal = 0;
  bool prepared = false;  // what it is started with is there; a shard's data directory initialised
  // As others reach it. Port 0 where a process has its address only while it runs, and does not run.
  chat::base::HostPort address;
  chat::base::HostPort admin;     // daemons
  chat::base::HostPort asked_at;  // where the operator asks a daemon, where that is not `admin`
  std::string wanted_hash;        // of the configuration it would be started with now
  // What the plan could ask for is asked for: the platform starts, replaces or ends it by itself now.
  bool in_hand = false;
  // Of one that does not run: the platform starts it again by itself, as it was configured before. To ask for its start
  // is to ask for what is wanted now, there and of its like.
  bool comes_back = false;
  bool external = false;  // somebody else runs it: it is looked after, and neither started nor ended
  bool outgrown = false;  // shard: its volume is smaller than the spec wants, and may grow
  std::int64_t news = 0;  // another number when the platform noticed something about it: it is asked at once
  bool running = false;
  // Who comes to it by the address that people know arrives there: elsewhere than here that takes a moment longer.
  bool reachable = true;
  bool stopping = false;  // told to end, not gone yet
  std::int64_t pid = 0;
  std::string running_hash;             // of the configuration it was started with
  std::int64_t started_ms = 0;          // this and ended_ms: steady (ports/steady.hpp)
  std::int64_t restarts = 0;            // how often it was started again after it ended by itself
  unsigned failures = 0;                // ends in a row that came soon after the start
  std::int64_t ended_ms = 0;            // when it was last seen to end by itself; 0: never
  std::string how_it_ended;             // "was killed by signal 9"
  std::vector<std::string> last_lines;  // of its log, where it failed
};

[[nodiscard]] inline const chat::base::HostPort& asked_at(const ProcessView& process) {
  return process.asked_at.port != 0 ? process.asked_at : process.admin;
}

// A disk that something of the cluster is kept on.
struct DiskView {
  std::string path;                // of the first thing on it
  std::vector<std::string> holds;  // "shard-0", "logs"
  std::int64_t free_bytes = 0;     // for our users; 0 also where no more files can be made
  std::int64_t total_bytes = 0;
};

// A port that people know and another program had taken when we wanted it.
struct TakenPort {
  std::string key;  // "api", "gateways"
  std::uint16_t was = 0;
  std::uint16_t is = 0;
  std::string holder;  // "nginx (pid 17)"; empty: not known
};

// What of the spec a kind of platform serves beyond what every one does.
struct Offer {
  std::string where = "in local mode";  // for sentences
  bool versions = false;                // spec.version and spec.image
  bool external = false;                // spec.shards.external and spec.redis.external
  bool tls = false;                     // spec.tls
};

struct PlatformView {
  Offer offer;
  bool prepared = false;                 // secrets and directories are there
  std::vector<ProcessView> processes;    // what was asked about, and whatever else runs
  chat::base::HostPort gateways_shared;  // the address that all gateways share; port 0: not chosen yet
  chat::base::HostPort api_shared;
  std::vector<DiskView> disks;
  std::vector<TakenPort> taken_ports;
  std::vector<Finding> findings;  // what keeps processes from running
  bool ends_hung = false;         // the platform itself ends what hangs
};

// What the plan remembers from one operator to the next. `map` is the published cluster map (JSON with its version).
// `drains`: since when (steady milliseconds) a gateway is being drained; written before it is told.
struct Memory {
  std::string map;
  std::map<std::string, std::int64_t> drains;
  bool operator==(const Memory&) const = default;
};

}  // namespace chatop::ports
