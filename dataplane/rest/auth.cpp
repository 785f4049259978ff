#include "dataplane/rest/fields.hpp"
#include "dataplane/rest/resources.hpp"

namespace chat::rest {
namespace {

using domain::Errc;
using io::http::verb;

constexpr std::string_view kCookie = "refresh_token";

// SameSite and the Origin check keep other sites from using it, HttpOnly keeps scripts from reading it.
std::string set_cookie(std::string_view value, std::int64_t seconds, bool secure) {
  std::string cookie = std::string(kCookie) + "=" + std::string(value) +
                       "; Path=/v1/auth; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(seconds);
  if (secure) cookie += "; Secure";
  return cookie;
}

Answer signed_in(const services::SignedIn& result, bool secure) {
  Answer answer;
  answer.body = {{"access_token", result.access_token},
                 {"token_type", "Bearer"},
                 {"expires_in", result.expires_in},
                 {"user_id", result.user_id.text()},
                 {"device_id", result.device_id}};
  answer.headers.emplace_back("Set-Cookie",
                              set_cookie(result.refresh_token, services::SignIn::kRefreshSeconds, secure));
  return answer;
}

Task<Result<Answer>> register_user(Resources& resources, Call& call) {
  Fields fields(call.body);
  services::NewUser user{fields.text("username"), fields.text("password"), fields.optional_text("display_name")};
  if (auto good = fields.status(); !good) co_return base::fail(std::move(good).error());
  auto id = co_await resources.accounts.register_user(std::move(user));
  if (!id) co_return base::fail(std::move(id).error());
  Answer answer;
  answer.code = status::created;
  answer.body = {{"user_id", id->text()}};
  co_return answer;
}

Task<Result<Answer>> login(Resources& resources, Call& call) {
  Fields fields(call.body);
  services::SignInRequest request{fields.text("username"), fields.text("password"), fields.optional_text("device_id"),
                                  call.address};
  if (auto good = fields.status(); !good) co_return base::fail(std::move(good).error());
  auto result = co_await resources.sign_in.sign_in(std::move(request), call.limits);
  if (!result) co_return base::fail(std::move(result).error());
  co_return signed_in(*result, resources.secure_cookies);
}

Task<Result<Answer>> refresh(Resources& resources, Call& call) {
  auto cookie = call.cookie(kCookie);
  if (!cookie) co_return base::fail(Errc::unauthorized, "there is no refresh_token cookie: sign in");
  auto result = co_await resources.sign_in.refresh(std::move(*cookie));
  if (!result) co_return base::fail(std::move(result).error());
  co_return signed_in(*result, resources.secure_cookies);
}

Task<Result<Answer>> logout(Resources& resources, Call& call) {
  if (auto cookie = call.cookie(kCookie)) {
    auto ended = co_await resources.sign_in.sign_out(std::move(*cookie));
    if (!ended) co_return base::fail(std::move(ended).error());
  }
  Answer answer;
  answer.code = status::no_content;
  answer.headers.emplace_back("Set-Cookie", set_cookie("", 0, resources.secure_cookies));
  co_return answer;
}

Task<Result<Answer>> jwks(Resources& resources, Call&) {
  Answer answer;
  answer.bytes = resources.signer.jwks(resources.clock.now_milliseconds());
  answer.content_type = "application/jwk-set+json";
  answer.headers.emplace_back("Cache-Control", "public, max-age=300");
  co_return answer;
}

}  // namespace

void add_auth(Routes& routes, Resources& resources) {
  routes.push_back({verb::post,
                    "/v1/auth/register",
                    "register",
                    "Make an account",
                    Access::open,
                    "NewUser",
                    {},
                    {{status::created, "The account is made", "UserId"}},
                    {Errc::conflict},
                    [&resources](Call& call) { return register_user(resources, call); }});
  routes.push_back({verb::post,
                    "/v1/auth/login",
                    "login",
                    "Sign in: an access token, and a refresh_token cookie of 7 days. The same answer for a wrong name "
                    "and a wrong password",
                    Access::open,
                    "Login",
                    {},
                    {{status::ok, "Signed in", "SignedIn"}},
                    {Errc::unauthorized},
                    [&resources](Call& call) { return login(resources, call); }});
  routes.push_back(
      {verb::post,
       "/v1/auth/refresh",
       "refresh",
       "A new access token and a rotated cookie for the refresh_token cookie. The previous cookie gets the "
       "same successor for 10 s; after that a replay ends that sign-in",
       Access::open,
       "",
       {},
       {{status::ok, "Refreshed", "SignedIn"}},
       {Errc::unauthorized},
       [&resources](Call& call) { return refresh(resources, call); }});
  routes.push_back({verb::post,
                    "/v1/auth/logout",
                    "logout",
                    "End the sign-in of the refresh_token cookie",
                    Access::open,
                    "",
                    {},
                    {{status::no_content, "Signed out, also where there was nothing to end", ""}},
                    {},
                    [&resources](Call& call) { return logout(resources, call); }});
  routes.push_back({verb::get,
                    "/.well-known/jwks.json",
                    "jwks",
                    "The public keys of access tokens",
                    Access::open,
                    "",
                    {},
                    {{status::ok, "A JSON Web Key Set", "JsonWebKeySet"}},
                    {},
                    [&resources](Call& call) { return jwks(resources, call); }});
}

}  // namespace chat::rest
