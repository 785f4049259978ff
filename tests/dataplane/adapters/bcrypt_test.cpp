#include "dataplane/adapters/bcrypt.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "tests/support/run_task.hpp"

namespace chat::adapters {
namespace {

using ::testing::MatchesRegex;
using testing::run_task;

constexpr int kCheap = 4;

class BcryptTest : public ::testing::Test {
 protected:
  std::string hash(const std::string& password) { return *run_task(passwords_.hash(password)); }
  bool matches(const std::string& password, std::optional<std::string> hash) {
    return *run_task(passwords_.matches(password, std::move(hash)));
  }
  base::BlockingPool pool_{"test", 1, 8};
  BcryptPasswords passwords_{pool_, kCheap};
};

TEST_F(BcryptTest, a_password_matches_its_own_hash_and_no_other_does) {
  const auto stored = hash("correct horse");
  EXPECT_THAT(stored, MatchesRegex("\\$2b\\$04\\$.{53}"));
  EXPECT_TRUE(matches("correct horse", stored));
  EXPECT_FALSE(matches("correct horsf", stored));
  EXPECT_FALSE(matches("", stored));
}

TEST_F(BcryptTest, two_hashes_of_one_password_differ) { EXPECT_NE(hash("same"), hash("same")); }

TEST_F(BcryptTest, every_byte_counts_past_72_and_past_a_nul) {
  const std::string base(200, 'x');
  EXPECT_FALSE(matches(base + "b", hash(base + "a")));
  const std::string with_nul("abc\0def", 7);
  const auto stored = hash(with_nul);
  EXPECT_TRUE(matches(with_nul, stored));
  EXPECT_FALSE(matches(std::string("abc\0deg", 7), stored));
  EXPECT_FALSE(matches("abc", stored));
}

TEST_F(BcryptTest, without_an_account_nothing_matches_and_the_work_is_alike) {
  BcryptPasswords dear(pool_, 10);
  const auto stored = *run_task(dear.hash("password"));
  const auto time = [&dear](std::optional<std::string> against) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(*run_task(dear.matches("wrong one", std::move(against))));
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const double with_account = time(stored);
  const double without = time(std::nullopt);
  EXPECT_GT(without, with_account / 4);
}

TEST_F(BcryptTest, a_stored_hash_that_is_none_is_an_error_and_not_a_match) {
  EXPECT_FALSE(run_task(passwords_.matches("password", "not a hash")));
}

TEST(Bcrypt, costs_twelve_by_default) {
  base::BlockingPool pool("test", 1, 8);
  BcryptPasswords passwords(pool);
  EXPECT_THAT(*run_task(passwords.hash("password")), MatchesRegex("\\$2b\\$12\\$.{53}"));
}

TEST(Bcrypt, sheds_when_too_many_wait) {
  base::BlockingPool pool("test", 1, 0);
  BcryptPasswords passwords(pool, kCheap);
  const auto result = run_task(passwords.hash("password"));
  ASSERT_FALSE(result);
  EXPECT_GT(result.error().retry_after.count(), 0);
}

}  // namespace
}  // namespace chat::adapters
