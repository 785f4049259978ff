#include "dataplane/adapters/postgres_directory.hpp"

#include "dataplane/domain/errors.hpp"
#include "tests/dataplane/adapters/two_shards.hpp"

namespace chat::adapters {
namespace {

class DirectoryTest : public chat::testing::TwoShards {
 protected:
  static ports::User user(const std::string& name, int shard = 0, std::int64_t at = kNow) {
    return {id_on(shard), name, name + " displayed", at};
  }
  base::Status add(const ports::User& one) { return run(directory().register_user(one, "hash of " + one.username)); }
  base::Task<> add_into(ports::User one, std::vector<base::Status>& results) {
    auto status = co_await directory().register_user(std::move(one), "hash");
    results.push_back(std::move(status));
  }
  static int name_shard(const std::string& name) { return domain::bucket_of_name(name) / 2048; }
  // As a registration leaves it that died after its claim.
  void plant_claim(const std::string& name, base::Ulid holder, std::int64_t at) {
    must(admin_[name_shard(name)]->execute(
        "insert into usernames values ($1, $2, $3, $4)",
        {std::to_string(domain::bucket_of_name(name)), name, holder.uuid_text(), std::to_string(at)}));
  }
  ports::Session session_of(base::Ulid owner) {
    ports::Session session;
    session.session_id = base::new_ulid(kNow);
    session.user_id = owner;
    session.device_id = "phone";
    session.refresh_hash = "h1";
    session.rotated_at = kNow;
    session.expires_at = kNow + 1000;
    return session;
  }
};

TEST_F(DirectoryTest, RegistersAndFindsUsersOnBothShards) {
  for (int shard : {0, 1}) {
    for (const char* name : {"Ann", "ben_1", "CHRIS", "dora99"}) {
      const auto one = user(name + std::to_string(shard), shard);
      ASSERT_TRUE(add(one));
      const auto credentials = run(directory().credentials("x"));
      EXPECT_FALSE(credentials);
      const auto found = run(directory().credentials(one.username));
      ASSERT_TRUE(found) << found.error().message;
      EXPECT_EQ(found->user_id, one.user_id);
      EXPECT_EQ(found->password_hash, "hash of " + one.username);
      const auto by_name = run(directory().user_by_name(one.username));
      ASSERT_TRUE(by_name);
      ASSERT_TRUE(*by_name);
      EXPECT_EQ((*by_name)->display_name, one.display_name);
    }
  }
  EXPECT_EQ(run(directory().credentials("nobody")).error().code, make_error_code(domain::Errc::not_found));
  EXPECT_FALSE(*run(directory().user_by_name("nobody")));
}

TEST_F(DirectoryTest, KeepsNamesUniqueWhateverTheirCase) {
  ASSERT_TRUE(add(user("MixedCase", 0)));
  for (const char* name : {"mixedcase", "MIXEDCASE", "MixedCase"}) {
    const auto status = add(user(name, 1));
    ASSERT_FALSE(status) << name;
    EXPECT_EQ(status.error().code, make_error_code(domain::Errc::conflict));
  }
  EXPECT_EQ(run(directory().credentials("mIxEdCaSe"))->username, "MixedCase");
}

TEST_F(DirectoryTest, GivesANameToOneOfManyWhoWantItAtOnce) {
  std::vector<base::Status> results;
  base::TaskGroup group(io_.get_executor());
  for (int i = 0; i < 12; ++i) group.spawn("register", add_into(user(i % 2 ? "Wanted" : "wanted", i % 2), results));
  ASSERT_TRUE(run(group.idle(std::chrono::steady_clock::now() + std::chrono::seconds(20))));
  int made = 0;
  for (const auto& status : results) {
    made += status ? 1 : 0;
    if (status) continue;
    EXPECT_EQ(status.error().code, make_error_code(domain::Errc::conflict)) << status.error().message;
  }
  EXPECT_EQ(made, 1);
  EXPECT_EQ(std::stoi(value(0, "select count(*) from users")) + std::stoi(value(1, "select count(*) from users")), 1);
}

TEST_F(DirectoryTest, TakesOverAClaimOnlyWhereItsRegistrationDiedAMinuteAgo) {
  plant_claim("fresh", id_on(0), kNow - 59'000);
  EXPECT_FALSE(add(user("fresh")));
  plant_claim("dead", id_on(0), kNow - 61'000);
  const auto heir = user("dead", 1);
  ASSERT_TRUE(add(heir));
  EXPECT_EQ(run(directory().credentials("dead"))->user_id, heir.user_id);
  const auto written = user("written");
  ASSERT_TRUE(add(written));
  must(admin_[name_shard("written")]->execute("update usernames set confirmed = false, claimed_ms = 0"));
  EXPECT_FALSE(add(user("written"))) << "only its confirmation was lost";
  EXPECT_EQ(run(directory().credentials("written"))->user_id, written.user_id);
}

TEST_F(DirectoryTest, FreesTheNameWhereTheUserCanNotBeWritten) {
  const auto one = user("stranded", 1 - name_shard("stranded"));
  const int users_shard = 1 - name_shard("stranded");
  must(admin_[users_shard]->execute(
      "select chat_own($1, $2, 'shard-7', 9)",
      {std::to_string(low_bucket(users_shard)), std::to_string(low_bucket(users_shard) + 2047)}));
  EXPECT_FALSE(add(one));
  EXPECT_EQ(value(name_shard("stranded"), "select count(*) from usernames"), "0");
}

TEST_F(DirectoryTest, AnswersUsersAndLeavesOutTheUnknown) {
  const auto a = user("aaa", 0);
  const auto b = user("bbb", 1);
  ASSERT_TRUE(add(a));
  ASSERT_TRUE(add(b));
  const auto found = run(directory().users({a.user_id, id_on(0), b.user_id}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->size(), 2u);
  const auto renamed = run(directory().rename_user(b.user_id, "O'Brien \"x\" \\ \xE2\x98\x83"));
  ASSERT_TRUE(renamed);
  EXPECT_EQ(renamed->display_name, "O'Brien \"x\" \\ \xE2\x98\x83");
  EXPECT_FALSE(run(directory().rename_user(id_on(0), "x")));
}

TEST_F(DirectoryTest, SearchesByPrefixOverAllShards) {
  for (const char* name : {"anna", "Annette", "ann_x", "bob", "an"})
    ASSERT_TRUE(add(user(name, name[1] == 'n' ? 0 : 1)));
  auto names = [&](const std::string& prefix, int limit) {
    const auto found = run(directory().search_users(prefix, limit));
    must(found);
    std::vector<std::string> out;
    for (const auto& one : *found) out.push_back(one.username);
    return out;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names("ANN", 10), (Names{"ann_x", "anna", "Annette"}));
  EXPECT_EQ(names("ann", 2), (Names{"ann_x", "anna"}));
  EXPECT_EQ(names("ann_", 10), (Names{"ann_x"})) << "_ is no wildcard";
  EXPECT_EQ(names("%", 10), Names{});
  EXPECT_EQ(names("zz", 10), Names{});
}

TEST_F(DirectoryTest, RotatesASessionOnce) {
  const auto session = session_of(id_on(1));
  ASSERT_TRUE(run(directory().create_session(session)));
  EXPECT_EQ(told(run(directory().rotate_session(session, "h2", kNow + 1, kNow + 2000))), "yes");
  EXPECT_EQ(told(run(directory().rotate_session(session, "h3", kNow + 2, kNow + 2000))), "no");
  const auto now = run(directory().session(session.user_id, session.session_id));
  ASSERT_TRUE(now);
  EXPECT_EQ(now->refresh_hash, "h2");
  EXPECT_EQ(now->previous_hash, "h1");
  EXPECT_EQ(now->rotated_at, kNow + 1);
  EXPECT_EQ(now->expires_at, kNow + 2000);
  EXPECT_EQ(now->device_id, "phone");
  EXPECT_FALSE(now->revoked);
  ASSERT_TRUE(run(directory().revoke_session(session.user_id, session.session_id)));
  EXPECT_TRUE(run(directory().session(session.user_id, session.session_id))->revoked);
  EXPECT_EQ(told(run(directory().rotate_session(*now, "h4", kNow, kNow))), "no");
  EXPECT_FALSE(run(directory().session(session.user_id, id_on(0))));
}

TEST_F(DirectoryTest, LetsTheHigherMembersRevWinWhenAddAndRemoveCross) {
  const auto someone = id_on(0);
  const auto other = id_on(1);
  const auto talk = id_on(0);
  auto linked = [&](base::Ulid who) { return !run(directory().conversations_of(who, 10))->empty(); };
  ASSERT_TRUE(run(directory().link({someone, other}, talk, 1, kNow)));
  EXPECT_TRUE(linked(someone));
  EXPECT_TRUE(linked(other));
  ASSERT_TRUE(run(directory().unlink({someone}, talk, 3)));
  ASSERT_TRUE(run(directory().link({someone}, talk, 2, kNow))) << "came late";
  EXPECT_FALSE(linked(someone));
  ASSERT_TRUE(run(directory().link({someone}, talk, 4, kNow)));
  EXPECT_TRUE(linked(someone));
  ASSERT_TRUE(run(directory().unlink({other}, id_on(0), 7))) << "never linked at all";
  EXPECT_TRUE(linked(other));
}

TEST_F(DirectoryTest, ListsConversationsNewestFirst) {
  const auto someone = id_on(1);
  std::vector<base::Ulid> talks;
  for (int i = 0; i < 5; ++i) {
    talks.insert(talks.begin(), id_on(i % 2));
    ASSERT_TRUE(run(directory().link({someone}, talks.front(), 1, kNow + i)));
  }
  EXPECT_EQ(*run(directory().conversations_of(someone, 10)), talks);
  EXPECT_EQ(*run(directory().conversations_of(someone, 2)), (std::vector<base::Ulid>{talks[0], talks[1]}));
}

TEST_F(DirectoryTest, ListsTheConversationsOfSomeoneWhoHasManyToo) {
  const auto someone = id_on(1);
  std::vector<base::Ulid> talks;
  for (int i = 0; i < 120; ++i) {
    talks.insert(talks.begin(), id_on(i % 2));
    ASSERT_TRUE(run(directory().link({someone}, talks.front(), 1, kNow + i)));
  }
  EXPECT_EQ(*run(directory().conversations_of(someone, 1000)), talks);
  talks.resize(110);
  EXPECT_EQ(*run(directory().conversations_of(someone, 110)), talks);
}

}  // namespace
}  // namespace chat::adapters
