#include "tests/dataplane/rest/api_fixture.hpp"

namespace chat::rest {
namespace {

using base::Json;
using io::http::verb;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

class AuthTest : public testing::ApiTest {};

TEST_F(AuthTest, registers_signs_in_and_knows_who_calls) {
  const auto made =
      post("/v1/auth/register", {{"username", "Ada_1"}, {"password", "correct horse"}, {"display_name", "Ada L."}});
  ASSERT_EQ(made.status, 201) << made.text;
  const auto in = post("/v1/auth/login", {{"username", "ada_1"}, {"password", "correct horse"}});
  ASSERT_EQ(in.status, 200);
  EXPECT_EQ(in.json["expires_in"], 900);
  EXPECT_EQ(in.json["user_id"], made.json["user_id"]);
  const auto me = get("/v1/users/me", in.json["access_token"]);
  EXPECT_EQ(me.json["username"], "Ada_1");
  EXPECT_EQ(me.json["display_name"], "Ada L.");
  EXPECT_EQ(me.json["created_at"], "2026-01-01T00:00:00.000Z");
}

TEST_F(AuthTest, a_name_is_taken_whatever_the_case) {
  person("ada");
  const auto again = post("/v1/auth/register", {{"username", "ADA"}, {"password", "correct horse"}});
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.code(), "conflict");
}

TEST_F(AuthTest, the_cookie_is_out_of_reach_of_scripts_and_other_sites) {
  post("/v1/auth/register", {{"username", "ada"}, {"password", "correct horse"}});
  const auto in = post("/v1/auth/login", {{"username", "ada"}, {"password", "correct horse"}});
  const auto cookie = in.header("Set-Cookie");
  for (const char* part : {"refresh_token=", "HttpOnly", "SameSite=Strict", "Path=/v1/auth", "Max-Age=604800"}) {
    EXPECT_THAT(cookie, HasSubstr(part));
  }
  EXPECT_THAT(cookie, Not(HasSubstr("Secure")));
}

TEST_F(AuthTest, behind_https_the_cookie_is_secure_and_browsers_stay_on_https) {
  options_.public_url = "https://chat.example.org";
  start();
  post("/v1/auth/register", {{"username", "ada"}, {"password", "correct horse"}});
  const auto in = post("/v1/auth/login", {{"username", "ada"}, {"password", "correct horse"}});
  EXPECT_THAT(in.header("Set-Cookie"), HasSubstr("; Secure"));
  EXPECT_THAT(in.header("Strict-Transport-Security"), HasSubstr("max-age="));
}

TEST_F(AuthTest, a_wrong_name_and_a_wrong_password_get_the_same_answer) {
  person("ada");
  auto wrong_password = post("/v1/auth/login", {{"username", "ada"}, {"password", "wrong horse"}});
  auto wrong_name = post("/v1/auth/login", {{"username", "nobody"}, {"password", "correct horse"}});
  EXPECT_EQ(wrong_password.status, 401);
  wrong_password.json.erase("trace_id");
  wrong_name.json.erase("trace_id");
  EXPECT_EQ(wrong_password.json, wrong_name.json);
}

TEST_F(AuthTest, tries_are_limited_with_the_time_to_wait) {
  person("ada");
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(post("/v1/auth/login", {{"username", "ada"}, {"password", "wrong horse"}}).status, 401);
  }
  const auto limited = post("/v1/auth/login", {{"username", "ada"}, {"password", "correct horse"}});
  EXPECT_EQ(limited.status, 429);
  EXPECT_EQ(limited.code(), "rate_limited");
  EXPECT_GE(std::stoi(limited.header("Retry-After")), 30);
}

TEST_F(AuthTest, when_hashing_can_not_keep_up_it_says_so) {
  passwords_.busy = true;
  const auto told = post("/v1/auth/register", {{"username", "ada"}, {"password", "correct horse"}});
  EXPECT_EQ(told.status, 503);
  EXPECT_EQ(told.code(), "unavailable");
}

TEST_F(AuthTest, refresh_rotates_and_a_replay_after_ten_seconds_ends_the_sign_in) {
  const auto ada = person("ada");
  const auto second = refresh(ada.cookie);
  ASSERT_EQ(second.status, 200);
  EXPECT_EQ(second.json["user_id"], ada.user_id);
  EXPECT_NE(cookie_of(second), ada.cookie);
  clock_.advance(seconds(9));
  EXPECT_EQ(cookie_of(refresh(ada.cookie)), cookie_of(second));
  clock_.advance(seconds(2));
  EXPECT_EQ(refresh(ada.cookie).status, 401);
  EXPECT_EQ(refresh(cookie_of(second)).status, 401);
}

TEST_F(AuthTest, refresh_wants_a_cookie) {
  EXPECT_EQ(post("/v1/auth/refresh", nullptr).status, 401);
  for (const char* cookie : {"", "refresh_token", "refresh_token=", "refresh_token=x", "xrefresh_token=1; a=b",
                             "refresh_token=..; ;;=", "=", ";"}) {
    EXPECT_EQ(ask({verb::post, "/v1/auth/refresh", "", "", {{"Cookie", cookie}}}).status, 401) << cookie;
  }
}

TEST_F(AuthTest, the_cookie_is_found_among_others) {
  const auto ada = person("ada");
  EXPECT_EQ(
      ask({verb::post, "/v1/auth/refresh", "", "", {{"Cookie", "a=b; refresh_token=" + ada.cookie + "; c=d"}}}).status,
      200);
}

TEST_F(AuthTest, another_site_can_not_refresh_with_the_visitors_cookie) {
  const auto ada = person("ada");
  const auto forged = ask({verb::post,
                           "/v1/auth/refresh",
                           "",
                           "",
                           {{"Cookie", "refresh_token=" + ada.cookie}, {"Origin", "https://evil.example"}}});
  EXPECT_EQ(forged.status, 403);
  EXPECT_EQ(refresh(ada.cookie).status, 200);
}

TEST_F(AuthTest, logout_ends_the_session_clears_the_cookie_and_can_be_repeated) {
  const auto ada = person("ada");
  const std::vector<std::pair<std::string, std::string>> cookie{{"Cookie", "refresh_token=" + ada.cookie}};
  const auto out = ask({verb::post, "/v1/auth/logout", "", "", cookie});
  EXPECT_EQ(out.status, 204);
  EXPECT_TRUE(out.text.empty());
  EXPECT_THAT(out.header("Set-Cookie"), HasSubstr("refresh_token=;"));
  EXPECT_THAT(out.header("Set-Cookie"), HasSubstr("Max-Age=0"));
  EXPECT_EQ(refresh(ada.cookie).status, 401);
  EXPECT_EQ(ask({verb::post, "/v1/auth/logout", "", "", cookie}).status, 204);
  EXPECT_EQ(post("/v1/auth/logout", nullptr).status, 204);
}

TEST_F(AuthTest, the_key_set_is_open_and_may_be_cached) {
  const auto keys = get("/.well-known/jwks.json");
  EXPECT_EQ(keys.status, 200);
  EXPECT_TRUE(keys.json["keys"].is_array());
  EXPECT_THAT(keys.header("Cache-Control"), HasSubstr("max-age"));
}

TEST_F(AuthTest, everything_else_wants_a_good_bearer_token) {
  const auto ada = person("ada");
  for (const auto& route : api_->routes()) {
    if (route.access != Access::bearer) continue;
    const auto told = ask({route.method, route.path, "{}", "", {}});
    EXPECT_EQ(told.status, 401) << route.path;
    EXPECT_EQ(told.header("WWW-Authenticate"), "Bearer");
  }
  for (const std::string& header :
       {std::string("Bearer"), std::string("Bearer "), std::string("Bearer x"), "Basic " + ada.token, ada.token,
        "Bearer  " + ada.token, std::string("Bearer ") + std::string(9000, 'a')}) {
    EXPECT_EQ(ask({verb::get, "/v1/users/me", "", "", {{"Authorization", header}}}).status, 401) << header;
  }
  EXPECT_EQ(ask({verb::get, "/v1/users/me", "", "", {{"Authorization", "bearer " + ada.token}}}).status, 200);
}

}  // namespace
}  // namespace chat::rest
