#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.hpp"
#include "dataplane/base/ulid.hpp"

namespace chat::ports {

// What an access token says, once its signature, issuer, audience and time were checked.
struct Identity {
  base::Ulid user_id;
  std::string username;
  std::string device_id;
  base::Ulid session_id;
  std::int64_t expires_at = 0;  // milliseconds since 1970
};

class TokenVerifier {
 public:
  virtual ~TokenVerifier() = default;
  // domain::Errc::unauthorized with one sentence for anything that is not a good token at `now`.
  [[nodiscard]] virtual base::Result<Identity> verify(std::string_view token, std::int64_t now) const = 0;
};

class TokenSigner {
 public:
  virtual ~TokenSigner() = default;
  [[nodiscard]] virtual std::string sign(const Identity& identity, std::int64_t now) const = 0;
  // The JSON Web Key Set of all keys that are good at `now`.
  [[nodiscard]] virtual std::string jwks(std::int64_t now) const = 0;
  // Secrets that every instance derives alike from the signing keys, one for each, the newest key's first.
  [[nodiscard]] virtual std::vector<std::string> derived_secrets(std::string_view purpose) const = 0;
};

}  // namespace chat::ports
