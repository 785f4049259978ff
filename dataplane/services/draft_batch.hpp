#pragma once
#include <iterator>
#include <utility>
#include <vector>

#include "dataplane/services/draft_queue.hpp"

namespace chat::services {

// Drafts that are tried together, with what is written of them side by side: the writer wants the drafts in one piece.
struct DraftBatch {
  std::vector<domain::Draft> drafts;
  std::vector<QueuedDraft> waiting;  // without their drafts
  bool after_unknown = false;

  explicit DraftBatch(std::vector<QueuedDraft> queued) : waiting(std::move(queued)) {
    drafts.reserve(waiting.size());
    for (auto& item : waiting) drafts.push_back(std::move(item.draft));
  }
  // Keeps the first half and gives the second.
  [[nodiscard]] DraftBatch split() {
    const auto half = static_cast<std::ptrdiff_t>(waiting.size() / 2);
    DraftBatch second({});
    second.after_unknown = after_unknown;
    std::move(drafts.begin() + half, drafts.end(), std::back_inserter(second.drafts));
    std::move(waiting.begin() + half, waiting.end(), std::back_inserter(second.waiting));
    drafts.resize(static_cast<std::size_t>(half));
    waiting.resize(static_cast<std::size_t>(half));
    return second;
  }
};

}  // namespace chat::services
