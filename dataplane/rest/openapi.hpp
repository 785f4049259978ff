#pragma once
#include "dataplane/rest/router.hpp"

namespace chat::rest {

// The OpenAPI 3.1 document of exactly these routes: made of the table that serves them, so it can not say anything
// else. A call of the contract that is not served yet is not in it. Pure.
[[nodiscard]] Json openapi(const Routes& routes, std::string_view version, std::string_view server_url);

// components/schemas of that document.
[[nodiscard]] Json openapi_schemas();

}  // namespace chat::rest
