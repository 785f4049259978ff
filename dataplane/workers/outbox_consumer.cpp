#include "dataplane/workers/outbox_consumer.hpp"

#include <map>

#include "dataplane/workers/membership_event.hpp"

namespace chat::workers {
namespace {

constexpr std::size_t kMostEvents = 500;

// A label with a bounded set of values, whatever a newer writer puts into the outbox.
std::string label_of(const ports::Event& event) {
  return changes_membership(event) || event.kind == "message" ? event.kind : "other";
}

}  // namespace

OutboxConsumer::OutboxConsumer(const base::Log& log, base::Metrics& metrics, ports::Directory& directory,
                               std::string shard, std::unique_ptr<ports::EventLog> events)
    : log_(log),
      metrics_(metrics),
      directory_(directory),
      shard_(std::move(shard)),
      events_(std::move(events)),
      thread_("the outbox reader of " + shard_, 1, 4) {}

OutboxConsumer::Turn OutboxConsumer::failed(const base::Error& error) {
  trouble_ = shard_ + ": " + error.message;
  return Turn::failed;
}

// Claims the outbox where it is not claimed yet; no events and no claim: another worker has it.
base::Task<base::Result<std::vector<ports::Event>>> OutboxConsumer::read() {
  auto work = [this]() -> base::Result<std::vector<ports::Event>> {
    if (!claimed_) {
      auto claimed = events_->claim();
      if (!claimed) return base::fail(std::move(claimed).error());
      claimed_ = *claimed;
      if (!claimed_) return std::vector<ports::Event>();
    }
    auto events = events_->read(static_cast<int>(kMostEvents));
    if (!events) claimed_ = false;  // the connection may be gone, and the claim with it
    return events;
  };
  co_return co_await thread_.run(work);
}

base::Task<OutboxConsumer::Turn> OutboxConsumer::turn() {
  trouble_.clear();
  auto events = co_await read();
  if (!events) co_return failed(events.error());
  if (!claimed_) co_return Turn::standby;
  if (events->empty()) co_return Turn::idle;
  std::vector<ports::Event> done;
  std::set<base::Ulid> blocked;  // conversations whose next event could not be done: later ones must wait for it
  base::Error first_failure;
  for (auto& event : *events) {
    if (blocked.contains(event.conversation_id)) continue;
    auto applied = co_await apply(event);
    if (applied) {
      done.push_back(std::move(event));
    } else {
      if (blocked.empty()) first_failure = applied.error();
      blocked.insert(event.conversation_id);
    }
  }
  if (!done.empty()) {
    auto remove = [this, &done] { return events_->remove(done); };
    auto removed = co_await thread_.run(remove);
    if (!removed) co_return failed(removed.error());
    count(done);
  }
  if (!blocked.empty()) co_return failed(first_failure);
  co_return events->size() == kMostEvents ? Turn::worked : Turn::caught_up;
}

void OutboxConsumer::count(const std::vector<ports::Event>& done) {
  std::map<std::string, int> by_kind;
  for (const auto& event : done) ++by_kind[label_of(event)];
  for (const auto& [kind, events] : by_kind)
    metrics_.counter("chat_worker_events_total", "events of the outbox that are done", {{"kind", kind}})
        .Increment(events);
}

base::Task<base::Status> OutboxConsumer::apply(const ports::Event& event) {
  if (!changes_membership(event)) co_return base::Status{};
  auto asked = read_membership_event(event);
  if (!asked) {
    // It would be as malformed the next time, and keep everything behind it waiting. The repair mends what it meant.
    log_.error("outbox_event_malformed",
               {{"shard", shard_}, {"id", event.id}, {"kind", event.kind}, {"why", asked.error().message}});
    co_return base::Status{};
  }
  if (asked->together) {
    co_return co_await directory_.link(std::move(asked->users), event.conversation_id, asked->members_rev,
                                       event.created_at);
  }
  co_return co_await directory_.unlink(std::move(asked->users), event.conversation_id, asked->members_rev);
}

}  // namespace chat::workers
