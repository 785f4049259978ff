// What a session reads from the store: a sync, and what its user joined too late to see live.
#include "dataplane/base/planted.hpp"
#include "dataplane/domain/errors.hpp"
#include "dataplane/gateway/session.hpp"

namespace chat::gateway {
namespace {

constexpr int kPage = 200;

bool not_mine(const base::Error& error) {
  return error.code == domain::make_error_code(domain::Errc::not_found) ||
         error.code == domain::make_error_code(domain::Errc::forbidden);
}

}  // namespace

Feed::Send Session::sender() {
  return [this](const Frame& frame) { send(frame); };
}

Feed::Delivered Session::delivered() const {
  return [this](const Ulid& conversation) { return context_.hub.delivered(identity_->user_id, conversation); };
}

// One reading at a time on a connection: two would mix their revs.
base::Task<> Session::reading_turn() {
  while (reading_)
    co_await turn_.wait(context_.executor, std::chrono::steady_clock::now() + context_.options.slow_reader);
  reading_ = true;
}

void Session::reading_done() {
  reading_ = false;
  turn_.notify();
}

base::Task<> Session::sync([[maybe_unused]] std::shared_ptr<Session> self, protocol::SyncFrame frame,
                           std::optional<std::string> id) {
  co_await reading_turn();
  const auto begun_at = context_.clock.steady();
  feed_.hold_all();
  auto done = co_await answer_sync(std::move(frame));
  if (done) {
    send(make_frame(protocol::sync_done_frame(*done, id)));
  } else {
    answer_error(done.error(), id);
  }
  co_await read_missing(std::nullopt);
  feed_.release_all(sender(), delivered());
  reading_done();
  --syncs_;
  const std::chrono::duration<double> took = context_.clock.steady() - begun_at;
  context_.metrics.sync_seconds.Observe(took.count());
}

base::Task<base::Result<std::map<Ulid, std::int64_t>>> Session::answer_sync(protocol::SyncFrame frame) {
  auto points = co_await context_.path.sync_points(identity_->user_id, identity_->device_id,
                                                   std::move(frame.conversations), true);
  if (!points) co_return base::fail(points.error());
  std::vector<domain::Head> heads;
  heads.reserve(points->size());
  for (const auto& point : *points) heads.push_back(point.head);
  if (at_hub_) context_.hub.noticed(identity_->user_id, heads);

  std::map<Ulid, std::int64_t> done;
  for (const auto& point : *points) {
    if (closing_) break;
    auto last = point.head.rev;
    if (point.after_rev < point.head.rev) {
      auto read = co_await read_changes(point.conversation_id, point.after_rev);
      if (!read && not_mine(read.error())) continue;  // no longer: left out
      if (!read) co_return base::fail(read.error());
      last = *read;
    }
    feed_.answered(point.conversation_id, last);
    done.emplace(point.conversation_id, last);
  }
  co_return done;
}

// Sends what changed after `after`, as fast as the client reads, and answers up to which rev.
base::Task<base::Result<std::int64_t>> Session::read_changes(Ulid conversation, std::int64_t after) {
  std::int64_t newest_seq = -1;
  reading_of_ = conversation;
  taken_away_ = false;
  while (!closing_) {
    auto page = co_await context_.path.changes(conversation, identity_->user_id, after, kPage);
    if (!page) co_return base::fail(page.error());
    for (const auto& item : page->items) {
      if (item.rev <= after) continue;
      if (base::planted(base::Fault::sync_skips_one, 2)) {
        after = item.rev;
        continue;
      }
      while (!closing_ && transport_->crowded()) {
        const bool room =
            co_await room_.wait(context_.executor, std::chrono::steady_clock::now() + context_.options.slow_reader);
        if (!room) close(CloseCode::policy, "reads too slowly");
      }
      if (closing_) co_return after;
      if (taken_away_) co_return base::fail(domain::Errc::not_found, "no longer a member");
      auto text = item.seq > newest_seq ? protocol::message_frame(item) : protocol::message_updated_frame(item);
      newest_seq = std::max(newest_seq, item.seq);
      send(make_frame(std::move(text)));
      after = item.rev;
    }
    feed_.answered(conversation, after);  // also where the next page can not be read
    if (page->items.empty() || after >= page->head.rev) break;
  }
  co_return after;
}

void Session::catch_up(const Ulid& conversation, std::int64_t from) {
  if (closing_) return;
  feed_.hold(conversation);
  context_.tasks.spawn("catch_up", run_catch_up(shared_from_this(), conversation, from));
}

base::Task<> Session::run_catch_up([[maybe_unused]] std::shared_ptr<Session> self, Ulid conversation,
                                   std::int64_t from) {
  co_await reading_turn();
  const auto after = feed_.unsent_after(conversation, from);
  auto read = co_await read_changes(conversation, after);
  if (read) {
    feed_.answered(conversation, *read);
  } else if (!not_mine(read.error())) {
    close(CloseCode::restart, "could not catch up: reconnect and sync");
  }
  co_await read_missing(conversation);
  feed_.release(conversation, sender(), delivered());
  reading_done();
}

// What did not fit while it was held is read again, until the store's answer is ahead of the live changes.
base::Task<> Session::read_missing(std::optional<Ulid> only) {
  while (!closing_) {
    auto missing = only ? feed_.missing(*only) : feed_.missing();
    if (!missing) co_return;
    auto read = co_await read_changes(missing->conversation, missing->after);
    if (!read && !not_mine(read.error())) {
      close(CloseCode::restart, "could not be read: reconnect and sync");
      co_return;
    }
    if (read) feed_.answered(missing->conversation, *read);
    const auto live = context_.hub.delivered(identity_->user_id, missing->conversation);
    if (!read || !live || *live <= *read) feed_.found(missing->conversation);
  }
}

}  // namespace chat::gateway
