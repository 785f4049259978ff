#pragma once
#include <string_view>

#include "dataplane/io/http/message.hpp"

namespace chat::io::http {

// application/problem+json (RFC 9457) with `code`, one of the contract's error codes.
[[nodiscard]] Response problem(status code, std::string_view error_code, std::string_view detail);

}  // namespace chat::io::http
