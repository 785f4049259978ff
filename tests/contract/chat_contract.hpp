#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "dataplane/base/digest.hpp"
#include "dataplane/domain/bucket.hpp"
#include "dataplane/domain/errors.hpp"
#include "dataplane/ports/directory.hpp"
#include "dataplane/ports/store.hpp"

// What ports::Directory and ports::Store promise to services, for every implementation: the one in memory, with which
// services and rest/ are tested, passes what the one on Postgres passes. A Backend has directory(), store() and
// run(task), and is fresh for each test.
namespace chat::testing {

template <class Backend>
class ChatContract : public ::testing::Test {
 protected:
  using Ulid = base::Ulid;
  using Ids = std::vector<Ulid>;
  static constexpr std::int64_t kNow = 1'767'225'600'000;

  Ulid person(const std::string& name) {
    ports::User user{base::new_ulid(kNow), name, "Name of " + name, kNow};
    const auto made = backend_.run(backend_.directory().register_user(user, "hash of " + name));
    EXPECT_TRUE(made) << made.error().message;
    return user.user_id;
  }
  Ulid group(Ulid owner, Ids others) {
    const auto id = base::new_ulid(kNow);
    const auto made = backend_.run(backend_.store().create_group(id, "Team", owner, std::move(others), kNow));
    EXPECT_TRUE(made) << made.error().message;
    return id;
  }
  ports::Session session(Ulid user) {
    ports::Session made;
    made.session_id = base::new_ulid(kNow);
    made.user_id = user;
    made.device_id = "phone";
    made.refresh_hash = base::hex(base::sha256("1"));
    made.rotated_at = kNow;
    made.expires_at = kNow + 1000;
    const auto status = backend_.run(backend_.directory().create_session(made));
    EXPECT_TRUE(status) << status.error().message;
    return made;
  }
  template <class Answer>
  static std::string code(const Answer& answer) {
    return answer ? "ok" : std::string(domain::name(domain::errc_for_client(answer.error())));
  }
  std::string role(Ulid conversation, Ulid user) {
    const auto seen = backend_.run(backend_.store().conversation(conversation, user));
    return seen ? std::string(domain::name(seen->my_role)) : code(seen);
  }

  Backend backend_;
};

TYPED_TEST_SUITE_P(ChatContract);

TYPED_TEST_P(ChatContract, a_name_belongs_to_one_whatever_its_case) {
  auto& directory = this->backend_.directory();
  const auto ada = this->person("Ada");
  ports::User second{base::new_ulid(1), "aDA", "x", 1};
  EXPECT_EQ(this->code(this->backend_.run(directory.register_user(second, "h"))), "conflict");
  const auto known = this->backend_.run(directory.credentials("ADA"));
  ASSERT_TRUE(known);
  EXPECT_EQ(known->user_id, ada);
  EXPECT_EQ(known->username, "Ada");
  EXPECT_EQ(known->password_hash, "hash of Ada");
  EXPECT_EQ(this->code(this->backend_.run(directory.credentials("nobody"))), "not_found");
  EXPECT_FALSE(this->backend_.run(directory.user_by_name("nobody"))->has_value());
  EXPECT_EQ((*this->backend_.run(directory.user_by_name("ada")))->user_id, ada);
}

TYPED_TEST_P(ChatContract, unknown_users_are_left_out_and_can_not_be_renamed) {
  auto& directory = this->backend_.directory();
  const auto ada = this->person("ada");
  const auto found = this->backend_.run(directory.users({base::new_ulid(1), ada}));
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(found->front().user_id, ada);
  EXPECT_EQ(this->backend_.run(directory.rename_user(ada, "New \xF0\x9F\x98\x80"))->display_name,
            "New \xF0\x9F\x98\x80");
  EXPECT_EQ(this->code(this->backend_.run(directory.rename_user(base::new_ulid(1), "x"))), "not_found");
}

TYPED_TEST_P(ChatContract, search_is_by_prefix_in_any_case_and_bounded) {
  auto& directory = this->backend_.directory();
  for (const char* name : {"ann", "Anna", "anton", "ban"}) this->person(name);
  std::vector<std::string> names;
  const auto found = this->backend_.run(directory.search_users("AN", 10));
  for (const auto& user : *found) names.push_back(user.username);
  EXPECT_THAT(names, ::testing::ElementsAre("ann", "Anna", "anton"));
  EXPECT_EQ(this->backend_.run(directory.search_users("an", 2))->size(), 2u);
}

TYPED_TEST_P(ChatContract, a_session_rotates_once_for_each_secret_and_ends_for_good) {
  auto& directory = this->backend_.directory();
  const auto ada = this->person("ada");
  const auto first = this->session(ada);
  const auto next = base::hex(base::sha256("2"));
  EXPECT_TRUE(*this->backend_.run(directory.rotate_session(first, next, this->kNow + 5, this->kNow + 2000)));
  EXPECT_FALSE(*this->backend_.run(directory.rotate_session(first, base::hex(base::sha256("3")), this->kNow + 6, 1)));
  const auto now = this->backend_.run(directory.session(ada, first.session_id));
  ASSERT_TRUE(now);
  EXPECT_EQ(now->refresh_hash, next);
  EXPECT_EQ(now->previous_hash, first.refresh_hash);
  EXPECT_EQ(now->rotated_at, this->kNow + 5);
  EXPECT_EQ(now->expires_at, this->kNow + 2000);
  EXPECT_EQ(now->device_id, "phone");
  EXPECT_FALSE(now->revoked);
  EXPECT_TRUE(this->backend_.run(directory.revoke_session(ada, first.session_id)));
  EXPECT_TRUE(this->backend_.run(directory.session(ada, first.session_id))->revoked);
  EXPECT_FALSE(*this->backend_.run(directory.rotate_session(*now, "x", this->kNow + 7, 1)));
  EXPECT_EQ(this->code(this->backend_.run(directory.session(ada, base::new_ulid(1)))), "not_found");
  EXPECT_EQ(this->code(this->backend_.run(directory.session(base::new_ulid(1), first.session_id))), "not_found");
}

TYPED_TEST_P(ChatContract, of_a_link_and_an_unlink_that_cross_the_later_membership_wins) {
  auto& directory = this->backend_.directory();
  const auto ada = this->person("ada");
  const auto conversation = base::new_ulid(1);
  const auto has = [&] { return this->backend_.run(directory.conversations_of(ada, 10))->size(); };
  EXPECT_EQ(has(), 0u);
  EXPECT_TRUE(this->backend_.run(directory.unlink({ada}, conversation, 5)));
  EXPECT_TRUE(this->backend_.run(directory.link({ada}, conversation, 4, this->kNow)));
  EXPECT_EQ(has(), 0u);
  EXPECT_TRUE(this->backend_.run(directory.link({ada}, conversation, 6, this->kNow)));
  EXPECT_TRUE(this->backend_.run(directory.link({ada}, conversation, 6, this->kNow)));
  EXPECT_EQ(has(), 1u);
  EXPECT_TRUE(this->backend_.run(directory.unlink({ada}, conversation, 5)));
  EXPECT_EQ(has(), 1u);
}

TYPED_TEST_P(ChatContract, a_one_on_one_is_made_once_and_can_not_be_changed) {
  auto& store = this->backend_.store();
  const auto ada = this->person("ada");
  const auto bob = this->person("bob");
  const auto id = domain::one_on_one_id(ada, bob);
  EXPECT_TRUE(*this->backend_.run(store.create_one_on_one(id, ada, bob, this->kNow)));
  EXPECT_FALSE(*this->backend_.run(store.create_one_on_one(id, bob, ada, this->kNow)));
  EXPECT_EQ(this->backend_.run(store.conversation(id, bob))->other_user_id, ada);
  EXPECT_EQ(this->code(this->backend_.run(store.rename(id, ada, "x"))), "bad_request");
  EXPECT_EQ(this->code(this->backend_.run(store.remove_conversation(id, ada))), "bad_request");
  EXPECT_EQ(this->code(this->backend_.run(store.remove_member(id, ada, ada))), "bad_request");
  EXPECT_EQ(this->code(this->backend_.run(store.add_members(id, ada, {base::new_ulid(1)}, 0, 1))), "bad_request");
}

TYPED_TEST_P(ChatContract, strangers_see_nothing) {
  auto& store = this->backend_.store();
  const auto ada = this->person("ada");
  const auto eve = this->person("eve");
  const auto id = this->group(ada, {});
  EXPECT_EQ(this->code(this->backend_.run(store.conversation(id, eve))), "not_found");
  EXPECT_EQ(this->code(this->backend_.run(store.members(id, eve, std::nullopt, 10))), "not_found");
  EXPECT_EQ(this->code(this->backend_.run(store.history(id, eve, {}))), "not_found");
  EXPECT_EQ(this->code(this->backend_.run(store.rename(id, eve, "x"))), "not_found");
  EXPECT_EQ(this->code(this->backend_.run(store.remove_conversation(id, eve))), "not_found");
  EXPECT_TRUE(this->backend_.run(store.summaries(eve, {id}, true))->empty());
  EXPECT_EQ(this->code(this->backend_.run(store.conversation(base::new_ulid(1), ada))), "not_found");
}

TYPED_TEST_P(ChatContract, roles_say_who_may_what) {
  auto& store = this->backend_.store();
  const auto ada = this->person("ada");
  const auto bob = this->person("bob");
  const auto eve = this->person("eve");
  const auto id = this->group(ada, {bob, eve});
  EXPECT_EQ(this->role(id, ada), "owner");
  EXPECT_EQ(this->role(id, bob), "member");
  EXPECT_EQ(this->code(this->backend_.run(store.rename(id, bob, "x"))), "forbidden");
  EXPECT_EQ(this->code(this->backend_.run(store.remove_member(id, bob, eve))), "forbidden");
  EXPECT_EQ(this->code(this->backend_.run(store.set_role(id, bob, bob, domain::Role::owner))), "forbidden");
  EXPECT_EQ(this->code(this->backend_.run(store.set_role(id, ada, ada, domain::Role::member))), "conflict");
  EXPECT_TRUE(this->backend_.run(store.set_role(id, ada, bob, domain::Role::admin)));
  EXPECT_TRUE(this->backend_.run(store.rename(id, bob, "x")));
  EXPECT_EQ(this->code(this->backend_.run(store.remove_member(id, bob, ada))), "forbidden");
  EXPECT_EQ(this->code(this->backend_.run(store.remove_conversation(id, bob))), "forbidden");
  EXPECT_TRUE(this->backend_.run(store.set_role(id, ada, bob, domain::Role::owner)));
  EXPECT_EQ(this->role(id, ada), "admin");
  EXPECT_EQ(this->role(id, bob), "owner");
}

TYPED_TEST_P(ChatContract, an_owner_who_leaves_hands_the_group_on_and_the_last_one_takes_it_along) {
  auto& store = this->backend_.store();
  const auto ada = this->person("ada");
  const auto bob = this->person("bob");
  const auto eve = this->person("eve");
  const auto id = this->group(ada, {bob, eve});
  EXPECT_TRUE(this->backend_.run(store.set_role(id, ada, eve, domain::Role::admin)));
  EXPECT_TRUE(this->backend_.run(store.remove_member(id, ada, ada)));
  EXPECT_EQ(this->role(id, ada), "not_found");
  EXPECT_EQ(this->role(id, eve), "owner");
  EXPECT_EQ(this->role(id, bob), "member");
  EXPECT_TRUE(this->backend_.run(store.remove_member(id, eve, eve)));
  EXPECT_EQ(this->role(id, bob), "owner");
  EXPECT_TRUE(this->backend_.run(store.remove_member(id, bob, bob)));
  EXPECT_EQ(this->role(id, bob), "not_found");
}

TYPED_TEST_P(ChatContract, changes_of_members_answer_who_changed_and_count) {
  auto& store = this->backend_.store();
  const auto ada = this->person("ada");
  const auto bob = this->person("bob");
  const auto eve = this->person("eve");
  const auto id = this->group(ada, {bob});
  const auto before = this->backend_.run(store.conversation(id, ada))->conversation.head;
  EXPECT_EQ(before.member_count, 2);
  EXPECT_EQ(this->code(this->backend_.run(store.add_members(id, ada, {eve}, 2, 1))), "too_large");
  const auto added = this->backend_.run(store.add_members(id, ada, {bob, eve}, 3, 1));
  ASSERT_TRUE(added);
  EXPECT_THAT(added->changed, ::testing::ElementsAre(eve));
  EXPECT_THAT(added->members, ::testing::UnorderedElementsAre(ada, bob, eve));
  EXPECT_EQ(added->head.member_count, 3);
  EXPECT_EQ(added->head.members_rev, before.members_rev + 1);
  const auto none = this->backend_.run(store.add_members(id, ada, {bob}, 3, 1));
  EXPECT_TRUE(none->changed.empty());
  EXPECT_EQ(none->head.members_rev, added->head.members_rev);
  EXPECT_EQ(this->code(this->backend_.run(store.remove_member(id, ada, base::new_ulid(1)))), "not_found");
  const auto removed = this->backend_.run(store.remove_member(id, ada, bob));
  EXPECT_THAT(removed->changed, ::testing::ElementsAre(bob));
  EXPECT_THAT(removed->members, ::testing::UnorderedElementsAre(ada, eve));
  const auto gone = this->backend_.run(store.remove_conversation(id, ada));
  EXPECT_THAT(gone->changed, ::testing::UnorderedElementsAre(ada, eve));
  EXPECT_TRUE(this->backend_.run(store.summaries(ada, {id}, false))->empty());
}

TYPED_TEST_P(ChatContract, members_page_by_id) {
  auto& store = this->backend_.store();
  const auto ada = this->person("ada");
  std::set<base::Ulid> all{ada};
  std::vector<base::Ulid> others;
  for (int i = 0; i < 7; ++i) others.push_back(this->person("user" + std::to_string(i)));
  all.insert(others.begin(), others.end());
  const auto id = this->group(ada, others);
  std::vector<base::Ulid> seen;
  std::optional<base::Ulid> after;
  for (;;) {
    const auto page = this->backend_.run(store.members(id, ada, after, 3));
    ASSERT_TRUE(page);
    if (page->empty()) break;
    for (const auto& member : *page) seen.push_back(member.user_id);
    after = seen.back();
  }
  EXPECT_EQ(seen, std::vector<base::Ulid>(all.begin(), all.end()));
}

REGISTER_TYPED_TEST_SUITE_P(ChatContract, a_name_belongs_to_one_whatever_its_case,
                            unknown_users_are_left_out_and_can_not_be_renamed,
                            search_is_by_prefix_in_any_case_and_bounded,
                            a_session_rotates_once_for_each_secret_and_ends_for_good,
                            of_a_link_and_an_unlink_that_cross_the_later_membership_wins,
                            a_one_on_one_is_made_once_and_can_not_be_changed, strangers_see_nothing,
                            roles_say_who_may_what,
                            an_owner_who_leaves_hands_the_group_on_and_the_last_one_takes_it_along,
                            changes_of_members_answer_who_changed_and_count, members_page_by_id);

}  // namespace chat::testing
