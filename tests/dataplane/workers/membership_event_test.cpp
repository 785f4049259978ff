#include "dataplane/workers/membership_event.hpp"

#include <gtest/gtest.h>

namespace chat::workers {
namespace {

ports::Event event(std::string kind, std::string payload) {
  ports::Event out;
  out.kind = std::move(kind);
  out.payload = std::move(payload);
  return out;
}

constexpr const char* kUser = "01890000-0000-7000-8000-000000000001";

TEST(MembershipEvent, ReadsWhoIsConcernedAndWhichWay) {
  const std::string payload = std::string(R"({"members_rev" : 7, "user_ids" : [")") + kUser + R"("], "more": 1})";
  for (const auto& [kind, together] : {std::pair{"conversation_created", true},
                                       {"member_added", true},
                                       {"member_removed", false},
                                       {"conversation_deleted", false}}) {
    const auto one = event(kind, payload);
    EXPECT_TRUE(changes_membership(one));
    const auto asked = read_membership_event(one);
    ASSERT_TRUE(asked) << asked.error().message;
    EXPECT_EQ(asked->members_rev, 7);
    EXPECT_EQ(asked->together, together) << kind;
    ASSERT_EQ(asked->users.size(), 1u);
    EXPECT_EQ(asked->users[0].uuid_text(), kUser);
  }
  EXPECT_FALSE(changes_membership(event("message", payload)));
}

TEST(MembershipEvent, RefusesWhatTheDatabaseNeverWrites) {
  for (const char* payload :
       {"", "null", "[]", "{}", R"({"members_rev":1})", R"({"user_ids":[]})", R"({"members_rev":-1,"user_ids":[]})",
        R"({"members_rev":"1","user_ids":[]})", R"({"members_rev":1,"user_ids":{}})",
        R"({"members_rev":1,"user_ids":[1]})", R"({"members_rev":1,"user_ids":["x"]})",
        R"({"members_rev":1.5,"user_ids":[]})", R"({"members_rev":1,"user_ids":[null]})"}) {
    EXPECT_FALSE(read_membership_event(event("member_added", payload))) << payload;
  }
}

}  // namespace
}  // namespace chat::workers
