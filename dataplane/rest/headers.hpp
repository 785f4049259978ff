#pragma once
#include "dataplane/rest/call.hpp"
#include "dataplane/rest/origin.hpp"

namespace chat::rest {

// What every answer carries: security headers, no-store where nothing else was said, and for a page of an allowed
// origin the CORS headers that let it read the answer (a preflight's included).
void add_common_headers(io::http::Response& response, const Call& call, const OriginRules& rules);

}  // namespace chat::rest
