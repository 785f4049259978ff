#pragma once
#include <string>
#include <string_view>

#include "dataplane/io/postgres/connection.hpp"

namespace chat::io::postgres {

// To be called inside a catch block: the exception in flight there, as the error of a connection that is still good.
[[nodiscard]] base::Error current_failure();
// A message of the server or of libpq without its line breaks, cut to a length that fits a log line.
[[nodiscard]] std::string one_line(std::string_view message);

}  // namespace chat::io::postgres
