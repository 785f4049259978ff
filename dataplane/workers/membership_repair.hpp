#pragma once
#include "dataplane/base/task.hpp"

#include <string>

#include "dataplane/base/clock.hpp"
#include "dataplane/base/log.hpp"
#include "dataplane/base/metrics.hpp"
#include "dataplane/ports/directory.hpp"
#include "dataplane/ports/shard_upkeep.hpp"

namespace chat::workers {

// Compares the two sides of every membership of one shard and makes the user side agree with the conversation side,
// which is the truth: members without a link get one, links without a membership go. Bounded pages with pauses; a
// pass over a very large shard goes on where the last one ended. Crossing changes are safe: members_rev decides.
// One thread; one pass() at a time.
class MembershipRepair {
 public:
  MembershipRepair(const base::Clock& clock, const base::Log& log, base::Metrics& metrics, ports::Directory& directory,
                   ports::ShardUpkeep& upkeep, std::string shard);
  // Ends early, with what it has, where `stopping` becomes true. Answers how many links it repaired.
  [[nodiscard]] base::Task<base::Result<std::int64_t>> pass(const bool& stopping);

 private:
  using Pairs = std::vector<ports::ShardUpkeep::Pair>;
  base::Task<base::Result<std::int64_t>> add_missing(Pairs members);
  base::Task<base::Result<std::int64_t>> drop_wrong(Pairs links);
  void report(const char* action, const Pairs& pairs);

  const base::Clock& clock_;
  const base::Log& log_;
  base::Metrics& metrics_;
  ports::Directory& directory_;
  ports::ShardUpkeep& upkeep_;
  std::string shard_;
  ports::ShardUpkeep::Pair members_from_;
  ports::ShardUpkeep::Pair links_from_;
};

}  // namespace chat::workers
