#include "tests/dataplane/rest/api_fixture.hpp"

namespace chat::rest {
namespace {

using base::Json;
using io::http::verb;

struct Row {
  verb method;
  std::string target;
  std::string body;
  int status;
};

// {C} a conversation of the caller, {G} a group of the caller, {U} another user, {N} a ULID that nothing has.
const std::vector<Row>& rows() {
  static const std::string kLong(3000, 'x');
  static const std::string kDeep = "{\"username\":" + std::string(40, '[') + std::string(40, ']') + "}";
  static const std::vector<Row> kRows{
      // Bodies that are no JSON object.
      {verb::post, "/v1/auth/register", "", 415},
      {verb::post, "/v1/auth/register", " ", 400},
      {verb::post, "/v1/auth/register", "{", 400},
      {verb::post, "/v1/auth/register", "[]", 400},
      {verb::post, "/v1/auth/register", "null", 400},
      {verb::post, "/v1/auth/register", "\"x\"", 400},
      {verb::post, "/v1/auth/register", "{}{}", 400},
      {verb::post, "/v1/auth/register", std::string("{\"username\":\"a\0b\"}", 18), 400},
      {verb::post, "/v1/auth/register", "{\"username\":\"\xff\xfe\"}", 400},
      {verb::post, "/v1/auth/register", R"({"username":"\ud800","password":"12345678"})", 400},
      {verb::post, "/v1/auth/register", R"({"username":"abc","username":"abd","password":"12345678"})", 400},
      {verb::post, "/v1/auth/register", kDeep, 400},
      {verb::post, "/v1/auth/register", "{'username':'abc'}", 400},
      {verb::post, "/v1/auth/register", "username=abc&password=12345678", 400},
      // Registration.
      {verb::post, "/v1/auth/register", "{}", 400},
      {verb::post, "/v1/auth/register", R"({"username":"abc"})", 400},
      {verb::post, "/v1/auth/register", R"({"password":"12345678"})", 400},
      {verb::post, "/v1/auth/register", R"({"username":null,"password":"12345678"})", 400},
      {verb::post, "/v1/auth/register", R"({"username":7,"password":"12345678"})", 400},
      {verb::post, "/v1/auth/register", R"({"username":["abc"],"password":"12345678"})", 400},
      {verb::post, "/v1/auth/register", R"({"username":"ab","password":"12345678"})", 400},
      {verb::post, "/v1/auth/register", "{\"username\":\"" + std::string(51, 'a') + "\",\"password\":\"12345678\"}",
       400},
      {verb::post, "/v1/auth/register", R"({"username":"a b","password":"12345678"})", 400},
      {verb::post, "/v1/auth/register", R"({"username":"abc\n","password":"12345678"})", 400},
      {verb::post, "/v1/auth/register", R"({"username":"abc\u0000","password":"12345678"})", 400},
      {verb::post, "/v1/auth/register", R"({"username":"äbc","password":"12345678"})", 400},
      {verb::post, "/v1/auth/register", R"({"username":"abc","password":"1234567"})", 400},
      {verb::post, "/v1/auth/register", R"({"username":"abc","password":"äöüß"})", 400},
      {verb::post, "/v1/auth/register", R"({"username":"abc","password":12345678})", 400},
      {verb::post, "/v1/auth/register", "{\"username\":\"abc\",\"password\":\"" + kLong + "\"}", 400},
      {verb::post, "/v1/auth/register", R"({"username":"abc","password":"12345678","display_name":""})", 400},
      {verb::post, "/v1/auth/register", R"({"username":"abc","password":"12345678","display_name":7})", 400},
      {verb::post, "/v1/auth/register", R"({"username":"abc","password":"12345678","display_name":"a\u0000b"})", 400},
      {verb::post, "/v1/auth/register", R"({"username":"abc","password":"12345678","display_name":"a\u0085b"})", 400},
      {verb::post, "/v1/auth/register",
       "{\"username\":\"abc\",\"password\":\"12345678\",\"display_name\":\"" + std::string(101, 'x') + "\"}", 400},
      // Signing in.
      {verb::post, "/v1/auth/login", "{}", 400},
      {verb::post, "/v1/auth/login", R"({"username":"ada"})", 400},
      {verb::post, "/v1/auth/login", R"({"username":"ada","password":["correct horse"]})", 400},
      {verb::post, "/v1/auth/login", R"({"username":"ada","password":"correct horse","device_id":7})", 400},
      {verb::post, "/v1/auth/login", R"({"username":"ada","password":"correct horse","device_id":""})", 400},
      {verb::post, "/v1/auth/login", R"({"username":"ada","password":"correct horse","device_id":"a/b"})", 400},
      {verb::post, "/v1/auth/login", R"({"username":"' or 1=1 --","password":"x"})", 401},
      {verb::post, "/v1/auth/login", R"({"username":"","password":""})", 401},
      // One-on-ones.
      {verb::post, "/v1/conversations", "{}", 400},
      {verb::post, "/v1/conversations", R"({"type":"one_on_one"})", 400},
      {verb::post, "/v1/conversations", R"({"type":"one_on_one","member_ids":"{U}"})", 400},
      {verb::post, "/v1/conversations", R"({"type":"one_on_one","member_ids":[]})", 400},
      {verb::post, "/v1/conversations", R"({"type":"one_on_one","member_ids":[7]})", 400},
      {verb::post, "/v1/conversations", R"({"type":"one_on_one","member_ids":[null]})", 400},
      {verb::post, "/v1/conversations", R"({"type":"one_on_one","member_ids":["x"]})", 400},
      {verb::post, "/v1/conversations", R"({"type":"one_on_one","member_ids":["{ME}"]})", 400},
      {verb::post, "/v1/conversations", R"({"type":"one_on_one","member_ids":["{U}","{N}"]})", 400},
      {verb::post, "/v1/conversations", R"({"type":"one_on_one","member_ids":["{N}"]})", 404},
      {verb::post, "/v1/conversations", R"({"type":"group","member_ids":["{U}"]})", 400},
      {verb::post, "/v1/conversations", R"({"type":1,"member_ids":["{U}"]})", 400},
      {verb::post, "/v1/conversations", R"({"type":"one_on_one","member_ids":["81ZZZZZZZZZZZZZZZZZZZZZZZZ"]})", 400},
      // Groups and members.
      {verb::post, "/v1/groups", R"({"name":"x"})", 400},
      {verb::post, "/v1/groups", R"({"member_ids":[]})", 400},
      {verb::post, "/v1/groups", R"({"name":"","member_ids":[]})", 400},
      {verb::post, "/v1/groups", R"({"name":7,"member_ids":[]})", 400},
      {verb::post, "/v1/groups", R"({"name":"a\u0000b","member_ids":[]})", 400},
      {verb::post, "/v1/groups", R"({"name":"x","member_ids":{}})", 400},
      {verb::post, "/v1/groups", R"({"name":"x","member_ids":["{N}"]})", 404},
      {verb::patch, "/v1/conversations/{G}", R"({})", 400},
      {verb::patch, "/v1/conversations/{G}", R"({"name":""})", 400},
      {verb::patch, "/v1/conversations/{C}", R"({"name":"x"})", 400},
      {verb::patch, "/v1/conversations/{N}", R"({"name":"x"})", 404},
      {verb::delete_, "/v1/conversations/{C}", "", 400},
      {verb::post, "/v1/conversations/{G}/members", R"({"user_ids":[]})", 400},
      {verb::post, "/v1/conversations/{G}/members", R"({"user_ids":["{N}"]})", 404},
      {verb::post, "/v1/conversations/{G}/members", R"({"user_ids":"{U}"})", 400},
      {verb::post, "/v1/conversations/{C}/members", R"({"user_ids":["{U}"]})", 400},
      {verb::patch, "/v1/conversations/{G}/members/{U}", R"({"role":"admin"})", 404},
      {verb::patch, "/v1/conversations/{G}/members/{ME}", R"({"role":"member"})", 409},
      {verb::patch, "/v1/conversations/{G}/members/{ME}", R"({"role":7})", 400},
      {verb::patch, "/v1/conversations/{G}/members/x", R"({"role":"admin"})", 400},
      {verb::delete_, "/v1/conversations/{G}/members/{N}", "", 404},
      {verb::get, "/v1/conversations/{G}/members?limit=0", "", 400},
      {verb::get, "/v1/conversations/{G}/members?limit=1001", "", 400},
      {verb::get, "/v1/conversations/{G}/members?cursor=x", "", 400},
      // Paths and numbers.
      {verb::get, "/v1/conversations/x", "", 400},
      {verb::get, "/v1/conversations/{C}x", "", 400},
      {verb::get, "/v1/conversations/{N}", "", 404},
      {verb::get, "/v1/conversations/", "", 404},
      {verb::get, "/v1/conversations?limit=0", "", 400},
      {verb::get, "/v1/conversations?limit=201", "", 400},
      {verb::get, "/v1/conversations?limit=-1", "", 400},
      {verb::get, "/v1/conversations?limit=1.0", "", 400},
      {verb::get, "/v1/conversations?limit=1e2", "", 400},
      {verb::get, "/v1/conversations?limit=", "", 400},
      {verb::get, "/v1/conversations?limit", "", 400},
      {verb::get, "/v1/conversations?limit=+5", "", 400},
      {verb::get, "/v1/conversations?limit=0x10", "", 400},
      {verb::get, "/v1/conversations?limit=99999999999999999999", "", 400},
      {verb::get, "/v1/conversations?cursor=", "", 400},
      {verb::get, "/v1/conversations?cursor=AAAA", "", 400},
      {verb::get, "/v1/conversations?limit=%zz", "", 400},
      {verb::get, "/v1/conversations/%00", "", 400},
      {verb::get, "/v1/conversations/{C}/messages?before=1&after=1", "", 400},
      {verb::get, "/v1/conversations/{C}/messages?before=-1", "", 400},
      {verb::get, "/v1/conversations/{C}/messages?before=x", "", 400},
      {verb::get, "/v1/conversations/{C}/messages?after=9223372036854775808", "", 400},
      {verb::get, "/v1/conversations/{C}/messages?limit=201", "", 400},
      {verb::get, "/v1/users", "", 400},
      {verb::get, "/v1/users?query=", "", 400},
      {verb::get, "/v1/users?query=a&limit=51", "", 400},
      {verb::get, "/v1/users?query=" + std::string(101, 'a'), "", 400},
      {verb::get, "/v1/users/x", "", 400},
      {verb::patch, "/v1/users/me", R"({"display_name":""})", 400},
      {verb::patch, "/v1/users/me", R"({"display_name":null})", 400},
      // Messages.
      {verb::post, "/v1/messages", "{}", 400},
      {verb::post, "/v1/messages", R"({"conversation_id":"{C}","content":"x"})", 400},
      {verb::post, "/v1/messages", R"({"conversation_id":"{C}","client_msg_id":"1"})", 400},
      {verb::post, "/v1/messages", R"({"conversation_id":"{C}","content":"","client_msg_id":"1"})", 400},
      {verb::post, "/v1/messages", R"({"conversation_id":"{C}","content":"a\u0000b","client_msg_id":"1"})", 400},
      {verb::post, "/v1/messages", R"({"conversation_id":"{C}","content":"x","client_msg_id":""})", 400},
      {verb::post, "/v1/messages", R"({"conversation_id":"{C}","content":7,"client_msg_id":"1"})", 400},
      {verb::post, "/v1/messages", R"({"conversation_id":"{N}","content":"x","client_msg_id":"1"})", 404},
      {verb::post, "/v1/messages", R"({"conversation_id":"x","content":"x","client_msg_id":"1"})", 400},
      {verb::post, "/v1/messages",
       "{\"conversation_id\":\"{C}\",\"client_msg_id\":\"1\",\"content\":\"" + std::string(100'001, 'x') + "\"}", 413},
      // Calls that are not there.
      {verb::get, "/v1/nothing", "", 404},
      {verb::get, "/v1/search?q=x", "", 404},
      {verb::post, "/v1/media", "{}", 404},
      {verb::put, "/v1/users/me/presence", "{}", 404},
      {verb::get, "/v1/../etc/passwd", "", 400},
      {verb::delete_, "/v1/auth/login", "", 405},
      {verb::put, "/v1/messages", "{}", 405},
      {verb::get, "/v1/messages", "", 405},
      {verb::post, "/livez", "", 405},
  };
  return kRows;
}

class HostileTest : public testing::ApiTest {
 protected:
  static void replace(std::string& text, const std::string& what, const std::string& with) {
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
      text.replace(at, what.size(), with);
  }
};

TEST_F(HostileTest, every_wrong_request_gets_its_problem_and_stores_nothing) {
  domain::Limits limits;
  limits.sign_in_tries_per_5_minutes = 0;
  set_limits(limits);
  const auto me = person("ada");
  const auto other = person("bob");
  const std::string conversation = talk(me, other);
  const std::string group =
      post("/v1/groups", {{"name", "g"}, {"member_ids", Json::array()}}, me.token).json["conversation_id"];
  ASSERT_GE(rows().size(), 80u);
  for (Row row : rows()) {
    for (std::string* text : {&row.target, &row.body}) {
      replace(*text, "{C}", conversation);
      replace(*text, "{G}", group);
      replace(*text, "{U}", other.user_id);
      replace(*text, "{ME}", me.user_id);
      replace(*text, "{N}", "01ARZ3NDEKTSV4RRFFQ69G5FAV");
    }
    const auto told = ask({row.method, row.target, row.body, me.token, {}});
    const std::string what = std::string(boost::beast::http::to_string(row.method)) + " " + row.target.substr(0, 100) +
                             " " + row.body.substr(0, 100);
    EXPECT_EQ(told.status, row.status) << what << " → " << told.text;
    EXPECT_EQ(told.header("Content-Type"), "application/problem+json") << what;
    const std::string code = told.code();
    const std::map<int, std::string> codes{{400, "bad_request"}, {401, "unauthorized"}, {404, "not_found"},
                                           {405, "bad_request"}, {409, "conflict"},     {413, "too_large"},
                                           {415, "bad_request"}};
    EXPECT_EQ(code, codes.at(row.status)) << what;
    EXPECT_FALSE(told.json["detail"].get<std::string>().empty()) << what;
    EXPECT_EQ(told.header("Allow").empty(), row.status != 405) << what;
  }
  EXPECT_EQ(store_.conversations.size(), 2u);
  EXPECT_EQ(directory_.people.size(), 2u);
  for (const auto& [id, kept] : store_.conversations) EXPECT_TRUE(kept.messages.empty());
}

TEST_F(HostileTest, only_application_json_is_read) {
  const std::string body = R"({"username":"ada","password":"correct horse"})";
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json",
                           "application/jsonx", "text/json", ""}) {
    const auto told = ask({verb::post, "/v1/auth/register", body, "", {{"Content-Type", type}}, false});
    EXPECT_EQ(told.status, 415) << type;
    EXPECT_EQ(told.code(), "bad_request");
  }
  EXPECT_EQ(
      ask({verb::post, "/v1/auth/register", body, "", {{"Content-Type", "Application/JSON ; charset=utf-8"}}, false})
          .status,
      201);
}

TEST_F(HostileTest, unknown_fields_are_ignored_and_null_is_no_optional_field) {
  const auto told = post("/v1/auth/register", {{"username", "ada"},
                                               {"password", "correct horse"},
                                               {"display_name", nullptr},
                                               {"is_admin", true},
                                               {"user_id", "01ARZ3NDEKTSV4RRFFQ69G5FAV"}});
  EXPECT_EQ(told.status, 201);
  EXPECT_NE(told.json["user_id"], "01ARZ3NDEKTSV4RRFFQ69G5FAV");
}

TEST_F(HostileTest, what_breaks_inside_stays_inside) {
  const auto me = person("ada");
  directory_.down = true;
  const auto told = get("/v1/users/me", me.token);
  EXPECT_EQ(told.status, 503);
  EXPECT_EQ(told.code(), "unavailable");
  EXPECT_EQ(told.text.find("shard-0"), std::string::npos);
  EXPECT_EQ(told.text.find("10.1.2.3"), std::string::npos);
}

}  // namespace
}  // namespace chat::rest
