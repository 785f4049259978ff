#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "dataplane/base/result.hpp"

namespace chat::adapters {

// What a shard said about buckets that it does not own (migrations/0001_ownership.sql, SQLSTATE CH001): they belong to
// `owner` since `epoch`, and so do all of low … high.
struct Moved {
  std::string owner;
  std::int64_t epoch = 0;
  std::uint16_t low = 0;
  std::uint16_t high = 0;
};
[[nodiscard]] std::optional<Moved> moved_in(const base::Error& error);

// A refusal of the domain (CH002) becomes the domain's error; everything else stays what it is.
[[nodiscard]] base::Error translate(base::Error error);

// Lost a deadlock or a serialization race, or found the server starting or stopping: nothing happened, and the same
// call may succeed at once.
[[nodiscard]] bool passing(const base::Error& error);
// A full disk, no memory left: passing too, but only when somebody makes room, and reads go on meanwhile.
[[nodiscard]] bool no_room(const base::Error& error);

}  // namespace chat::adapters
