#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/base/result.hpp"
#include "dataplane/base/ulid.hpp"

namespace chat::ports {

// A row of a shard's outbox. `id` ascends in commit order inside a conversation; rows of different conversations may
// become visible out of order, so a reader takes what it sees and removes what it has done: there is no cursor that
// could pass a row that commits late.
struct Event {
  std::int64_t id = 0;
  std::uint16_t bucket = 0;
  base::Ulid conversation_id;
  std::string kind;     // message, conversation_created, member_added, member_removed, conversation_deleted
  std::string payload;  // JSON
  std::int64_t created_at = 0;
};

struct Lag {
  std::int64_t rows = 0;  // counted up to 100,000
  double oldest_seconds = 0;
};

// One shard's outbox. Blocking, one thread. At most one reader of a shard at a time: `claim` holds a session lock in
// the database, which is gone when the reader's connection is.
class EventLog {
 public:
  virtual ~EventLog() = default;
  [[nodiscard]] virtual base::Result<bool> claim() = 0;
  [[nodiscard]] virtual base::Result<std::vector<Event>> read(int limit) = 0;
  [[nodiscard]] virtual base::Status remove(const std::vector<Event>& done) = 0;
  [[nodiscard]] virtual base::Result<Lag> lag() = 0;
};

}  // namespace chat::ports
