#include "dataplane/services/sign_in.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/base/digest.hpp"
#include "dataplane/protocol/convert.hpp"
#include "dataplane/services/accounts.hpp"
#include "tests/dataplane/services/fake_chat.hpp"
#include "tests/dataplane/services/fake_publisher.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/run_task.hpp"

namespace chat::services {
namespace {

using domain::Errc;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::run_task;

class FakeSigner final : public ports::TokenSigner {
 public:
  [[nodiscard]] std::string sign(const ports::Identity& identity, std::int64_t now) const override {
    return identity.username + "@" + std::to_string(now);
  }
  [[nodiscard]] std::string jwks(std::int64_t) const override { return "{}"; }
  [[nodiscard]] std::vector<std::string> derived_secrets(std::string_view purpose) const override {
    std::vector<std::string> secrets;
    for (const auto& key : keys) secrets.push_back(key + std::string(purpose));
    return secrets;
  }
  std::vector<std::string> keys{"key-1"};
};

class SignInTest : public ::testing::Test {
 protected:
  SignInTest() {
    Accounts accounts(directory_, passwords_, clock_);
    NewUser ada{"Ada", "correct horse", std::nullopt};
    EXPECT_TRUE(run_task(accounts.register_user(std::move(ada))));
  }
  SignIn make() { return SignIn({directory_, passwords_, signer_, limiter_, bus_, clock_, log_}); }
  Result<SignedIn> sign_in(const std::string& username, const std::string& password,
                           const std::string& address = "1.2.3.4", std::optional<std::string> device = std::nullopt) {
    SignInRequest request{username, password, std::move(device), address};
    return run_task(sign_in_.sign_in(std::move(request), limits_));
  }
  Result<SignedIn> refresh(const std::string& token) { return run_task(sign_in_.refresh(token)); }

  testing::FakeClock clock_;
  base::Log log_{"test", base::Level::error};
  testing::FakeDirectory directory_;
  testing::FakePasswords passwords_;
  testing::FakeRateLimiter limiter_{clock_};
  testing::FakePublisher bus_;
  FakeSigner signer_;
  domain::Limits limits_;
  SignIn sign_in_ = make();
};

TEST_F(SignInTest, the_right_password_opens_a_session_whose_secret_is_not_stored) {
  const auto result = sign_in("ada", "correct horse");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->expires_in, 900);
  EXPECT_EQ(result->access_token.substr(0, 4), "Ada@");
  EXPECT_TRUE(Ulid::parse(result->device_id));
  ASSERT_EQ(directory_.sessions.size(), 1u);
  const auto& session = directory_.sessions.begin()->second;
  const auto secret = result->refresh_token.substr(result->refresh_token.rfind('.') + 1);
  EXPECT_EQ(session.refresh_hash, base::hex(base::sha256(*base::parse_base64url(secret))));
}

TEST_F(SignInTest, the_device_that_was_named_stays) {
  EXPECT_EQ(sign_in("ada", "correct horse", "1.2.3.4", "my-phone_1.0")->device_id, "my-phone_1.0");
  for (const std::string& bad : {std::string(), std::string(65, 'a'), std::string("a b"), std::string("a\0b", 3)}) {
    EXPECT_EQ(sign_in("ada", "correct horse", "1.2.3.4", bad).error().code, Errc::bad_request);
  }
}

TEST_F(SignInTest, a_wrong_name_and_a_wrong_password_are_the_same_to_whoever_asks) {
  const auto wrong_password = sign_in("ada", "wrong horse");
  EXPECT_EQ(passwords_.compared, 1);
  for (const char* name : {"nobody", "", "not a name!", "ada\xC3\xA9"}) {
    const int before = passwords_.compared;
    const auto wrong_name = sign_in(name, "correct horse");
    EXPECT_EQ(passwords_.compared, before + 1) << name;
    ASSERT_FALSE(wrong_name);
    EXPECT_EQ(wrong_name.error().code, Errc::unauthorized);
    EXPECT_EQ(wrong_name.error().message, wrong_password.error().message);
  }
}

TEST_F(SignInTest, the_sixth_try_from_an_address_waits_even_with_the_right_password) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(sign_in("ada", "wrong").error().code, Errc::unauthorized);
  const auto limited = sign_in("ADA", "correct horse");
  ASSERT_EQ(limited.error().code, Errc::rate_limited);
  EXPECT_GT(limited.error().retry_after, seconds(30));
  EXPECT_LE(limited.error().retry_after, seconds(61));
  EXPECT_TRUE(sign_in("ada", "correct horse", "5.6.7.8"));
  clock_.advance(limited.error().retry_after);
  EXPECT_TRUE(sign_in("ada", "correct horse"));
}

TEST_F(SignInTest, unknown_names_are_limited_like_known_ones) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(sign_in("nobody", "wrong").error().code, Errc::unauthorized);
  EXPECT_EQ(sign_in("nobody", "wrong").error().code, Errc::rate_limited);
}

TEST_F(SignInTest, from_all_addresses_an_account_takes_fifty_tries) {
  limits_.sign_ins_per_minute_per_address = 0;
  int refused = 0;
  for (int i = 0; i < 60; ++i) {
    const auto result = sign_in("ada", "wrong", "10.0.0." + std::to_string(i));
    if (result.error().code == Errc::rate_limited) ++refused;
  }
  EXPECT_EQ(refused, 10);
}

TEST_F(SignInTest, signing_in_costs_the_account_nothing) {
  for (int i = 0; i < 55; ++i) EXPECT_TRUE(sign_in("ada", "correct horse")) << i;
}

TEST_F(SignInTest, an_address_signs_in_sixty_times_a_minute) {
  for (int i = 0; i < 60; ++i) {
    EXPECT_EQ(sign_in("user" + std::to_string(i), "wrong").error().code, Errc::unauthorized);
  }
  EXPECT_EQ(sign_in("ada", "correct horse").error().code, Errc::rate_limited);
  EXPECT_TRUE(sign_in("ada", "correct horse", "5.6.7.8"));
}

TEST_F(SignInTest, a_limit_of_zero_is_none) {
  limits_.sign_in_tries_per_5_minutes = 0;
  limits_.sign_ins_per_minute_per_address = 0;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(sign_in("ada", "wrong").error().code, Errc::unauthorized);
}

TEST_F(SignInTest, a_busy_hasher_is_no_verdict) {
  passwords_.busy = true;
  const auto result = sign_in("ada", "correct horse");
  EXPECT_EQ(domain::errc_for_client(result.error()), Errc::unavailable);
}

TEST_F(SignInTest, refreshing_rotates_the_token) {
  const auto first = sign_in("ada", "correct horse");
  const auto second = refresh(first->refresh_token);
  ASSERT_TRUE(second);
  EXPECT_NE(second->refresh_token, first->refresh_token);
  EXPECT_EQ(second->device_id, first->device_id);
  EXPECT_EQ(second->user_id, first->user_id);
  EXPECT_EQ(second->access_token.substr(0, 4), "Ada@");
  EXPECT_TRUE(refresh(second->refresh_token));
}

TEST_F(SignInTest, the_previous_token_gets_the_same_successor_for_ten_seconds_from_any_instance) {
  const auto first = sign_in("ada", "correct horse");
  const auto second = refresh(first->refresh_token);
  clock_.advance(seconds(10));
  SignIn other = make();
  const auto again = run_task(other.refresh(first->refresh_token));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->refresh_token, second->refresh_token);
  EXPECT_TRUE(refresh(second->refresh_token));
}

TEST_F(SignInTest, after_ten_seconds_a_replay_ends_the_session) {
  const auto first = sign_in("ada", "correct horse");
  const auto second = refresh(first->refresh_token);
  clock_.advance(milliseconds(10'001));
  EXPECT_EQ(refresh(first->refresh_token).error().code, Errc::unauthorized);
  EXPECT_EQ(refresh(second->refresh_token).error().code, Errc::unauthorized);
}

TEST_F(SignInTest, a_replay_of_an_older_token_ends_the_session_at_once) {
  const auto first = sign_in("ada", "correct horse");
  const auto second = refresh(first->refresh_token);
  const auto third = refresh(second->refresh_token);
  EXPECT_FALSE(refresh(first->refresh_token));
  EXPECT_EQ(bus_.published.size(), 1u);  // its sockets end too
  EXPECT_FALSE(refresh(third->refresh_token));
}

TEST_F(SignInTest, a_replay_ends_that_session_only) {
  const auto phone = sign_in("ada", "correct horse");
  const auto laptop = sign_in("ada", "correct horse");
  static_cast<void>(refresh(phone->refresh_token));
  clock_.advance(seconds(11));
  EXPECT_FALSE(refresh(phone->refresh_token));
  EXPECT_TRUE(refresh(laptop->refresh_token));
}

TEST_F(SignInTest, the_same_successor_also_when_the_signing_key_rotated_in_between) {
  const auto first = sign_in("ada", "correct horse");
  const auto second = refresh(first->refresh_token);
  signer_.keys = {"key-2", "key-1"};
  EXPECT_EQ(refresh(first->refresh_token)->refresh_token, second->refresh_token);
  EXPECT_TRUE(refresh(second->refresh_token));
}

TEST_F(SignInTest, a_session_ends_seven_days_after_its_last_refresh) {
  auto current = sign_in("ada", "correct horse");
  clock_.advance(hours(24 * 6));
  current = refresh(current->refresh_token);
  ASSERT_TRUE(current);
  clock_.advance(hours(24 * 6));
  current = refresh(current->refresh_token);
  ASSERT_TRUE(current);
  clock_.advance(hours(24 * 7));
  EXPECT_EQ(refresh(current->refresh_token).error().code, Errc::unauthorized);
}

TEST_F(SignInTest, what_is_no_token_is_unauthorized_and_harms_nobody) {
  const auto good = sign_in("ada", "correct horse");
  const std::string text = good->refresh_token;
  const std::string zero = "00000000000000000000000000";
  for (const std::string& bad :
       {std::string(), std::string("."), std::string(".."), text.substr(0, 54), text.substr(0, text.size() - 1),
        text + "A", zero + text.substr(26), text.substr(0, 27) + zero + text.substr(53), std::string(100'000, 'x'),
        std::string("\0.\0.\0", 5)}) {
    const auto result = refresh(bad);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::unauthorized) << bad.substr(0, 100);
    EXPECT_TRUE(run_task(sign_in_.sign_out(bad)));
  }
  EXPECT_TRUE(refresh(text));
}

TEST_F(SignInTest, a_directory_that_is_away_ends_no_session) {
  const auto first = sign_in("ada", "correct horse");
  directory_.down = true;
  EXPECT_EQ(domain::errc_for_client(refresh(first->refresh_token).error()), Errc::unavailable);
  EXPECT_FALSE(run_task(sign_in_.sign_out(first->refresh_token)));
  directory_.down = false;
  EXPECT_TRUE(refresh(first->refresh_token));
}

TEST_F(SignInTest, signing_out_ends_the_session_tells_the_gateways_and_can_be_repeated) {
  const auto first = sign_in("ada", "correct horse");
  EXPECT_TRUE(run_task(sign_in_.sign_out(first->refresh_token)));
  EXPECT_FALSE(refresh(first->refresh_token));
  ASSERT_EQ(bus_.published.size(), 1u);
  EXPECT_EQ(bus_.published[0].first, std::vector<std::string>{ports::user_channel(first->user_id.text())});
  pb::BusEvent event;
  ASSERT_TRUE(event.ParseFromString(bus_.published[0].second));
  EXPECT_EQ(event.kind(), pb::BusEvent::SIGNED_OUT);
  EXPECT_EQ(protocol::id_of(event.session_id()), directory_.sessions.begin()->second.session_id);
  EXPECT_TRUE(run_task(sign_in_.sign_out(first->refresh_token)));
}

TEST_F(SignInTest, signing_out_is_done_also_where_no_gateway_can_be_told) {
  const auto first = sign_in("ada", "correct horse");
  bus_.away = true;
  EXPECT_TRUE(run_task(sign_in_.sign_out(first->refresh_token)));
  EXPECT_FALSE(refresh(first->refresh_token));
}

}  // namespace
}  // namespace chat::services
