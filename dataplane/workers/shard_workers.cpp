#include "dataplane/workers/shard_workers.hpp"

namespace chat::workers {

ShardWorkers::ShardWorkers(ShardWorkerParts parts, Open open, ShardWorkerOptions options)
    : parts_(parts), open_(std::move(open)), options_(options), tasks_(parts.executor) {}

void ShardWorkers::update(const domain::ClusterMap& map) {
  std::erase_if(workers_, [&map](const auto& entry) {
    const auto* shard = map.shard(entry.first);
    const auto& address = entry.second.address;
    const bool same = shard != nullptr && shard->address.host == address.host && shard->address.port == address.port;
    if (!same) entry.second.worker->stop();
    return !same;
  });
  for (const auto& shard : map.shards) {
    if (workers_.contains(shard.name)) continue;
    auto worker = std::make_shared<ShardWorker>(parts_, shard.name, open_(shard), options_);
    tasks_.spawn("outbox of " + shard.name, ShardWorker::run_outbox(worker));
    tasks_.spawn("upkeep of " + shard.name, ShardWorker::run_upkeep(worker));
    workers_.emplace(shard.name, Entry{shard.address, std::move(worker)});
  }
}

base::Task<bool> ShardWorkers::stop(base::SteadyTime deadline) {
  for (auto& [shard, entry] : workers_) entry.worker->stop();
  co_return co_await tasks_.idle(deadline);
}

std::string ShardWorkers::trouble() const {
  for (const auto& [shard, entry] : workers_) {
    if (!entry.worker->trouble().empty()) return entry.worker->trouble();
  }
  return {};
}

std::map<std::string, std::string> ShardWorkers::states() const {
  std::map<std::string, std::string> states;
  for (const auto& [shard, entry] : workers_) {
    const auto& trouble = entry.worker->trouble();
    states[shard] = !trouble.empty() ? trouble : entry.worker->reading() ? "reading" : "standby";
  }
  return states;
}

}  // namespace chat::workers
