#pragma once
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace chatop::local {

// Who a process of ours is: written by the launcher into run/<process>.json just before it becomes the process, and
// proven by a write lock on that file that the process holds as long as it lives. A pid alone proves nothing.
struct Identity {
  std::string name;
  std::int64_t pid = 0;
  std::int64_t start_time = 0;  // clock ticks since boot: field 22 of /proc/<pid>/stat
  std::string boot_id;
  std::string config_hash;
  std::vector<std::string> command;
  std::int64_t started_ms = 0;  // wall clock, for people
  std::int64_t restarts = 0;
  bool operator==(const Identity&) const = default;
};

[[nodiscard]] std::string to_json(const Identity& identity);
[[nodiscard]] std::optional<Identity> parse_identity(const std::string& json);

[[nodiscard]] std::string boot_id();
[[nodiscard]] std::optional<std::int64_t> start_time_of(std::int64_t pid);  // nullopt: no such process, or a zombie
// How long ago that start time, of this boot, is: no step of the wall clock changes it.
[[nodiscard]] std::int64_t milliseconds_since(std::int64_t start_time);
// The process that holds the write lock on `file`; 0 where nobody does.
[[nodiscard]] std::int64_t lock_holder(const std::filesystem::path& file);

// What was found around an identity file, apart from how it was found, so that the decision can be tested.
struct Evidence {
  std::int64_t lock_holder = 0;
  std::optional<std::int64_t> start_time;
  std::string boot_id;
};
[[nodiscard]] bool proves(const Evidence& evidence, const Identity& identity);

}  // namespace chatop::local
