#include "dataplane/services/conversations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/domain/bucket.hpp"
#include "tests/dataplane/services/fake_chat.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/run_task.hpp"

namespace chat::services {
namespace {

using domain::Errc;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::run_task;
using ::testing::UnorderedElementsAre;

class ConversationsTest : public ::testing::Test {
 protected:
  Ulid person(const std::string& name) {
    const Ulid id = base::new_ulid(clock_.now_milliseconds());
    directory_.people[id] = {id, name, "Name of " + name, clock_.now_milliseconds()};
    directory_.names[name] = id;
    return id;
  }
  Result<Created> one_on_one(Ulid from, Ulid to) { return run_task(conversations_.create_one_on_one({from}, to)); }
  Result<Details> group(Ulid owner, std::vector<Ulid> members, const std::string& name = "Team") {
    return run_task(conversations_.create_group({owner}, name, std::move(members), limits_));
  }
  Result<ConversationPage> list(Ulid user, std::optional<ListPosition> after = std::nullopt, int limit = 50) {
    return run_task(conversations_.list(user, after, limit));
  }

  testing::FakeClock clock_;
  base::Log log_{"test", base::Level::error};
  testing::FakeStore store_;
  testing::FakeDirectory directory_;
  testing::FakeMessagePath messages_{store_, clock_};
  testing::FakeRateLimiter limiter_{clock_};
  domain::Limits limits_;
  Conversations conversations_{{store_, directory_, messages_, limiter_, clock_, log_}};
  Ulid ada_ = person("ada");
  Ulid bob_ = person("bob");
  Ulid eve_ = person("eve");
};

TEST_F(ConversationsTest, a_one_on_one_is_the_same_from_both_sides_and_announced_once) {
  const auto first = one_on_one(ada_, bob_);
  const auto second = one_on_one(bob_, ada_);
  ASSERT_TRUE(first && second);
  EXPECT_TRUE(first->fresh);
  EXPECT_FALSE(second->fresh);
  EXPECT_EQ(first->details.summary.conversation.conversation_id, domain::one_on_one_id(ada_, bob_));
  ASSERT_EQ(messages_.announced.size(), 1u);
  EXPECT_THAT(messages_.announced[0].subjects, UnorderedElementsAre(ada_, bob_));
  EXPECT_THAT(messages_.announced[0].frame, HasSubstr("\"change\":\"created\""));
}

TEST_F(ConversationsTest, both_sides_see_a_new_conversation_at_once) {
  ASSERT_TRUE(one_on_one(ada_, bob_));
  EXPECT_EQ(list(ada_)->items.size(), 1u);
  EXPECT_EQ(list(bob_)->items.size(), 1u);
  EXPECT_EQ(list(bob_)->others.at(ada_).display_name, "Name of ada");
  EXPECT_THAT(list(eve_)->items, IsEmpty());
}

TEST_F(ConversationsTest, a_one_on_one_whose_creator_died_half_way_is_mended_by_asking_again) {
  ASSERT_TRUE(one_on_one(ada_, bob_));
  directory_.index.clear();
  ASSERT_TRUE(one_on_one(bob_, ada_));
  EXPECT_EQ(list(ada_)->items.size(), 1u);
  EXPECT_EQ(list(bob_)->items.size(), 1u);
}

TEST_F(ConversationsTest, nobody_talks_to_themselves_or_to_nobody) {
  EXPECT_EQ(one_on_one(ada_, ada_).error().code, Errc::bad_request);
  const Ulid nobody = base::new_ulid(1);
  const auto result = one_on_one(ada_, nobody);
  EXPECT_EQ(result.error().code, Errc::not_found);
  EXPECT_THAT(result.error().message, HasSubstr(nobody.text()));
}

TEST_F(ConversationsTest, the_creators_own_index_must_be_written_others_may_follow) {
  directory_.unreachable = {bob_};
  EXPECT_TRUE(one_on_one(ada_, bob_));
  EXPECT_EQ(list(ada_)->items.size(), 1u);
  directory_.unreachable = {ada_};
  EXPECT_FALSE(group(ada_, {bob_}));
}

TEST_F(ConversationsTest, what_can_not_be_announced_is_made_all_the_same) {
  messages_.down = true;
  EXPECT_TRUE(one_on_one(ada_, bob_));
  EXPECT_TRUE(group(ada_, {bob_}));
}

TEST_F(ConversationsTest, a_group_has_its_maker_as_owner_and_each_member_once) {
  const auto made = group(ada_, {bob_, bob_, ada_, eve_});
  ASSERT_TRUE(made);
  EXPECT_EQ(made->summary.my_role, domain::Role::owner);
  EXPECT_EQ(made->summary.conversation.head.member_count, 3);
  EXPECT_EQ(made->members.items.size(), 3u);
}

TEST_F(ConversationsTest, a_groups_bounds_are_checked_before_anything_is_written) {
  limits_.group_members = 2;
  EXPECT_EQ(group(ada_, {bob_, eve_}).error().code, Errc::too_large);
  EXPECT_EQ(group(ada_, {}, "").error().code, Errc::bad_request);
  EXPECT_EQ(group(ada_, {}, std::string(201, 'x')).error().code, Errc::bad_request);
  EXPECT_EQ(group(ada_, {}, "a\nb").error().code, Errc::bad_request);
  EXPECT_EQ(group(ada_, {base::new_ulid(1)}).error().code, Errc::not_found);
  std::vector<Ulid> many(Conversations::kMostMembersPerCall + 1);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = base::new_ulid(static_cast<std::int64_t>(i));
  limits_.group_members = 0;
  EXPECT_EQ(group(ada_, many).error().code, Errc::too_large);
  EXPECT_TRUE(store_.conversations.empty());
  std::string name;
  for (int i = 0; i < 200; ++i) name += "\xF0\x9F\x98\x80";
  EXPECT_TRUE(group(ada_, {}, name));
}

TEST_F(ConversationsTest, fifty_groups_an_hour) {
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(group(ada_, {bob_}));
  const auto refused = group(ada_, {bob_});
  EXPECT_EQ(refused.error().code, Errc::rate_limited);
  EXPECT_GT(refused.error().retry_after, seconds(60));
  EXPECT_TRUE(group(bob_, {ada_}));
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(run_task(conversations_.create_group({eve_, 10}, "Vip", {}, limits_)));
  EXPECT_FALSE(run_task(conversations_.create_group({eve_, 10}, "Vip", {}, limits_)));
}

TEST_F(ConversationsTest, pages_name_every_conversation_once_newest_activity_first) {
  std::vector<Ulid> made;
  for (int i = 0; i < 25; ++i) {
    made.push_back(group(ada_, {bob_}, "g" + std::to_string(i))->summary.conversation.conversation_id);
    if (i % 3 == 0) clock_.advance(seconds(1));  // some at the same time
  }
  std::vector<Ulid> seen;
  std::optional<ListPosition> after;
  std::int64_t last_activity = std::numeric_limits<std::int64_t>::max();
  do {
    const auto page = list(ada_, after, 4);
    ASSERT_TRUE(page);
    ASSERT_LE(page->items.size(), 4u);
    for (const auto& item : page->items) {
      EXPECT_LE(item.last_activity_at, last_activity);
      last_activity = item.last_activity_at;
      seen.push_back(item.conversation.conversation_id);
    }
    after = page->next;
    if (after) after = parse_cursor(to_cursor(*after));
  } while (after);
  EXPECT_THAT(seen, ::testing::UnorderedElementsAreArray(made));
}

TEST_F(ConversationsTest, cursors_that_nobody_gave_are_refused) {
  for (const char* text :
       {"", "x", "AAAA", "MTIz", "OjAx", "LTE6MDFLRFZEVDQwMDAwMDAwMDAwMDAwMDAwMDE", "====", "\xFF"}) {
    EXPECT_FALSE(parse_cursor(text)) << text;
  }
}

TEST_F(ConversationsTest, who_is_added_finds_the_conversation_and_hears_of_it) {
  const auto id = group(ada_, {bob_})->summary.conversation.conversation_id;
  messages_.announced.clear();
  const auto added = run_task(conversations_.add_members(id, ada_, {eve_, bob_}, limits_));
  EXPECT_THAT(*added, ElementsAre(eve_));
  EXPECT_EQ(list(eve_)->items.size(), 1u);
  ASSERT_EQ(messages_.announced.size(), 1u);
  EXPECT_EQ(messages_.announced[0].change, "member_added");
  EXPECT_THAT(messages_.announced[0].subjects, ElementsAre(eve_));
  EXPECT_THAT(messages_.announced[0].audience, UnorderedElementsAre(ada_, bob_, eve_));
  EXPECT_THAT(messages_.announced[0].frame, HasSubstr("\"user_id\":\"" + eve_.text()));
}

TEST_F(ConversationsTest, each_of_several_added_at_once_is_announced) {
  const auto id = group(ada_, {bob_})->summary.conversation.conversation_id;
  const auto dan = person("dan");
  const auto fay = person("fay");
  messages_.announced.clear();
  ASSERT_TRUE(run_task(conversations_.add_members(id, ada_, {eve_, dan, fay}, limits_)));
  std::vector<Ulid> told;
  for (const auto& one : messages_.announced) told.insert(told.end(), one.subjects.begin(), one.subjects.end());
  EXPECT_THAT(told, UnorderedElementsAre(eve_, dan, fay));
}

TEST_F(ConversationsTest, adding_who_is_there_changes_nothing_and_announces_nothing) {
  const auto id = group(ada_, {bob_})->summary.conversation.conversation_id;
  messages_.announced.clear();
  EXPECT_THAT(*run_task(conversations_.add_members(id, ada_, {bob_}, limits_)), IsEmpty());
  EXPECT_TRUE(messages_.announced.empty());
}

TEST_F(ConversationsTest, a_stranger_can_not_ask_which_users_exist_through_a_group) {
  const auto id = group(ada_, {bob_})->summary.conversation.conversation_id;
  const auto unknown = run_task(conversations_.add_members(id, eve_, {base::new_ulid(1)}, limits_));
  const auto known = run_task(conversations_.add_members(id, eve_, {bob_}, limits_));
  EXPECT_EQ(unknown.error().message, known.error().message);
}

TEST_F(ConversationsTest, who_is_removed_hears_it_and_no_longer_finds_the_conversation) {
  const auto id = group(ada_, {bob_, eve_})->summary.conversation.conversation_id;
  messages_.announced.clear();
  ASSERT_TRUE(run_task(conversations_.remove_member(id, ada_, eve_)));
  EXPECT_THAT(list(eve_)->items, IsEmpty());
  ASSERT_EQ(messages_.announced.size(), 1u);
  EXPECT_THAT(messages_.announced[0].subjects, ElementsAre(eve_));
  EXPECT_THAT(messages_.announced[0].audience, UnorderedElementsAre(ada_, bob_));
}

TEST_F(ConversationsTest, who_gives_the_group_away_is_announced_as_admin) {
  const auto id = group(ada_, {bob_})->summary.conversation.conversation_id;
  messages_.announced.clear();
  ASSERT_TRUE(run_task(conversations_.set_role(id, ada_, bob_, domain::Role::owner)));
  ASSERT_EQ(messages_.announced.size(), 2u);
  EXPECT_THAT(messages_.announced[0].frame, HasSubstr("\"role\":\"owner\""));
  EXPECT_THAT(messages_.announced[1].subjects, ElementsAre(ada_));
  EXPECT_THAT(messages_.announced[1].frame, HasSubstr("\"role\":\"admin\""));
}

TEST_F(ConversationsTest, a_deleted_group_is_gone_for_everyone_and_all_hear_it) {
  const auto id = group(ada_, {bob_})->summary.conversation.conversation_id;
  messages_.announced.clear();
  EXPECT_EQ(run_task(conversations_.remove(id, bob_)).error().code, Errc::forbidden);
  ASSERT_TRUE(run_task(conversations_.remove(id, ada_)));
  EXPECT_THAT(list(bob_)->items, IsEmpty());
  ASSERT_EQ(messages_.announced.size(), 1u);
  EXPECT_THAT(messages_.announced[0].subjects, UnorderedElementsAre(ada_, bob_));
  EXPECT_EQ(run_task(conversations_.details(id, ada_)).error().code, Errc::not_found);
}

TEST_F(ConversationsTest, last_messages_are_asked_for_what_is_shown_only) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(group(ada_, {bob_}));
  store_.summary_calls = 0;
  ASSERT_TRUE(list(ada_, std::nullopt, 2));
  EXPECT_EQ(store_.summary_calls, 2);
}

}  // namespace
}  // namespace chat::services
