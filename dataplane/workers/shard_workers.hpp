#pragma once
#include <functional>
#include <map>

#include "dataplane/domain/cluster_map.hpp"
#include "dataplane/workers/shard_worker.hpp"

namespace chat::workers {

// A ShardWorker for each shard of the map. On the executor's thread, from the first update() to stop().
class ShardWorkers {
 public:
  using Open = std::function<std::unique_ptr<ports::EventLog>(const domain::Shard&)>;
  ShardWorkers(ShardWorkerParts parts, Open open, ShardWorkerOptions options = {});

  // Shards that are new or have another address get a new worker, those that are gone lose theirs.
  void update(const domain::ClusterMap& map);
  // Lets each finish what it is doing; false where `deadline` passed first.
  [[nodiscard]] base::Task<bool> stop(base::SteadyTime deadline);

  [[nodiscard]] std::string trouble() const;                        // the first there is
  [[nodiscard]] std::map<std::string, std::string> states() const;  // by shard: reading, standby, or the trouble

 private:
  struct Entry {
    base::HostPort address;
    std::shared_ptr<ShardWorker> worker;  // shared with its own loops, which may end after the map dropped it
  };
  ShardWorkerParts parts_;
  Open open_;
  ShardWorkerOptions options_;
  std::map<std::string, Entry> workers_;
  base::TaskGroup tasks_;
};

}  // namespace chat::workers
