#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/base/task.hpp"
#include "operator/ports/platform.hpp"

namespace chatop::ports {

struct OwnedRange {
  int low = 0;
  int high = 0;  // inclusive
  std::string owner;
  std::int64_t epoch = 0;
  bool operator==(const OwnedRange&) const = default;
};

struct ShardReport {
  bool takes_writes = false;
  bool migrated = false;           // every migration file has run here, unchanged
  std::string migration_problem;   // a sentence: a file that has run was changed or is missing
  std::string identity;            // the name it was given; empty: none yet
  std::vector<OwnedRange> ranges;  // its own truth of who owns what, sorted by low
  std::int64_t bytes = 0;
  std::int64_t messages_total = 0;    // stored since its statistics began
  std::string login_problem;          // a sentence: the role of the daemons can not log in with our password
  std::int64_t connections = 0;       // that clients hold, this one included
  std::int64_t most_connections = 0;  // that clients other than superusers may hold; 0: not known
  std::string most_by;                // the application that holds most of them
};

enum class ShardErrc { unreachable = 1, refused, changed_migration };
std::error_code make_error_code(ShardErrc code);

// What is done inside a shard's Postgres. Calls block a thread of a bounded pool, not the loop; each has a deadline.
class ShardAdmin {
 public:
  virtual ~ShardAdmin() = default;
  virtual chat::base::Task<chat::base::Result<ShardReport>> report(ShardAccess access) = 0;
  // The role and the database of the daemons, then the migrations.
  virtual chat::base::Task<chat::base::Status> migrate(ShardAccess access) = 0;
  // The role of the daemons can log in with our password again.
  virtual chat::base::Task<chat::base::Status> restore_login(ShardAccess access) = 0;
  // Tells the shard its name and who owns which buckets; an older epoch is refused by the shard.
  virtual chat::base::Task<chat::base::Status> own(ShardAccess access, std::string shard,
                                                   std::vector<OwnedRange> ranges) = 0;
};

}  // namespace chatop::ports

template <>
struct std::is_error_code_enum<chatop::ports::ShardErrc> : std::true_type {};
