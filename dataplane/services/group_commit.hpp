#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <random>
#include <thread>

#include "dataplane/base/log.hpp"
#include "dataplane/base/metrics.hpp"
#include "dataplane/services/draft_queue.hpp"
#include "dataplane/services/shard_health.hpp"

namespace chat::services {

struct GroupCommitOptions {
  DraftQueue::Bounds bounds;
  std::chrono::milliseconds first_backoff{20};
  std::chrono::milliseconds most_backoff{500};
  std::chrono::milliseconds idle_probe{1000};  // how often an idle committer proves that it can write
};

// Writes one shard's drafts in batches: one batch is in flight while the next one fills, and nobody waits for a timer.
// A batch whose outcome is not known is written again until it is (I1, I2), a refused one is cut in halves until
// the draft that spoils it stands alone.
//
// Lives from its constructor to stop(). It owns the ShardWriter and a thread that alone calls it. submit() and stop()
// are called on the executor's thread, and every `done` comes there, exactly once, never from inside submit().
class GroupCommit {
 public:
  using Writer = std::unique_ptr<ports::ShardWriter>;
  GroupCommit(boost::asio::any_io_executor executor, const base::Clock& clock, const base::Log& log,
              base::Metrics& metrics, std::string shard, Writer writer, GroupCommitOptions options = {});
  ~GroupCommit();  // answers what is left with `unavailable`: that is not run after the executor's loop has ended
  GroupCommit(const GroupCommit&) = delete;
  GroupCommit& operator=(const GroupCommit&) = delete;

  // Past the queue's bound, or once stopping: `unavailable` at once.
  void submit(domain::Draft draft, base::SteadyTime deadline, CommitDone done);
  // The shard has another address now: the next try goes there.
  void replace_writer(Writer writer);
  // Finishes what is queued; what is not known by `deadline` is answered `unavailable`.
  [[nodiscard]] base::Task<> stop(base::SteadyTime deadline);
  // Empty where the last try could write to the shard; else why it could not.
  [[nodiscard]] std::string not_writable() const;
  struct Finding {
    std::string trouble;  // the same, where it lasts
    bool slow = false;    // commits take long
  };
  [[nodiscard]] Finding finding() const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with answers that are under way to the executor
  std::thread thread_;
};

}  // namespace chat::services
