#pragma once
#include <vector>

#include "dataplane/base/result.hpp"
#include "dataplane/ports/event_log.hpp"

namespace chat::workers {

// What an event of the outbox asks of the user side: these users' index has the conversation from now on, or has not.
struct MembershipEvent {
  std::vector<base::Ulid> users;
  std::int64_t members_rev = 0;
  bool together = true;
};

// The kinds that change a membership; the others concern consumers that are not here.
[[nodiscard]] bool changes_membership(const ports::Event& event);
// domain::Errc::bad_request where the payload is not what migrations/ writes.
[[nodiscard]] base::Result<MembershipEvent> read_membership_event(const ports::Event& event);

}  // namespace chat::workers
