#pragma once
#include <optional>
#include <string>

#include "dataplane/base/clock.hpp"
#include "dataplane/base/log.hpp"
#include "dataplane/domain/limits.hpp"
#include "dataplane/ports/bus.hpp"
#include "dataplane/ports/directory.hpp"
#include "dataplane/ports/passwords.hpp"
#include "dataplane/ports/presence.hpp"
#include "dataplane/ports/tokens.hpp"

namespace chat::services {

using base::Result;
using base::Status;
using base::Task;
using base::Ulid;

struct SignedIn {
  std::string access_token;
  std::int64_t expires_in = 0;  // seconds
  Ulid user_id;
  std::string device_id;
  std::string refresh_token;  // the cookie's value
};

struct SignInRequest {
  std::string username;
  std::string password;
  std::optional<std::string> device_id;  // none: a new device
  std::string address;                   // limit_key() of the client
};

// 1–64 of A–Z a–z 0–9 _ . -
[[nodiscard]] Status check_device_id(std::string_view device_id);

// Sessions and their tokens. A refresh token is "<user>.<session>.<secret>"; the directory keeps the secret's SHA-256
// only. The next secret is an HMAC of the current one under a key that every instance derives from the signing key, so
// whoever answers a second tab or a lost answer gives the same successor, without storing it. A secret that is neither
// the current one nor, for 10 s, the one before it is a replay: the session ends. The end of a session is published, so
// that gateways close its sockets; where the bus is away they stay until they end by themselves.
class SignIn {
 public:
  struct Parts {
    ports::Directory& directory;
    ports::Passwords& passwords;
    ports::TokenSigner& signer;
    ports::RateLimiter& limiter;
    ports::Publisher& bus;
    const base::Clock& clock;
    const base::Log& log;
  };
  explicit SignIn(Parts parts) : parts_(parts) {}

  // unauthorized alike, after alike work, for a name that does not exist and a password that is wrong. Tries are
  // limited by account and address, by account, and by address; one that succeeds costs the account nothing.
  [[nodiscard]] Task<Result<SignedIn>> sign_in(SignInRequest request, domain::Limits limits);
  [[nodiscard]] Task<Result<SignedIn>> refresh(std::string token);
  // Ends the session of a good token; anything else is as signed out as it can be.
  [[nodiscard]] Task<Status> sign_out(std::string token);

  static constexpr std::int64_t kAccessSeconds = 900;
  static constexpr std::int64_t kRefreshSeconds = 7 * 24 * 3600;
  static constexpr std::int64_t kReplayGraceMilliseconds = 10'000;

 private:
  [[nodiscard]] Task<Status> end_session(Ulid user, Ulid session);
  [[nodiscard]] Task<Result<std::string>> rotate(const ports::Session& session, const std::string& secret);
  [[nodiscard]] SignedIn signed_in(const ports::Session& session, const std::string& username,
                                   const std::string& secret) const;
  Parts parts_;
};

}  // namespace chat::services
