#pragma once
#include "dataplane/base/json.hpp"
#include "dataplane/services/conversations.hpp"

// Values as the JSON documents of the contract. Pure.
namespace chat::rest {

[[nodiscard]] base::Json to_json(const ports::User& user);
[[nodiscard]] base::Json to_json(const services::MemberPage& page);
[[nodiscard]] base::Json to_json(const services::ConversationPage& page);
// What the creation, the details and the renaming of a conversation answer.
[[nodiscard]] base::Json to_json(const services::Details& details);

}  // namespace chat::rest
