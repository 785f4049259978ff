#include "dataplane/services/draft_queue.hpp"

#include <algorithm>

namespace chat::services {
namespace {

// What a draft costs in memory and on the wire, roughly: its texts and the fixed part.
std::size_t cost(const domain::Draft& draft) {
  return 256 + draft.content.size() + draft.client_msg_id.size() + draft.mentions.size() * sizeof(base::Ulid);
}

}  // namespace

bool DraftQueue::push(QueuedDraft& draft) {
  const auto bytes = cost(draft.draft);
  if (items_ >= bounds_.items || bytes_ + bytes > bounds_.bytes) return false;
  auto& lane = lanes_[draft.draft.conversation_id];
  if (lane.empty()) line_.push_back(draft.draft.conversation_id);
  lane.push_back(std::move(draft));
  ++items_;
  bytes_ += bytes;
  return true;
}

QueuedDraft DraftQueue::pop(Lane& lane) {
  QueuedDraft draft = std::move(lane.front());
  lane.pop_front();
  --items_;
  bytes_ -= cost(draft.draft);
  return draft;
}

std::vector<QueuedDraft> DraftQueue::take_batch() {
  std::vector<QueuedDraft> batch;
  batch.reserve(std::min(items_, bounds_.batch_items));
  std::size_t bytes = 0;
  bool full = false;
  for (auto turns = line_.size(); turns > 0 && !full; --turns) {
    const auto conversation = line_.front();
    auto at = lanes_.find(conversation);
    auto& lane = at->second;
    for (std::size_t taken = 0; !lane.empty() && taken < bounds_.per_conversation; ++taken) {
      const auto next = cost(lane.front().draft);
      full = batch.size() >= bounds_.batch_items || (!batch.empty() && bytes + next > bounds_.batch_bytes);
      if (full) break;
      bytes += next;
      batch.push_back(pop(lane));
    }
    if (full) break;  // the rest of this conversation stays first in line
    line_.pop_front();
    if (lane.empty()) {
      lanes_.erase(at);
    } else {
      line_.push_back(conversation);
    }
  }
  return batch;
}

std::vector<QueuedDraft> DraftQueue::take_expired(base::SteadyTime now) {
  std::vector<QueuedDraft> expired;
  std::deque<base::Ulid> left;
  for (const auto& conversation : line_) {
    auto at = lanes_.find(conversation);
    auto& lane = at->second;
    // Deadlines ascend inside a lane, but for drafts that were moved here: those expire a little late.
    while (!lane.empty() && lane.front().deadline <= now) expired.push_back(pop(lane));
    if (lane.empty()) {
      lanes_.erase(at);
    } else {
      left.push_back(conversation);
    }
  }
  line_ = std::move(left);
  return expired;
}

std::vector<QueuedDraft> DraftQueue::take_all() { return take_expired(base::SteadyTime::max()); }

}  // namespace chat::services
