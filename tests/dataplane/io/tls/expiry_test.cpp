#include "dataplane/io/tls/expiry.hpp"

#include <gmock/gmock.h>

namespace chat::io::tls {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kDay = 24 * 3600;
constexpr std::int64_t kNow = 1'790'000'000;  // 2026-09-21

Validity from_to(std::int64_t begins, std::int64_t ends) { return {"/CN=a", kNow + begins, kNow + ends}; }

TEST(Expiry, ACertificateThatIsGoodForLongIsNoTrouble) {
  EXPECT_EQ(expiry_trouble(from_to(-kDay, 7 * kDay), "it", kNow), std::nullopt);
  EXPECT_EQ(expiry_trouble(from_to(0, 90 * kDay), "it", kNow), std::nullopt);
}

TEST(Expiry, SaysSoFromSevenDaysBeforeTheEnd) {
  const auto soon = expiry_trouble(from_to(-kDay, 7 * kDay - 1), "the certificate", kNow);
  ASSERT_TRUE(soon);
  EXPECT_EQ(soon->reason, "CertificateExpires");
  EXPECT_THAT(soon->message, HasSubstr("the certificate ends on 2026-09-28 "));
  const auto ended = expiry_trouble(from_to(-kDay, 0), "the certificate", kNow);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->reason, "CertificateExpires");
  EXPECT_THAT(ended->message, HasSubstr("ended on 2026-09-21 "));
}

TEST(Expiry, TheMessageStaysTheSameAsTimeGoesOn) {
  const auto certificate = from_to(-kDay, 6 * kDay);
  EXPECT_EQ(expiry_trouble(certificate, "it", kNow), expiry_trouble(certificate, "it", kNow + 3 * kDay));
}

TEST(Expiry, ACertificateOfTheFutureIsInvalid) {
  const auto early = expiry_trouble(from_to(kDay, 90 * kDay), "it", kNow);
  ASSERT_TRUE(early);
  EXPECT_EQ(early->reason, "CertificateInvalid");
}

TEST(Expiry, WhatNobodyWouldAcceptIsKeptOutWhileTheOneInUseIsGood) {
  const auto good = from_to(-kDay, kDay);
  const auto ended = from_to(-kDay, -1);
  const auto future = from_to(1, kDay);
  EXPECT_EQ(why_kept_out(good, good, kNow), "");
  EXPECT_THAT(why_kept_out(good, ended, kNow), HasSubstr("ended on"));
  EXPECT_THAT(why_kept_out(good, future, kNow), HasSubstr("only from"));
  EXPECT_EQ(why_kept_out(ended, ended, kNow), "");
  EXPECT_EQ(why_kept_out(future, ended, kNow), "");
}

}  // namespace
}  // namespace chat::io::tls
