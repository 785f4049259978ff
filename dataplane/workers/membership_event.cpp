#include "dataplane/workers/membership_event.hpp"

#include "dataplane/base/json.hpp"
#include "dataplane/domain/errors.hpp"

namespace chat::workers {
namespace {

base::Error malformed(const std::string& what) { return {domain::Errc::bad_request, "membership event: " + what}; }

}  // namespace

bool changes_membership(const ports::Event& event) {
  return event.kind == "conversation_created" || event.kind == "member_added" || event.kind == "member_removed" ||
         event.kind == "conversation_deleted";
}

base::Result<MembershipEvent> read_membership_event(const ports::Event& event) {
  const auto payload = base::parse_json(event.payload);
  if (!payload) return base::fail(malformed(payload.error().message));
  if (!payload->is_object()) return base::fail(malformed("not an object"));
  const auto rev = payload->find("members_rev");
  const auto users = payload->find("user_ids");
  if (rev == payload->end() || users == payload->end() || !users->is_array())
    return base::fail(malformed("members_rev and user_ids must be there"));
  MembershipEvent out;
  const auto number = base::whole_number(*rev);
  if (!number) return base::fail(malformed("members_rev must be a whole number"));
  out.members_rev = *number;
  out.together = event.kind == "conversation_created" || event.kind == "member_added";
  for (const auto& user : *users) {
    const auto id = user.is_string() ? base::Ulid::parse_uuid(user.get_ref<const std::string&>()) : std::nullopt;
    if (!id) return base::fail(malformed("user_ids must be ids"));
    out.users.push_back(*id);
  }
  return out;
}

}  // namespace chat::workers
