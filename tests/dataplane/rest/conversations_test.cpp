#include "tests/dataplane/rest/api_fixture.hpp"

namespace chat::rest {
namespace {

using base::Json;
using std::chrono::seconds;
using ::testing::HasSubstr;

class ConversationsTest : public testing::ApiTest {
 protected:
  Told group(const Person& owner, const std::vector<Person>& members, const std::string& name = "Team") {
    Json ids = Json::array();
    for (const auto& member : members) ids.push_back(member.user_id);
    return post("/v1/groups", {{"name", name}, {"member_ids", ids}}, owner.token);
  }
  Told say(const Person& who, const std::string& where, const std::string& content, const std::string& key) {
    return post("/v1/messages", {{"conversation_id", where}, {"content", content}, {"client_msg_id", key}}, who.token);
  }
  Person ada_ = person("ada");
  Person bob_ = person("bob");
  Person eve_ = person("eve");
};

TEST_F(ConversationsTest, a_one_on_one_is_made_once_and_answered_alike) {
  const Json to_bob{{"type", "one_on_one"}, {"member_ids", {bob_.user_id}}};
  const auto first = post("/v1/conversations", to_bob, ada_.token);
  const auto again = post("/v1/conversations", to_bob, ada_.token);
  const auto from_bob =
      post("/v1/conversations", {{"type", "one_on_one"}, {"member_ids", {bob_.user_id, ada_.user_id}}}, bob_.token);
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(from_bob.status, 200);
  EXPECT_EQ(first.json, again.json);
  EXPECT_EQ(first.json["conversation_id"], from_bob.json["conversation_id"]);
  EXPECT_EQ(first.json["type"], "one_on_one");
  EXPECT_EQ(first.json["name"], "bob");
  EXPECT_EQ(from_bob.json["name"], "ada");
  EXPECT_EQ(first.json["other_user_id"], bob_.user_id);
  EXPECT_EQ(first.json["members"].size(), 2u);
}

TEST_F(ConversationsTest, the_list_has_the_contracts_fields_newest_activity_first) {
  const auto with_bob = talk(ada_, bob_);
  clock_.advance(seconds(1));
  const auto team = group(ada_, {bob_, eve_}).json["conversation_id"];
  clock_.advance(seconds(1));
  ASSERT_EQ(say(bob_, with_bob, "hello", "1").status, 201);
  const auto list = get("/v1/conversations", ada_.token);
  ASSERT_EQ(list.json["items"].size(), 2u);
  const Json& first = list.json["items"][0];
  EXPECT_EQ(first["conversation_id"], with_bob);
  EXPECT_EQ(first["type"], "one_on_one");
  EXPECT_EQ(first["name"], "bob");
  EXPECT_EQ(first["last_seq"], 1);
  EXPECT_EQ(first["last_rev"], 1);
  EXPECT_EQ(first["last_read_seq"], 0);
  EXPECT_EQ(first["unread"], 1);
  EXPECT_EQ(first["last_message"]["content"], "hello");
  EXPECT_EQ(list.json["items"][1]["conversation_id"], team);
  EXPECT_EQ(list.json["items"][1]["name"], "Team");
  EXPECT_FALSE(list.json["items"][1].contains("last_message"));
  EXPECT_TRUE(list.json["next_cursor"].is_null());
  EXPECT_EQ(get("/v1/conversations", bob_.token).json["items"][0]["unread"], 0);
}

TEST_F(ConversationsTest, the_list_pages_by_an_opaque_cursor) {
  for (int i = 0; i < 5; ++i) ASSERT_EQ(group(ada_, {}, "g" + std::to_string(i)).status, 201);
  std::set<std::string> seen;
  std::string target = "/v1/conversations?limit=2";
  for (int page = 0; page < 3; ++page) {
    const auto told = get(target, ada_.token);
    for (const auto& item : told.json["items"]) seen.insert(item["name"]);
    if (told.json["next_cursor"].is_string())
      target = "/v1/conversations?limit=2&cursor=" + told.json["next_cursor"].get<std::string>();
    EXPECT_EQ(told.json["next_cursor"].is_null(), page == 2);
  }
  EXPECT_EQ(seen.size(), 5u);
}

TEST_F(ConversationsTest, a_stranger_can_not_tell_a_conversation_from_none) {
  const std::string id = talk(ada_, bob_);
  const std::string none = base::new_ulid(1).text();
  for (const std::string& path : {std::string(), std::string("/members"), std::string("/messages")}) {
    auto real = get("/v1/conversations/" + id + path, eve_.token);
    auto unreal = get("/v1/conversations/" + none + path, eve_.token);
    EXPECT_EQ(real.status, 404);
    real.json.erase("trace_id");
    unreal.json.erase("trace_id");
    EXPECT_EQ(real.json, unreal.json);
  }
  EXPECT_EQ(say(eve_, id, "hi", "1").status, 404);
}

TEST_F(ConversationsTest, owners_rename_and_delete_members_do_not) {
  const std::string path = "/v1/conversations/" + group(ada_, {bob_}).json["conversation_id"].get<std::string>();
  EXPECT_EQ(patch(path, {{"name", "Mine"}}, bob_.token).status, 403);
  const auto renamed = patch(path, {{"name", "Ours"}}, ada_.token);
  EXPECT_EQ(renamed.status, 200);
  EXPECT_EQ(renamed.json["name"], "Ours");
  EXPECT_EQ(get(path, bob_.token).json["name"], "Ours");
  EXPECT_EQ(del(path, bob_.token).status, 403);
  EXPECT_EQ(del(path, ada_.token).status, 204);
  EXPECT_EQ(get(path, ada_.token).status, 404);
  EXPECT_TRUE(get("/v1/conversations", bob_.token).json["items"].empty());
}

TEST_F(ConversationsTest, members_are_added_listed_promoted_and_removed) {
  const std::string path = "/v1/conversations/" + group(ada_, {bob_}).json["conversation_id"].get<std::string>();
  EXPECT_EQ(post(path + "/members", {{"user_ids", {eve_.user_id}}}, bob_.token).status, 403);
  const auto added = post(path + "/members", {{"user_ids", {eve_.user_id, bob_.user_id}}}, ada_.token);
  EXPECT_EQ(added.status, 200);
  EXPECT_EQ(added.json["added"], Json::array({eve_.user_id}));
  const auto page = get(path + "/members?limit=2", eve_.token);
  EXPECT_EQ(page.json["items"].size(), 2u);
  const auto rest = get(path + "/members?cursor=" + page.json["next_cursor"].get<std::string>(), eve_.token);
  EXPECT_EQ(rest.json["items"].size(), 1u);
  EXPECT_TRUE(rest.json["next_cursor"].is_null());
  EXPECT_EQ(patch(path + "/members/" + bob_.user_id, {{"role", "admin"}}, eve_.token).status, 403);
  EXPECT_EQ(patch(path + "/members/" + bob_.user_id, {{"role", "admin"}}, ada_.token).json["role"], "admin");
  EXPECT_EQ(patch(path + "/members/" + bob_.user_id, {{"role", "king"}}, ada_.token).status, 400);
  EXPECT_EQ(del(path + "/members/" + eve_.user_id, bob_.token).status, 204);
  EXPECT_EQ(get(path, eve_.token).status, 404);
  EXPECT_EQ(del(path + "/members/" + ada_.user_id, bob_.token).status, 403);
  EXPECT_EQ(del(path + "/members/" + bob_.user_id, bob_.token).status, 204);
}

TEST_F(ConversationsTest, unknown_members_are_named) {
  const auto nobody = base::new_ulid(1).text();
  const auto told = post("/v1/groups", {{"name", "x"}, {"member_ids", {bob_.user_id, nobody}}}, ada_.token);
  EXPECT_EQ(told.status, 404);
  EXPECT_THAT(told.json["detail"].get<std::string>(), HasSubstr(nobody));
  EXPECT_TRUE(store_.conversations.empty());
}

TEST_F(ConversationsTest, a_message_is_acknowledged_once_and_its_repeat_gets_the_same_ack) {
  const auto id = talk(ada_, bob_);
  const auto first = say(ada_, id, "one", "k");
  const auto again = say(ada_, id, "two", "k");
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(again.status, 200);
  for (const char* key :
       {"client_msg_id", "conversation_id", "message_id", "seq", "rev", "server_timestamp", "status"}) {
    EXPECT_EQ(first.json[key], again.json[key]) << key;
  }
  EXPECT_EQ(first.json["status"], "sent");
}

TEST_F(ConversationsTest, without_chat_messages_nothing_is_acknowledged) {
  const auto id = talk(ada_, bob_);
  messages_.down = true;
  const auto told = say(ada_, id, "one", "k");
  EXPECT_EQ(told.status, 503);
  EXPECT_EQ(told.header("Retry-After"), "2");
}

TEST_F(ConversationsTest, history_pages_both_ways_and_defaults_to_the_newest) {
  const auto id = talk(ada_, bob_);
  for (int i = 1; i <= 7; ++i) say(ada_, id, std::to_string(i), std::to_string(i));
  const std::string path = "/v1/conversations/" + id + "/messages";
  const auto seqs = [this, &path](const std::string& query) {
    const auto told = get(path + query, bob_.token);
    EXPECT_EQ(told.status, 200) << told.text;
    std::vector<int> found;
    for (const auto& item : told.json["items"]) found.push_back(item["seq"]);
    found.push_back(told.json["has_more"].get<bool>() ? 1 : 0);
    return found;
  };
  EXPECT_EQ(seqs("?limit=3"), (std::vector{5, 6, 7, 1}));
  EXPECT_EQ(seqs("?limit=3&before=5"), (std::vector{2, 3, 4, 1}));
  EXPECT_EQ(seqs("?limit=3&before=2"), (std::vector{1, 0}));
  EXPECT_EQ(seqs("?limit=3&after=5"), (std::vector{6, 7, 0}));
  EXPECT_EQ(seqs("?before=0"), (std::vector{0}));
  EXPECT_EQ(seqs("?after=9223372036854775807"), (std::vector{0}));
}

TEST_F(ConversationsTest, people_are_found_by_the_beginning_of_their_name) {
  person("adam");
  const auto found = get("/v1/users?query=ADA", bob_.token);
  ASSERT_EQ(found.json["items"].size(), 2u);
  EXPECT_EQ(found.json["items"][0]["username"], "ada");
  EXPECT_EQ(found.json["items"][1]["username"], "adam");
  EXPECT_EQ(get("/v1/users?query=ada&limit=1", bob_.token).json["items"].size(), 1u);
  EXPECT_TRUE(get("/v1/users?query=no%20such", bob_.token).json["items"].empty());
  EXPECT_EQ(get("/v1/users/" + ada_.user_id, bob_.token).json["username"], "ada");
  EXPECT_EQ(get("/v1/users/" + base::new_ulid(1).text(), bob_.token).status, 404);
}

TEST_F(ConversationsTest, a_display_name_changes_for_everyone) {
  EXPECT_EQ(patch("/v1/users/me", {{"display_name", "Ada \xF0\x9F\x98\x80"}}, ada_.token).status, 200);
  talk(ada_, bob_);
  EXPECT_EQ(get("/v1/conversations", bob_.token).json["items"][0]["name"], "Ada \xF0\x9F\x98\x80");
}

TEST_F(ConversationsTest, connect_names_a_gateway_or_says_when_to_come_back) {
  const auto told = post("/v1/connect", nullptr, ada_.token);
  EXPECT_EQ(told.status, 200);
  EXPECT_EQ(told.json["ws_url"], "ws://127.0.0.1:7001/v1/ws");
  EXPECT_EQ(told.json["gateway"], "gateway-0");
  EXPECT_GT(told.json["expires_in"], 0);
  gateways_.none = true;
  EXPECT_EQ(post("/v1/connect", nullptr, ada_.token).status, 503);
}

TEST_F(ConversationsTest, vips_are_marked_for_the_write_path) {
  domain::Limits limits;
  limits.vip_users = {"ada", eve_.user_id};
  set_limits(limits);
  const auto id = talk(ada_, bob_);
  say(ada_, id, "x", "1");
  EXPECT_TRUE(messages_.last_caller.vip);
  say(bob_, id, "x", "1");
  EXPECT_FALSE(messages_.last_caller.vip);
}

}  // namespace
}  // namespace chat::rest
