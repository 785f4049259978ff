#include "dataplane/domain/conversation_stream.hpp"

#include <algorithm>

namespace chat::domain {

void ConversationStream::start(std::int64_t rev, std::int64_t seq) {
  delivered_ = rev;
  seq_ = seq;
  known_ = std::max(known_, rev);
  while (held_ && !held_->changes.empty() && held_->changes.begin()->first <= rev) {
    held_->bytes -= held_->changes.begin()->second.frame->size();
    held_->changes.erase(held_->changes.begin());
  }
  if (held_ && held_->changes.empty()) held_.reset();
}

ConversationStream::Put ConversationStream::put(Change change) {
  if (started() && change.rev <= delivered_) return Put::duplicate;
  if (held_ && held_->changes.contains(change.rev)) return Put::duplicate;
  saw(change.rev);
  if (!held_) held_ = std::make_unique<Held>();
  const auto rev = change.rev;
  held_->bytes += change.frame->size();
  held_->changes.emplace(rev, std::move(change));
  // The earliest ones close a gap soonest, so the latest ones go.
  while (held_->changes.size() > kHeldChanges || (held_->bytes > kHeldBytes && held_->changes.size() > 1)) drop_last();
  if (!held_->changes.contains(rev)) return Put::forgotten;
  return started() && rev == delivered_ + 1 ? Put::next : Put::held;
}

bool ConversationStream::pass(std::int64_t rev, std::int64_t seq) {
  if (!started() || rev != delivered_ + 1 || (held_ && held_->changes.contains(rev))) return false;
  saw(rev);
  delivered_ = rev;
  seq_ = std::max(seq_, seq);
  return true;
}

void ConversationStream::drop_last() {
  auto last = std::prev(held_->changes.end());
  held_->bytes -= last->second.frame->size();
  held_->changes.erase(last);
}

std::optional<Change> ConversationStream::next() {
  if (!started() || !held_) return std::nullopt;
  auto first = held_->changes.begin();
  if (first->first != delivered_ + 1) return std::nullopt;
  Change change = std::move(first->second);
  held_->bytes -= change.frame->size();
  held_->changes.erase(first);
  if (held_->changes.empty()) held_.reset();
  delivered_ = change.rev;
  seq_ = std::max(seq_, change.seq);
  return change;
}

void ConversationStream::saw(std::int64_t rev) { known_ = std::max(known_, rev); }

std::optional<std::int64_t> ConversationStream::first_held() const {
  if (!held_) return std::nullopt;
  return held_->changes.begin()->first;
}

}  // namespace chat::domain
