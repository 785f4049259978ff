#include "dataplane/services/group_commit.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "dataplane/base/backoff.hpp"
#include "dataplane/domain/errors.hpp"
#include "dataplane/services/draft_batch.hpp"

namespace chat::services {
namespace {

constexpr std::chrono::milliseconds kRetryAfter{1000};

base::Error unavailable(std::string message) {
  return {make_error_code(domain::Errc::unavailable), std::move(message), kRetryAfter};
}

using Batch = DraftBatch;
using Answers = std::vector<std::pair<CommitDone, base::Result<Committed>>>;

}  // namespace

struct GroupCommit::State : std::enable_shared_from_this<State> {
  State(boost::asio::any_io_executor its_executor, const base::Clock& its_clock, const base::Log& its_log,
        base::Metrics& metrics, std::string its_shard, Writer its_writer, GroupCommitOptions its_options)
      : executor(std::move(its_executor)),
        clock(its_clock),
        log(its_log),
        shard(std::move(its_shard)),
        options(its_options),
        batches(metrics.counter("chat_batches_total", "batches written", {{"shard", shard}})),
        batch_messages(metrics.counter("chat_batch_messages_total", "drafts in written batches", {{"shard", shard}})),
        batch_failures(
            metrics.counter("chat_batch_failures_total", "tries that failed as a whole", {{"shard", shard}})),
        batch_seconds(metrics.seconds("chat_batch_seconds", "one call of the shard's write", {{"shard", shard}})),
        queue_length(metrics.gauge("chat_group_commit_queue", "drafts that wait for a batch", {{"shard", shard}})),
        ended(executor, base::SteadyTime::max()),
        writer(std::move(its_writer)),
        queue(its_options.bounds) {}

  // ---- on the committer's thread
  void run() {
    while (auto drafts = next()) {
      if (drafts->empty()) {
        probe();
      } else {
        commit(Batch(std::move(*drafts)));
      }
    }
    boost::asio::post(executor, [self = shared_from_this()] {
      self->finished = true;
      self->ended.cancel();
    });
  }

  // The next batch; an empty one when it is time to prove that the shard is there; nullopt at the end.
  std::optional<std::vector<QueuedDraft>> next() {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, options.idle_probe, [this] { return queue.size() > 0 || stopping; });
    if (stopping && (queue.size() == 0 || std::chrono::steady_clock::now() >= stop_by)) {
      Batch rest(queue.take_all());
      lock.unlock();
      fail_all(rest, "this service is stopping");
      return std::nullopt;
    }
    auto batch = queue.take_batch();
    queue_length.Set(static_cast<double>(queue.size()));
    return batch;
  }

  void probe() {
    auto result = write({});
    std::lock_guard lock(mutex);
    const auto now = clock.steady();
    say(result ? health.probed(now) : failed(result.error(), now));
  }

  base::Result<std::vector<ports::Written>> write(std::span<const domain::Draft> drafts) {
    {
      std::lock_guard lock(mutex);
      if (next_writer) writer = std::move(next_writer);
    }
    return writer->write(drafts, clock.now_milliseconds());
  }

  void commit(Batch first) {
    std::vector<Batch> left;
    left.push_back(std::move(first));
    while (!left.empty()) {
      Batch batch = std::move(left.back());
      left.pop_back();
      if (auto second = settle(batch)) {
        left.push_back(std::move(*second));
        left.push_back(std::move(batch));
      }
    }
  }

  // Tries until every draft of the batch has its answer, or it was cut: then gives the second half.
  std::optional<Batch> settle(Batch& batch) {
    for (unsigned attempt = 0;; ++attempt) {
      expire(batch);
      if (batch.waiting.empty()) return std::nullopt;
      const auto begun = clock.steady();
      auto result = write(batch.drafts);
      const std::chrono::duration<double> took = clock.steady() - begun;
      batch_seconds.Observe(took.count());
      if (result && result->size() == batch.drafts.size()) {
        wrote(took);
        batches.Increment();
        batch_messages.Increment(static_cast<double>(batch.drafts.size()));
        answer(batch, std::move(*result));
        return std::nullopt;
      }
      batch_failures.Increment();
      const auto why =
          result ? base::Error{make_error_code(ports::WriteErrc::unknown_outcome), "a torn answer"} : result.error();
      if (why.code == ports::WriteErrc::rejected) {
        if (batch.waiting.size() > 1) return batch.split();
        log.error(
            "draft_rejected",
            {{"shard", shard}, {"conversation", batch.drafts.front().conversation_id.text()}, {"reason", why.message}});
        fail_all(batch, "this message could not be stored");
        return std::nullopt;
      }
      tell(why);
      if (why.code != ports::WriteErrc::unreachable && why.code != ports::WriteErrc::no_room)
        batch.after_unknown = true;
      if ((attempt & (attempt + 1)) == 0)  // the 1st, 2nd, 4th, 8th …: a shard that is away is not a flood of lines
        log.warn("batch_failed",
                 {{"shard", shard}, {"drafts", batch.drafts.size()}, {"attempt", attempt}, {"reason", why.message}});
      if (!wait(base::backoff(attempt, spread(engine), options.first_backoff, options.most_backoff))) {
        fail_all(batch, "this service is stopping");
      }
    }
  }

  // False when the time to stop is over.
  bool wait(std::chrono::milliseconds pause) {
    std::unique_lock lock(mutex);
    const auto until = std::chrono::steady_clock::now() + pause;
    changed.wait_until(lock, until, [this] { return stopping && std::chrono::steady_clock::now() >= stop_by; });
    return !stopping || std::chrono::steady_clock::now() < stop_by;
  }

  void answer(Batch& batch, std::vector<ports::Written> written) {
    Answers answers;
    answers.reserve(written.size());
    for (std::size_t i = 0; i < written.size(); ++i) {
      answers.emplace_back(std::move(batch.waiting[i].done),
                           Committed{std::move(written[i]), std::move(batch.drafts[i]), batch.after_unknown});
    }
    post(std::move(answers));
  }

  // Drafts past their deadline are answered, here and in the queue: a shard that is away must not keep people waiting.
  void expire(Batch& batch) {
    const auto now = clock.steady();
    Answers answers;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < batch.waiting.size(); ++i) {
      if (batch.waiting[i].deadline <= now) {
        answers.emplace_back(std::move(batch.waiting[i].done), late());
      } else if (kept++ != i) {
        batch.waiting[kept - 1] = std::move(batch.waiting[i]);
        batch.drafts[kept - 1] = std::move(batch.drafts[i]);
      }
    }
    batch.waiting.resize(kept);
    batch.drafts.resize(kept);
    std::unique_lock lock(mutex);
    for (auto& item : queue.take_expired(now)) answers.emplace_back(std::move(item.done), late());
    queue_length.Set(static_cast<double>(queue.size()));
    lock.unlock();
    post(std::move(answers));
  }
  static base::Result<Committed> late() {
    return base::fail(
        unavailable("it is not known yet whether this message was stored: send it again with the same client_msg_id"));
  }

  void fail_all(Batch& batch, const std::string& why) {
    Answers answers;
    for (auto& item : batch.waiting) answers.emplace_back(std::move(item.done), base::fail(unavailable(why)));
    batch.waiting.clear();
    batch.drafts.clear();
    post(std::move(answers));
  }

  void post(Answers answers) {
    if (answers.empty()) return;
    boost::asio::post(executor, [answers = std::move(answers)]() mutable {
      for (auto& [done, result] : answers) done(std::move(result));
    });
  }

  void wrote(std::chrono::duration<double> took) {
    std::lock_guard lock(mutex);
    const auto now = clock.steady();
    const bool was_slow = health.slow(now);
    say(health.wrote(took, now));
    if (health.slow(now) != was_slow) log.warn(was_slow ? "shard_fast_again" : "shard_slow", {{"shard", shard}});
  }
  void tell(const base::Error& why) {
    std::lock_guard lock(mutex);
    say(failed(why, clock.steady()));
  }

  // ---- with the mutex held
  bool failed(const base::Error& why, base::SteadyTime now) {
    return health.failed(why.message, why.code == ports::WriteErrc::no_room, now);
  }
  void say(bool news) {
    if (!news) return;
    if (health.trouble().empty())
      log.info("shard_writable", {{"shard", shard}});
    else
      log.warn("shard_not_writable", {{"shard", shard}, {"reason", health.trouble()}});
  }

  boost::asio::any_io_executor executor;
  const base::Clock& clock;
  const base::Log& log;
  std::string shard;
  GroupCommitOptions options;
  prometheus::Counter& batches;
  prometheus::Counter& batch_messages;
  prometheus::Counter& batch_failures;
  prometheus::Histogram& batch_seconds;
  prometheus::Gauge& queue_length;
  boost::asio::steady_timer ended;  // cancelled when the thread has nothing more to do; of the executor's thread…
  bool finished = false;            // …like this
  Writer writer;                    // of the thread alone
  std::minstd_rand engine{std::random_device{}()};
  std::uniform_real_distribution<double> spread{0.0, 1.0};

  mutable std::mutex mutex;  // for all below
  std::condition_variable changed;
  DraftQueue queue;
  Writer next_writer;
  bool stopping = false;
  base::SteadyTime stop_by;
  ShardHealth health;
};

GroupCommit::GroupCommit(boost::asio::any_io_executor executor, const base::Clock& clock, const base::Log& log,
                         base::Metrics& metrics, std::string shard, Writer writer, GroupCommitOptions options)
    : state_(std::make_shared<State>(std::move(executor), clock, log, metrics, std::move(shard), std::move(writer),
                                     options)),
      thread_([state = state_] { state->run(); }) {}

GroupCommit::~GroupCommit() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    state_->stop_by = base::SteadyTime::min();
  }
  state_->changed.notify_all();
  thread_.join();
}

void GroupCommit::submit(domain::Draft draft, base::SteadyTime deadline, CommitDone done) {
  QueuedDraft queued{std::move(draft), deadline, std::move(done)};
  std::unique_lock lock(state_->mutex);
  const bool taken = !state_->stopping && state_->queue.push(queued);
  if (taken) state_->queue_length.Set(static_cast<double>(state_->queue.size()));
  lock.unlock();
  if (taken) return state_->changed.notify_one();
  Answers answers;
  answers.emplace_back(
      std::move(queued.done),
      base::fail(unavailable("too many messages wait to be stored: send it again after the time to wait")));
  state_->post(std::move(answers));
}

void GroupCommit::replace_writer(Writer writer) {
  std::lock_guard lock(state_->mutex);
  state_->next_writer = std::move(writer);
}

base::Task<> GroupCommit::stop(base::SteadyTime deadline) {
  {
    std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    state_->stop_by = deadline;
  }
  state_->changed.notify_all();
  // The thread ends by itself: what it waits for (backoff, one write) is bounded.
  if (!state_->finished) (void)co_await base::sleep_until(state_->ended, base::SteadyTime::max());
}

std::string GroupCommit::not_writable() const {
  std::lock_guard lock(state_->mutex);
  return state_->health.trouble();
}

GroupCommit::Finding GroupCommit::finding() const {
  std::lock_guard lock(state_->mutex);
  const auto now = state_->clock.steady();
  return {state_->health.lasting_trouble(now), state_->health.slow(now)};
}

}  // namespace chat::services
