#include "dataplane/services/refresh_token.hpp"

#include "dataplane/base/digest.hpp"

namespace chat::services {
namespace {

constexpr std::size_t kUlidCharacters = 26;

}  // namespace

std::string text_of(const RefreshToken& token) {
  return token.user_id.text() + "." + token.session_id.text() + "." + base::base64url(token.secret);
}

std::optional<RefreshToken> parse_refresh_token(std::string_view text) {
  constexpr std::size_t kSecretAt = 2 * kUlidCharacters + 2;
  if (text.size() < kSecretAt || text[kUlidCharacters] != '.' || text[kSecretAt - 1] != '.') return std::nullopt;
  const auto user = base::Ulid::parse(text.substr(0, kUlidCharacters));
  const auto session = base::Ulid::parse(text.substr(kUlidCharacters + 1, kUlidCharacters));
  auto secret = base::parse_base64url(text.substr(kSecretAt));
  if (!user || !session || !secret || secret->size() != kRefreshSecretBytes) return std::nullopt;
  return RefreshToken{*user, *session, std::move(*secret)};
}

}  // namespace chat::services
