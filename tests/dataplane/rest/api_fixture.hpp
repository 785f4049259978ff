#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/io/http/client.hpp"
#include "dataplane/rest/api.hpp"
#include "tests/dataplane/services/fake_chat.hpp"
#include "tests/dataplane/services/fake_publisher.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/temp_dir.hpp"

namespace chat::testing {

using base::Json;
using io::http::Response;
using io::http::verb;

// Tokens that can be read: user.name.device.session, "expired" is what it says.
class FakeTokens final : public ports::TokenSigner, public ports::TokenVerifier {
 public:
  [[nodiscard]] std::string sign(const ports::Identity& identity, std::int64_t) const override {
    return identity.user_id.text() + "." + identity.username + "." + identity.device_id + "." +
           identity.session_id.text();
  }
  [[nodiscard]] std::string jwks(std::int64_t) const override { return R"({"keys":[]})"; }
  [[nodiscard]] std::vector<std::string> derived_secrets(std::string_view purpose) const override {
    return {"secret" + std::string(purpose)};
  }
  [[nodiscard]] Result<ports::Identity> verify(std::string_view token, std::int64_t now) const override {
    auto user = token.size() > 28 ? Ulid::parse(token.substr(0, 26)) : std::nullopt;
    if (!user) return fail(Errc::unauthorized, "bad token");
    const auto name = token.substr(27, token.find('.', 27) - 27);
    return ports::Identity{*user, std::string(name), "device", Ulid{}, now + 900'000};
  }
};

// The API on a real HTTP server, over ports in memory; everything on this thread.
class ApiTest : public ::testing::Test {
 protected:
  struct Ask {
    verb method = verb::get;
    std::string target;
    std::string body;
    std::string token;
    std::vector<std::pair<std::string, std::string>> headers;
    bool json = true;  // says so in Content-Type
  };
  struct Told {
    int status = 0;
    Json json;
    std::string text;
    Response raw;
    [[nodiscard]] std::string header(const std::string& name) const { return std::string(raw[name]); }
    [[nodiscard]] std::string code() const { return json.is_object() ? json.value("code", "") : ""; }
  };
  struct Person {
    std::string user_id;
    std::string token;
    std::string cookie;  // of refresh_token
  };

  ApiTest() { start(); }
  ~ApiTest() override {
    if (api_) run_task(io_, api_->stop(std::chrono::seconds(1)));
  }

  void start() {
    if (api_) run_task(io_, api_->stop(std::chrono::seconds(1)));
    rest::Resources resources{accounts_,
                              sign_in_,
                              conversations_,
                              store_,
                              messages_,
                              gateways_,
                              tokens_,
                              clock_,
                              options_.public_url.starts_with("https"),
                              [this] { return not_ready_; }};
    api_ = std::make_unique<rest::Api>(
        io_.get_executor(), rest::Api::Parts{std::move(resources), limiter_, tokens_, map_, log_, metrics_}, options_);
    port_ = *api_->listen({"127.0.0.1", 0}, false);
  }
  void set_limits(const domain::Limits& limits) {
    domain::ClusterMap map = map_.map();
    ++map.version;
    map.limits = limits;
    ASSERT_TRUE(map_.adopt(std::move(map)));
  }

  Told ask(const Ask& what) {
    io::http::Request request(what.method, what.target, 11);
    request.set("Host", "chat.test");
    if (!what.token.empty()) request.set("Authorization", "Bearer " + what.token);
    if (!what.body.empty() && what.json) request.set("Content-Type", "application/json");
    for (const auto& [name, value] : what.headers) request.insert(name, value);
    request.body() = what.body;
    request.prepare_payload();
    auto response = run_task(io_, io::http::fetch({"127.0.0.1", port_}, std::move(request), std::chrono::seconds(10)));
    EXPECT_TRUE(response) << what.target;
    if (!response) return {};
    Told told{static_cast<int>(response->result_int()), {}, response->body(), *response};
    if (told.header("Content-Type").find("json") != std::string::npos) {
      auto json = base::parse_json(told.text, 32);
      EXPECT_TRUE(json) << told.text;
      if (json) told.json = *json;
    }
    check_documented(what, told);
    return told;
  }
  Told get(const std::string& target, const std::string& token = {}) { return ask({verb::get, target, "", token, {}}); }
  Told post(const std::string& target, const Json& body, const std::string& token = {}) {
    return ask({verb::post, target, body.is_null() ? "" : body.dump(), token, {}});
  }
  Told patch(const std::string& target, const Json& body, const std::string& token) {
    return ask({verb::patch, target, body.dump(), token, {}});
  }
  Told del(const std::string& target, const std::string& token) { return ask({verb::delete_, target, "", token, {}}); }

  Person person(const std::string& name) {
    EXPECT_EQ(post("/v1/auth/register", {{"username", name}, {"password", "correct horse"}}).status, 201);
    const auto login = post("/v1/auth/login", {{"username", name}, {"password", "correct horse"}});
    EXPECT_EQ(login.status, 200) << login.text;
    return {login.json["user_id"], login.json["access_token"], cookie_of(login)};
  }
  static std::string cookie_of(const Told& told) {
    const auto header = told.header("Set-Cookie");
    const auto begin = std::string("refresh_token=").size();
    return header.substr(begin, header.find(';') - begin);
  }
  Told refresh(const std::string& cookie) {
    return ask({verb::post, "/v1/auth/refresh", "", "", {{"Cookie", "refresh_token=" + cookie}}});
  }
  std::string talk(const Person& a, const Person& b) {
    const auto made =
        post("/v1/conversations", {{"type", "one_on_one"}, {"member_ids", Json::array({b.user_id})}}, a.token);
    EXPECT_TRUE(made.status == 201 || made.status == 200) << made.text;
    return made.json["conversation_id"];
  }

  boost::asio::io_context io_;
  FakeClock clock_;
  base::Log log_{"test", base::Level::error};
  base::Metrics metrics_;
  domain::Router map_{domain::ClusterMap{}};
  FakeStore store_;
  FakeDirectory directory_;
  FakeMessagePath messages_{store_, clock_};
  FakeRateLimiter limiter_{clock_};
  FakePublisher bus_;
  FakePasswords passwords_;
  FakeGateways gateways_;
  FakeTokens tokens_;
  services::Accounts accounts_{directory_, passwords_, clock_};
  services::SignIn sign_in_{{directory_, passwords_, tokens_, limiter_, bus_, clock_, log_}};
  services::Conversations conversations_{{store_, directory_, messages_, limiter_, clock_, log_}};
  TempDir web_;
  rest::Api::Options options_{"", {}, web_.path(), "1.2.3"};
  std::string not_ready_;
  std::unique_ptr<rest::Api> api_;
  std::uint16_t port_ = 0;

 private:
  // Every answer of every test is one that the OpenAPI document of the route promises.
  void check_documented(const Ask& what, const Told& told) {
    const std::string path = what.target.substr(0, what.target.find('?'));
    const rest::Router router(api_->routes());
    auto match = router.match(what.method, path);
    if (!std::holds_alternative<rest::Match>(match)) return;
    const rest::Route& route = *std::get<rest::Match>(match).route;
    std::set<int> promised;
    for (const auto& answer : route.answers) promised.insert(static_cast<int>(answer.code));
    for (auto code : rest::documented_errors(route)) promised.insert(static_cast<int>(code));
    EXPECT_TRUE(promised.contains(told.status)) << what.target << " answered " << told.status << " " << told.text;
    if (told.status >= 400) {
      EXPECT_EQ(told.header("Content-Type"), "application/problem+json") << what.target;
      EXPECT_EQ(told.json.value("status", 0), told.status);
      EXPECT_FALSE(told.json.value("code", "").empty());
      EXPECT_EQ(told.header("Retry-After").empty(), told.status != 429 && told.status != 503) << what.target;
    }
  }
};

}  // namespace chat::testing
