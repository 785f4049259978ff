#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/base/result.hpp"
#include "dataplane/base/task.hpp"
#include "dataplane/base/ulid.hpp"

namespace chat::ports {

// What keeps a shard's data right over time: comparing the two sides of a membership (the truth beside the
// conversation, the index beside the user), and the months ahead.
class ShardUpkeep {
 public:
  struct Pair {
    std::uint16_t bucket = 0;  // of the side it was read from
    base::Ulid conversation_id;
    base::Ulid user_id;
    std::int64_t members_rev = 0;
    std::int64_t joined_at = 0;  // members_after only
    bool owned = true;           // false: not for this shard to speak for; only its place in the order counts
  };
  struct Side {
    bool together = false;         // a member; linked
    std::int64_t members_rev = 0;  // 0 where there is no row
  };

  virtual ~ShardUpkeep() = default;
  // Pages in key order through a shard's memberships, or its users' links: those after `last` (default: from the
  // start). Fewer than `limit` were the last ones.
  virtual base::Task<base::Result<std::vector<Pair>>> members_after(std::string shard, Pair last, int limit) = 0;
  virtual base::Task<base::Result<std::vector<Pair>>> links_after(std::string shard, Pair last, int limit) = 0;
  // The other side of each pair, in order, wherever it is.
  virtual base::Task<base::Result<std::vector<Side>>> links_of(std::vector<Pair> pairs) = 0;
  virtual base::Task<base::Result<std::vector<Side>>> memberships_of(std::vector<Pair> pairs) = 0;
  // Makes the partitions of messages for the year ahead; answers how many were missing.
  virtual base::Task<base::Result<std::int64_t>> ensure_partitions(std::string shard) = 0;
};

}  // namespace chat::ports
