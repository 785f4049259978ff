#pragma once
#include "dataplane/rest/call.hpp"

namespace chat::rest {

// RFC 9457: {type, title, status, detail, code, retry_after_ms?, trace_id}. `code` is one of the contract's list;
// what is no client's business (a lost connection, a full pool) is `unavailable`. Retry-After on 429 and 503.
[[nodiscard]] Answer problem(const base::Error& error, std::string_view trace_id);
// With a status that its code does not tell: 405 and 415 are bad_request to a program.
[[nodiscard]] Answer problem(status code, const base::Error& error, std::string_view trace_id);
[[nodiscard]] status status_of(domain::Errc code);

}  // namespace chat::rest
