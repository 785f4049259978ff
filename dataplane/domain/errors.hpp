#pragma once
#include <optional>
#include <string_view>
#include <system_error>

#include "dataplane/base/result.hpp"

namespace chat::domain {

// The `code` of every error frame and problem document: the contract's list, in its order.
enum class Errc {
  bad_request = 1,
  unauthorized,
  forbidden,
  not_found,
  conflict,
  too_large,
  rate_limited,
  blocked,
  moderated,
  unavailable,
};
std::error_code make_error_code(Errc code);
[[nodiscard]] std::string_view name(Errc code);

// What a client may be told about any failure: domain codes as they are; everything else (a lost connection, a full
// pool, an unknown outcome) is `unavailable` with a time to wait, and its details stay in the log.
[[nodiscard]] base::Error for_client(const base::Error& error);
[[nodiscard]] Errc errc_for_client(const base::Error& error);

}  // namespace chat::domain

template <>
struct std::is_error_code_enum<chat::domain::Errc> : std::true_type {};
