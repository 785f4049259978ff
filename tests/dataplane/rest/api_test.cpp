#include <cctype>

#include "dataplane/rest/api.hpp"

#include "dataplane/rest/openapi.hpp"
#include "tests/dataplane/rest/api_fixture.hpp"

namespace chat::rest {
namespace {

using base::Json;
using io::http::verb;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class ApiPipelineTest : public testing::ApiTest {
 protected:
  int with_origin(verb method, const std::string& target, const std::string& origin, const std::string& token = {}) {
    return ask({method, target, "", token, {{"Origin", origin}}}).status;
  }
};

TEST_F(ApiPipelineTest, every_answer_carries_the_security_headers) {
  for (const char* target : {"/livez", "/v1/nothing", "/v1/users/me", "/", "/v1/openapi.json"}) {
    const auto told = get(target);
    EXPECT_THAT(told.header("Content-Security-Policy"), HasSubstr("default-src 'none'")) << target;
    EXPECT_THAT(told.header("Content-Security-Policy"), HasSubstr("connect-src 'self' ws: wss:"));
    EXPECT_THAT(told.header("Content-Security-Policy"), Not(HasSubstr("unsafe")));
    EXPECT_EQ(told.header("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(told.header("X-Frame-Options"), "DENY");
    EXPECT_EQ(told.header("Referrer-Policy"), "no-referrer");
    EXPECT_EQ(told.header("Cross-Origin-Opener-Policy"), "same-origin");
    EXPECT_THAT(told.header("Strict-Transport-Security"), IsEmpty());
    EXPECT_EQ(told.header("X-Trace-Id").size(), 32u);
  }
  EXPECT_EQ(get("/v1/users/me").header("Cache-Control"), "no-store");
}

TEST_F(ApiPipelineTest, the_callers_trace_goes_on) {
  const std::string id = "4bf92f3577b34da6a3ce929d0e0e4736";
  const auto told = ask({verb::get, "/v1/users/me", "", "", {{"traceparent", "00-" + id + "-00f067aa0ba902b7-01"}}});
  EXPECT_EQ(told.header("X-Trace-Id"), id);
  EXPECT_EQ(told.json["trace_id"], id);
}

TEST_F(ApiPipelineTest, pages_of_strangers_may_not_write) {
  options_.allowed_origins = {"https://app.example.org"};
  options_.public_url = "https://chat.example.org";
  start();
  for (const char* good : {"http://chat.test", "https://chat.test", "HTTPS://Chat.Test", "https://app.example.org",
                           "https://app.example.org:443", "https://chat.example.org"}) {
    EXPECT_EQ(with_origin(verb::post, "/v1/auth/logout", good), 204) << good;
  }
  for (const char* bad : {"null", "https://evil.example", "http://app.example.org", "https://app.example.org.evil.org",
                          "https://app.example.org:444", "http://chat.test:81", "chat.test", "://", "https://"}) {
    EXPECT_EQ(with_origin(verb::post, "/v1/auth/logout", bad), 403) << bad;
  }
  EXPECT_EQ(with_origin(verb::get, "/livez", "https://evil.example"), 200);
}

TEST_F(ApiPipelineTest, allowed_origins_may_read_answers_and_ask_before) {
  options_.allowed_origins = {"https://app.example.org"};
  start();
  const auto preflight = ask({verb::options,
                              "/v1/messages",
                              "",
                              "",
                              {{"Origin", "https://app.example.org"}, {"Access-Control-Request-Method", "POST"}}});
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.header("Access-Control-Allow-Origin"), "https://app.example.org");
  EXPECT_EQ(preflight.header("Access-Control-Allow-Credentials"), "true");
  EXPECT_THAT(preflight.header("Access-Control-Allow-Methods"), HasSubstr("POST"));
  EXPECT_THAT(preflight.header("Access-Control-Allow-Headers"), HasSubstr("Authorization"));
  EXPECT_EQ(preflight.header("Vary"), "Origin");
  const auto failure = ask({verb::get, "/v1/users/me", "", "", {{"Origin", "https://app.example.org"}}});
  EXPECT_EQ(failure.status, 401);
  EXPECT_EQ(failure.header("Access-Control-Allow-Origin"), "https://app.example.org");
  const auto stranger = ask({verb::options, "/v1/messages", "", "", {{"Origin", "https://evil.example"}}});
  EXPECT_THAT(stranger.header("Access-Control-Allow-Origin"), IsEmpty());
}

TEST_F(ApiPipelineTest, calls_are_limited_by_user) {
  domain::Limits limits;
  limits.api_calls_per_minute_per_user = 3;
  limits.vip_users = {"bob"};
  set_limits(limits);
  const auto ada = person("ada");
  const auto bob = person("bob");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(get("/v1/users/me", ada.token).status, 200);
  const auto limited = get("/v1/users/me", ada.token);
  EXPECT_EQ(limited.status, 429);
  EXPECT_EQ(limited.code(), "rate_limited");
  EXPECT_EQ(limited.header("Retry-After"), "21");
  for (int i = 0; i < 30; ++i) EXPECT_EQ(get("/v1/users/me", bob.token).status, 200);
  EXPECT_EQ(get("/v1/users/me", bob.token).status, 429);
  clock_.advance(minutes(1));
  EXPECT_EQ(get("/v1/users/me", ada.token).status, 200);
}

TEST_F(ApiPipelineTest, calls_are_limited_by_address_probes_are_not) {
  domain::Limits limits;
  limits.api_calls_per_minute_per_address = 2;
  limits.trusted_proxies = {"127.0.0.1"};
  set_limits(limits);
  const auto from = [this](const std::string& address, const std::string& target) {
    return ask({verb::get, target, "", "", {{"X-Forwarded-For", address}}}).status;
  };
  EXPECT_EQ(from("1.1.1.1", "/v1/openapi.json"), 200);
  EXPECT_EQ(from("1.1.1.1", "/v1/openapi.json"), 200);
  EXPECT_EQ(from("1.1.1.1", "/v1/openapi.json"), 429);
  EXPECT_EQ(from("2.2.2.2", "/v1/openapi.json"), 200);
  EXPECT_EQ(from("2.2.2.2, 1.1.1.1", "/v1/openapi.json"), 429);
  EXPECT_EQ(from("1.1.1.1", "/livez"), 200);
}

TEST_F(ApiPipelineTest, forwarded_addresses_of_strangers_are_not_believed) {
  domain::Limits limits;
  limits.api_calls_per_minute_per_address = 2;
  set_limits(limits);
  for (int i = 0; i < 2; ++i) get("/v1/openapi.json");
  EXPECT_EQ(ask({verb::get, "/v1/openapi.json", "", "", {{"X-Forwarded-For", "9.9.9.9"}}}).status, 429);
}

TEST_F(ApiPipelineTest, a_known_address_says_what_it_takes) {
  const auto told = ask({verb::delete_, "/v1/conversations", "", "", {}});
  EXPECT_EQ(told.status, 405);
  EXPECT_THAT(told.header("Allow"), HasSubstr("GET"));
  EXPECT_THAT(told.header("Allow"), HasSubstr("POST"));
  EXPECT_THAT(told.header("Allow"), Not(HasSubstr("DELETE")));
  const auto options = ask({verb::options, "/v1/conversations", "", "", {}});
  EXPECT_EQ(options.status, 204);
  EXPECT_THAT(options.header("Allow"), HasSubstr("POST"));
}

TEST_F(ApiPipelineTest, health_is_told_without_a_token_and_without_details) {
  EXPECT_EQ(get("/livez").status, 200);
  EXPECT_EQ(get("/startupz").status, 200);
  EXPECT_EQ(get("/readyz").status, 200);
  not_ready_ = "shard-1 at 10.0.0.1 is away";
  const auto told = get("/readyz");
  EXPECT_EQ(told.status, 503);
  EXPECT_THAT(told.text, Not(HasSubstr("shard-1")));
  EXPECT_EQ(get("/livez").status, 200);
}

TEST_F(ApiPipelineTest, requests_are_counted_by_route_not_by_path) {
  const auto ada = person("ada");
  get("/v1/users/" + ada.user_id, ada.token);
  get("/v1/secret-" + ada.user_id);
  const auto text = metrics_.text();
  EXPECT_THAT(text, HasSubstr("chat_api_requests_total{code=\"200\",method=\"GET\",route=\"/v1/users/{user_id}\"} 1"));
  EXPECT_THAT(text, HasSubstr("route=\"unmatched\""));
  EXPECT_THAT(text, HasSubstr("chat_api_request_seconds_count{route=\"/v1/users/{user_id}\"} 1"));
  EXPECT_THAT(text, Not(HasSubstr(ada.user_id)));
}

TEST_F(ApiPipelineTest, the_document_says_what_is_served_and_nothing_else) {
  const auto told = get("/v1/openapi.json");
  ASSERT_EQ(told.status, 200);
  const Json& document = told.json;
  EXPECT_EQ(document["openapi"], "3.1.0");
  EXPECT_EQ(document["info"]["version"], "1.2.3");
  std::set<std::string> served;
  std::set<std::string> operations;
  for (const auto& route : api_->routes()) {
    std::string method(boost::beast::http::to_string(route.method));
    for (char& c : method) c = static_cast<char>(std::tolower(c));
    ASSERT_TRUE(document["paths"].contains(route.path)) << route.path;
    ASSERT_TRUE(document["paths"][route.path].contains(method)) << route.path;
    EXPECT_TRUE(served.insert(method + " " + route.path).second) << "twice: " << route.path;
    EXPECT_TRUE(operations.insert(route.operation).second) << "twice: " << route.operation;
  }
  std::size_t documented = 0;
  for (const auto& [path, methods] : document["paths"].items()) documented += methods.size();
  EXPECT_EQ(documented, served.size());
}

TEST_F(ApiPipelineTest, the_calls_of_the_contract_are_in_the_document) {
  const Json paths = get("/v1/openapi.json").json["paths"];
  const std::string conversation = "/v1/conversations/{conversation_id}";
  for (const auto& [path, method] : std::vector<std::pair<std::string, std::string>>{
           {"/v1/auth/register", "post"},
           {"/v1/auth/login", "post"},
           {"/v1/auth/refresh", "post"},
           {"/v1/auth/logout", "post"},
           {"/.well-known/jwks.json", "get"},
           {"/v1/connect", "post"},
           {"/v1/conversations", "post"},
           {"/v1/conversations", "get"},
           {"/v1/groups", "post"},
           {conversation, "get"},
           {conversation, "patch"},
           {conversation, "delete"},
           {conversation + "/members", "get"},
           {conversation + "/members", "post"},
           {conversation + "/members/{user_id}", "delete"},
           {conversation + "/members/{user_id}", "patch"},
           {conversation + "/messages", "get"},
           {"/v1/messages", "post"},
           {"/v1/users/me", "get"},
           {"/v1/users/me", "patch"},
           {"/v1/users/{user_id}", "get"},
           {"/v1/users", "get"},
           {"/v1/openapi.json", "get"},
       }) {
    EXPECT_TRUE(paths.contains(path) && paths[path].contains(method)) << method << " " << path;
  }
}

void collect_references(const Json& json, std::set<std::string>& into) {
  if (json.is_object() && json.contains("$ref")) into.insert(json["$ref"]);
  if (!json.is_structured()) return;
  for (const auto& element : json) collect_references(element, into);
}

TEST_F(ApiPipelineTest, every_schema_that_is_referred_to_exists_and_every_one_that_exists_is_referred_to) {
  const Json document = get("/v1/openapi.json").json;
  std::set<std::string> references;
  collect_references(document, references);
  std::set<std::string> schemas;
  for (const auto& [name, schema] : document["components"]["schemas"].items())
    schemas.insert("#/components/schemas/" + name);
  EXPECT_EQ(references, schemas);
}

TEST_F(ApiPipelineTest, serves_the_web_client_and_nothing_beside_it) {
  static_cast<void>(web_.write("index.html", "<!doctype html><title>x</title>"));
  static_cast<void>(web_.write("app.js", "export const a = 1;"));
  static_cast<void>(web_.write("style.css", "a{}"));
  static_cast<void>(web_.write("icon.svg", "<svg/>"));
  static_cast<void>(web_.write("app.webmanifest", "{}"));
  static_cast<void>(web_.write("secret.pem", "secret"));
  static_cast<void>(web_.write(".hidden.js", "secret"));
  std::filesystem::create_directory(web_.path() / "views");
  static_cast<void>(web_.write("views/list.js", "export {};"));
  start();
  const auto page = get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(page.header("Cache-Control"), "no-cache");
  EXPECT_EQ(get("/index.html").text, page.text);
  EXPECT_EQ(get("/app.js").header("Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(get("/views/list.js").status, 200);
  EXPECT_EQ(get("/style.css").header("Content-Type"), "text/css; charset=utf-8");
  EXPECT_EQ(get("/icon.svg").header("Content-Type"), "image/svg+xml");
  EXPECT_EQ(get("/app.webmanifest").header("Content-Type"), "application/manifest+json");
  for (const char* target :
       {"/secret.pem", "/.hidden.js", "/nothing.js", "/views", "/views/", "//app.js", "/app.js/"}) {
    EXPECT_EQ(get(target).status, 404) << target;
  }
  for (const char* target :
       {"/../secret.pem", "/views/../app.js", "/%2e%2e/secret.pem", "/views%2flist.js", "/a%00.js"}) {
    EXPECT_EQ(get(target).status, 400) << target;
  }
  EXPECT_EQ(ask({verb::head, "/app.js", "", "", {}}).status, 200);
  EXPECT_EQ(ask({verb::post, "/app.js", "", "", {}}).status, 404);
}

TEST_F(ApiPipelineTest, a_file_that_is_known_is_not_sent_again_until_it_changes) {
  static_cast<void>(web_.write("index.html", "one"));
  start();
  const auto etag = get("/").header("ETag");
  ASSERT_FALSE(etag.empty());
  const auto same = ask({verb::get, "/", "", "", {{"If-None-Match", etag}}});
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.header("ETag"), etag);
  static_cast<void>(web_.write("index.html", "three"));
  clock_.advance(seconds(2));
  const auto changed = ask({verb::get, "/", "", "", {{"If-None-Match", etag}}});
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(changed.text, "three");
}

TEST_F(ApiPipelineTest, without_a_web_client_the_page_is_not_found_and_the_api_goes_on) {
  options_.web_dir = web_.path() / "none";
  start();
  EXPECT_EQ(get("/").status, 404);
  EXPECT_EQ(get("/livez").status, 200);
}

}  // namespace
}  // namespace chat::rest
