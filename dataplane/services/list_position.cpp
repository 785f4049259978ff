// Where a page of "my conversations" ended, as clients carry it.
#include <charconv>

#include "dataplane/base/digest.hpp"
#include "dataplane/services/conversations.hpp"

namespace chat::services {

std::string to_cursor(const ListPosition& position) {
  return base::base64url(std::to_string(position.last_activity_at) + ":" + position.conversation_id.text());
}

std::optional<ListPosition> parse_cursor(std::string_view text) {
  const auto plain = base::parse_base64url(text);
  const auto colon = plain ? plain->find(':') : std::string::npos;
  if (colon == std::string::npos) return std::nullopt;
  ListPosition position;
  auto [end, error] = std::from_chars(plain->data(), plain->data() + colon, position.last_activity_at);
  const auto id = Ulid::parse(std::string_view(*plain).substr(colon + 1));
  if (error != std::errc() || end != plain->data() + colon || position.last_activity_at < 0 || !id) return std::nullopt;
  position.conversation_id = *id;
  return position;
}

}  // namespace chat::services
