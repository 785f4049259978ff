#pragma once
#include <string_view>
#include <system_error>

#include "dataplane/base/result.hpp"

namespace chatop::app {

// What an operator's own admin side answers to a cluster map.
inline chat::base::Status take_no_map(std::string_view /*map*/) {
  return chat::base::fail(std::make_error_code(std::errc::not_supported), "the operator writes the map, it takes none");
}

}  // namespace chatop::app
