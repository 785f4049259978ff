#pragma once
#include "dataplane/rest/call.hpp"

namespace chat::rest {

enum class BodyErrc { not_json = 1 };
std::error_code make_error_code(BodyErrc code);

// The JSON object of a request's body. BodyErrc::not_json for another Content-Type; bad_request for anything else that
// is wrong with it.
[[nodiscard]] Result<Json> read_body(const Call& call);
// The token of "Bearer <token>", whatever the case of the scheme.
[[nodiscard]] std::optional<std::string_view> bearer_token(std::string_view authorization);
// Bytes that are not valid UTF-8 (a name that came from elsewhere) are replaced: an answer is always valid JSON.
[[nodiscard]] std::string dump(const Json& json);

}  // namespace chat::rest

template <>
struct std::is_error_code_enum<chat::rest::BodyErrc> : std::true_type {};
