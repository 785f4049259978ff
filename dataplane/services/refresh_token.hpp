#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/base/ulid.hpp"

// What the refresh_token cookie holds. Pure.
namespace chat::services {

inline constexpr std::size_t kRefreshSecretBytes = 32;

struct RefreshToken {
  base::Ulid user_id;
  base::Ulid session_id;
  std::string secret;  // kRefreshSecretBytes bytes
};

// "<user>.<session>.<secret in base64url>"
[[nodiscard]] std::string text_of(const RefreshToken& token);
// nullopt: not a text that text_of() makes.
[[nodiscard]] std::optional<RefreshToken> parse_refresh_token(std::string_view text);

}  // namespace chat::services
