#include "dataplane/workers/shard_worker.hpp"

#include "dataplane/base/backoff.hpp"

namespace chat::workers {

using Turn = OutboxConsumer::Turn;
using std::chrono::steady_clock;

ShardWorker::ShardWorker(ShardWorkerParts parts, std::string shard, std::unique_ptr<ports::EventLog> events,
                         ShardWorkerOptions options)
    : parts_(parts),
      shard_(std::move(shard)),
      options_(options),
      consumer_(parts.log, parts.metrics, parts.directory, shard_, std::move(events)),
      repair_(parts.clock, parts.log, parts.metrics, parts.directory, parts.upkeep, shard_),
      outbox_timer_(parts.executor),
      upkeep_timer_(parts.executor),
      trouble_(shard_ + ": not reached yet") {}

void ShardWorker::stop() {
  stopping_ = true;
  outbox_timer_.cancel();
  upkeep_timer_.cancel();
}

std::chrono::milliseconds ShardWorker::pause_after(Turn turn) {
  if (turn != Turn::failed) {
    if (failures_ > 0) parts_.log.info("outbox_recovered", {{"shard", shard_}, {"after_failures", failures_}});
    failures_ = 0;
    return turn == Turn::worked ? std::chrono::milliseconds(0) : options_.idle;
  }
  if (failures_ == 0) parts_.log.warn("outbox_failed", {{"shard", shard_}, {"why", trouble_}});
  const double jitter = std::uniform_real_distribution<double>(0, 1)(jitter_);
  return base::backoff(failures_++, jitter, options_.first_backoff, options_.most_backoff);
}

base::Task<> ShardWorker::run_outbox(std::shared_ptr<ShardWorker> self) {
  while (!self->stopping_) {
    const bool was_reading = self->reading();
    const auto turn = co_await self->consumer_.turn();
    self->trouble_ = self->consumer_.trouble();
    if (self->reading() && !was_reading) {
      self->parts_.log.info("outbox_claimed", {{"shard", self->shard_}});
      self->upkeep_timer_.cancel();  // what is due need not wait for the next look
    }
    const auto pause = self->pause_after(turn);
    if (self->stopping_) break;
    if (pause.count() > 0) (void)co_await base::sleep_until(self->outbox_timer_, steady_clock::now() + pause);
  }
}

base::Task<> ShardWorker::run_upkeep(std::shared_ptr<ShardWorker> self) {
  while (!self->stopping_) {
    if (self->reading()) co_await self->upkeep_once();
    if (self->stopping_) break;
    (void)co_await base::sleep_until(self->upkeep_timer_, steady_clock::now() + self->options_.between_repairs);
  }
}

base::Task<> ShardWorker::upkeep_once() {
  auto repaired = co_await repair_.pass(stopping_);
  if (!repaired) parts_.log.warn("repair_failed", {{"shard", shard_}, {"why", repaired.error().message}});
  if (stopping_) co_return;
  auto made = co_await parts_.upkeep.ensure_partitions(shard_);
  if (!made) parts_.log.warn("partitions_failed", {{"shard", shard_}, {"why", made.error().message}});
}

}  // namespace chat::workers
