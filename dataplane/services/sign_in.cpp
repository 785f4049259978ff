#include "dataplane/services/sign_in.hpp"

#include <algorithm>

#include "dataplane/base/digest.hpp"
#include "dataplane/domain/errors.hpp"
#include "dataplane/protocol/convert.hpp"
#include "dataplane/services/accounts.hpp"
#include "dataplane/services/refresh_token.hpp"

namespace chat::services {
namespace {

constexpr int kMostRotationTries = 4;
constexpr std::string_view kRefreshPurpose = "chatcluster refresh tokens v1";

auto wrong_name_or_password() {
  return base::fail(domain::Errc::unauthorized, "the username or the password is wrong");
}
auto not_signed_in() { return base::fail(domain::Errc::unauthorized, "this sign-in has ended: sign in again"); }

std::string stored_form(std::string_view secret) { return base::hex(base::sha256(secret)); }

bool is(std::string_view stored, std::string_view presented) {
  return !stored.empty() && base::equal_in_constant_time(stored, presented);
}

// A limit's key holds no name that anyone may have typed: bounded, and no secret when a password lands in this field.
std::string account_key(std::string_view username) {
  std::string name(username);
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return base::hex(base::sha256(name)).substr(0, 32);
}

struct Limit {
  std::string key;
  double per_minute = 0;
  std::int64_t burst = 0;
};

Task<Status> take(ports::RateLimiter& limiter, const Limit& limit, std::string what) {
  const auto decision = co_await limiter.take(limit.key, limit.per_minute, limit.burst);
  if (!decision.allowed)
    co_return base::fail(domain::Errc::rate_limited, "too many sign-ins " + what + ": wait and try again",
                         decision.retry_after);
  co_return Status{};
}

}  // namespace

Status check_device_id(std::string_view device_id) {
  const bool good =
      !device_id.empty() && device_id.size() <= 64 && std::all_of(device_id.begin(), device_id.end(), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
               c == '-';
      });
  if (good) return {};
  return base::fail(domain::Errc::bad_request, "device_id must be 1 to 64 of the characters A–Z, a–z, 0–9, _, . and -");
}

SignedIn SignIn::signed_in(const ports::Session& session, const std::string& username,
                           const std::string& secret) const {
  const std::int64_t now = parts_.clock.now_milliseconds();
  const ports::Identity identity{session.user_id, username, session.device_id, session.session_id,
                                 now + kAccessSeconds * 1000};
  return {parts_.signer.sign(identity, now), kAccessSeconds, session.user_id, session.device_id,
          text_of({session.user_id, session.session_id, secret})};
}

Task<Result<SignedIn>> SignIn::sign_in(SignInRequest request, domain::Limits limits) {
  if (request.device_id) {
    if (auto good = check_device_id(*request.device_id); !good) co_return base::fail(std::move(good).error());
  }
  const std::string account = account_key(request.username);
  const auto tries = limits.sign_in_tries_per_5_minutes;
  const auto per_address = limits.sign_ins_per_minute_per_address;
  const Limit from_address{"sign-in:address:" + request.address, static_cast<double>(per_address), per_address};
  const Limit from_here{"sign-in:here:" + account + ":" + request.address, static_cast<double>(tries) / 5, tries};
  const Limit from_all{"sign-in:account:" + account, static_cast<double>(tries) * 2, tries * 10};
  auto allowed = co_await take(parts_.limiter, from_address, "from your address");
  if (allowed) allowed = co_await take(parts_.limiter, from_here, "of this account from your address");
  if (allowed) allowed = co_await take(parts_.limiter, from_all, "of this account");
  if (!allowed) co_return base::fail(std::move(allowed).error());

  std::optional<ports::Credentials> known;
  if (check_username(request.username)) {
    auto credentials = co_await parts_.directory.credentials(request.username);
    if (credentials)
      known = std::move(*credentials);
    else if (credentials.error().code != domain::Errc::not_found)
      co_return base::fail(std::move(credentials).error());
  }
  std::optional<std::string> hash;
  if (known) hash = known->password_hash;
  auto matches = co_await parts_.passwords.matches(std::move(request.password), std::move(hash));
  if (!matches) co_return base::fail(std::move(matches).error());
  if (!*matches) co_return wrong_name_or_password();
  co_await parts_.limiter.give_back(from_here.key, from_here.per_minute, from_here.burst);
  co_await parts_.limiter.give_back(from_all.key, from_all.per_minute, from_all.burst);

  const std::int64_t now = parts_.clock.now_milliseconds();
  const std::string secret = base::random_bytes(kRefreshSecretBytes);
  ports::Session session;
  session.session_id = base::new_ulid(now);
  session.user_id = known->user_id;
  session.device_id = request.device_id ? *request.device_id : base::new_ulid(now).text();
  session.refresh_hash = stored_form(secret);
  session.rotated_at = now;
  session.expires_at = now + kRefreshSeconds * 1000;
  auto created = co_await parts_.directory.create_session(session);
  if (!created) co_return base::fail(std::move(created).error());
  co_return signed_in(session, known->username, secret);
}

// The secret that follows the presented one, after making it the current one where it is not yet.
Task<Result<std::string>> SignIn::rotate(const ports::Session& session, const std::string& secret) {
  const auto keys = parts_.signer.derived_secrets(kRefreshPurpose);
  const std::string presented = stored_form(secret);
  const std::int64_t now = parts_.clock.now_milliseconds();
  if (is(session.refresh_hash, presented)) {
    std::string next = base::hmac_sha256(keys.front(), secret);
    auto rotated =
        co_await parts_.directory.rotate_session(session, stored_form(next), now, now + kRefreshSeconds * 1000);
    if (!rotated) co_return base::fail(std::move(rotated).error());
    if (!*rotated) co_return std::string();  // another instance or tab was first: look again
    co_return next;
  }
  if (is(session.previous_hash, presented) && now - session.rotated_at <= kReplayGraceMilliseconds) {
    // The signing key may have changed since that rotation: the successor under any key that is still here.
    for (const auto& key : keys) {
      std::string next = base::hmac_sha256(key, secret);
      if (is(session.refresh_hash, stored_form(next))) co_return next;
    }
    co_return not_signed_in();
  }
  parts_.log.warn("refresh_token_replayed",
                  {{"user_id", session.user_id.text()}, {"session_id", session.session_id.text()}});
  auto revoked = co_await end_session(session.user_id, session.session_id);
  if (!revoked) co_return base::fail(std::move(revoked).error());
  co_return not_signed_in();
}

Task<Result<SignedIn>> SignIn::refresh(std::string token) {
  const auto parsed = parse_refresh_token(token);
  if (!parsed) co_return not_signed_in();
  for (int attempt = 0; attempt < kMostRotationTries; ++attempt) {
    auto session = co_await parts_.directory.session(parsed->user_id, parsed->session_id);
    if (!session && session.error().code == domain::Errc::not_found) co_return not_signed_in();
    if (!session) co_return base::fail(std::move(session).error());
    if (session->revoked || session->expires_at <= parts_.clock.now_milliseconds()) co_return not_signed_in();
    auto next = co_await rotate(*session, parsed->secret);
    if (!next) co_return base::fail(std::move(next).error());
    if (next->empty()) continue;
    std::vector<Ulid> ids{parsed->user_id};
    auto users = co_await parts_.directory.users(std::move(ids));
    if (!users) co_return base::fail(std::move(users).error());
    if (users->empty()) co_return not_signed_in();
    co_return signed_in(*session, users->front().username, *next);
  }
  co_return base::fail(domain::Errc::unavailable, "this sign-in is being refreshed elsewhere: try again",
                       std::chrono::seconds(1));
}

Task<Status> SignIn::sign_out(std::string token) {
  const auto parsed = parse_refresh_token(token);
  if (!parsed) co_return Status{};
  auto session = co_await parts_.directory.session(parsed->user_id, parsed->session_id);
  if (!session && session.error().code == domain::Errc::not_found) co_return Status{};
  if (!session) co_return base::fail(std::move(session).error());
  const std::string presented = stored_form(parsed->secret);
  if (!is(session->refresh_hash, presented) && !is(session->previous_hash, presented)) co_return Status{};
  co_return co_await end_session(parsed->user_id, parsed->session_id);
}

Task<Status> SignIn::end_session(Ulid user, Ulid session) {
  auto revoked = co_await parts_.directory.revoke_session(user, session);
  if (!revoked) co_return base::fail(std::move(revoked).error());
  pb::BusEvent event;
  event.set_kind(pb::BusEvent::SIGNED_OUT);
  event.set_session_id(protocol::id_bytes(session));
  event.add_subjects(protocol::id_bytes(user));
  parts_.bus.publish({ports::user_channel(user.text())}, event.SerializeAsString(), [log = &parts_.log](bool done) {
    if (!done) log->warn("sign_out_not_published", {});
  });
  co_return Status{};
}

}  // namespace chat::services
