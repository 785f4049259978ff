#pragma once
#include <deque>
#include <functional>
#include <list>
#include <unordered_map>
#include <vector>

#include "dataplane/base/clock.hpp"
#include "dataplane/ports/store.hpp"

namespace chat::services {

// What became of a draft, once that is known. The draft comes back, so that a moved one can go to the owner.
struct Committed {
  ports::Written written;
  domain::Draft draft;
  bool after_unknown = false;  // an earlier try may have stored it: a duplicate was then never published
};
using CommitDone = std::function<void(base::Result<Committed>)>;

struct QueuedDraft {
  domain::Draft draft;
  base::SteadyTime deadline;  // answered `unavailable` after it
  CommitDone done;
};

// Bounded, and fair to conversations: a batch takes at most `per_conversation` drafts of one, and conversations that
// have more wait at the end of the line. Keeps the order inside a conversation. Not thread-safe.
class DraftQueue {
 public:
  struct Bounds {
    std::size_t items = 20'000;
    std::size_t bytes = 64 * 1024 * 1024;
    std::size_t batch_items = 200;
    std::size_t batch_bytes = 4 * 1024 * 1024;  // a single draft may be larger: it goes alone
    std::size_t per_conversation = 50;
  };
  explicit DraftQueue(Bounds bounds) : bounds_(bounds) {}

  // False at the bound: `draft` was not taken.
  [[nodiscard]] bool push(QueuedDraft& draft);
  [[nodiscard]] std::vector<QueuedDraft> take_batch();
  [[nodiscard]] std::vector<QueuedDraft> take_expired(base::SteadyTime now);
  [[nodiscard]] std::vector<QueuedDraft> take_all();
  [[nodiscard]] std::size_t size() const { return items_; }

 private:
  using Lane = std::list<QueuedDraft>;
  QueuedDraft pop(Lane& lane);

  Bounds bounds_;
  std::size_t items_ = 0;
  std::size_t bytes_ = 0;
  std::unordered_map<base::Ulid, Lane> lanes_;  // no empty ones
  std::deque<base::Ulid> line_;                 // each lane once
};

}  // namespace chat::services
