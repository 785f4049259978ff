#include "operator/settings/certificate_renewal.hpp"

#include <gmock/gmock.h>

#include <map>
#include <random>
#include <set>

namespace chatop::settings {
namespace {

using What = TlsStep::What;

constexpr std::int64_t kStart = 1'767'225'600;
constexpr std::int64_t kDay = 24 * 3600;
const std::vector<std::string> kHosts{"daemon.demo.chat.chatcluster.internal", "*.chat.svc"};

// What the Secrets hold, step by step.
class Renewal {
 public:
  TlsState state;
  TlsStep step(std::int64_t now) {
    const auto next = next_tls_step(state, kHosts, now);
    switch (next.what) {
      case What::make_authority:
        state.authority = *new_authority(now);
        break;
      case What::write:
        if (next.issue) state.certificate = new_certificate(*state.authority, kHosts, now)->certificate;
        state.trusted = next.trusted;
        break;
      case What::make_next:
        state.next = *new_authority(now);
        state.next_trusted_at.reset();
        if (!state.authority) state.old = state.trusted;
        break;
      case What::note:
        (state.next ? state.next_trusted_at : state.old_since) = now;
        break;
      case What::swap:
        if (state.authority) state.old = state.authority->certificate;
        state.authority = std::exchange(state.next, std::nullopt);
        state.old_since = now;
        break;
      case What::drop_old:
        state.old.clear();
        break;
      case What::nothing:
        break;
    }
    return next;
  }
  void settle(std::int64_t now) {
    while (step(now).what != What::nothing) {
    }
  }
};

// Until when one of `trusted`, which are several in one text, proves a certificate; 0: none does.
std::int64_t proven_until(std::string trusted, const std::string& certificate) {
  constexpr std::string_view kEnd = "-----END CERTIFICATE-----\n";
  std::int64_t until = 0;
  for (std::size_t end; (end = trusted.find(kEnd)) != std::string::npos; trusted.erase(0, end + kEnd.size())) {
    const auto one = trusted.substr(0, end + kEnd.size());
    if (is_issued_by(certificate, one))
      until = std::max(until, std::min(facts_of(one)->not_after, facts_of(certificate)->not_after));
  }
  return until;
}

bool accepts(const std::string& trusted, const std::string& certificate, std::int64_t now) {
  static std::map<std::pair<std::string, std::string>, std::int64_t> proven;
  const auto [found, is_new] = proven.try_emplace({trusted, certificate}, 0);
  if (is_new) found->second = proven_until(trusted, certificate);
  return now < found->second;
}

TEST(CertificateRenewalTest, FromNothingToWhatIsLeftAlone) {
  Renewal renewal;
  EXPECT_EQ(renewal.step(kStart).what, What::make_authority);
  const auto write = renewal.step(kStart);
  EXPECT_EQ(write.what, What::write);
  EXPECT_TRUE(write.issue);
  EXPECT_EQ(renewal.step(kStart).what, What::nothing);
  EXPECT_EQ(renewal.step(kStart + 59 * kDay).what, What::nothing);
  // Two thirds of ninety days.
  const auto again = renewal.step(kStart + 60 * kDay);
  EXPECT_EQ(again.what, What::write);
  EXPECT_TRUE(again.issue);
  EXPECT_EQ(again.trusted, write.trusted);
  EXPECT_EQ(renewal.step(kStart + 60 * kDay).what, What::nothing);
}

TEST(CertificateRenewalTest, WhatIsSpoiledIsMadeAnew) {
  Renewal renewal;
  renewal.settle(kStart);
  const auto good = renewal.state;
  renewal.state.certificate = "nonsense";
  EXPECT_TRUE(renewal.step(kStart).issue);
  renewal.state = good;
  renewal.state.certificate = new_certificate(*good.authority, {"another.host"}, kStart)->certificate;
  EXPECT_TRUE(renewal.step(kStart).issue);
  renewal.state = good;
  renewal.state.certificate = new_certificate(*new_authority(kStart), kHosts, kStart)->certificate;
  EXPECT_TRUE(renewal.step(kStart).issue);
  renewal.state = good;
  renewal.state.trusted.clear();
  const auto step = renewal.step(kStart);
  EXPECT_EQ(step.what, What::write);
  EXPECT_FALSE(step.issue);
  EXPECT_EQ(step.trusted, good.trusted);
}

// For years, with parts that read their files minutes after they changed, and PostgreSQL hours after.
TEST(CertificateRenewalTest, WhateverAPartShowsEveryOtherTrusts) {
  struct Part {
    std::int64_t reads_later;
    std::vector<std::pair<std::int64_t, TlsState>> pending;
    TlsState sees;
  };
  std::mt19937 dice(11);
  Renewal renewal;
  renewal.settle(kStart);
  std::vector<Part> parts;
  for (const std::int64_t late : {0, 90, 180, 600, 6 * 3600}) parts.push_back({late, {}, renewal.state});
  // Readers of PostgreSQL's read each file when they connect: only what a server shows comes that late.
  const auto& postgres = parts.back();
  std::set<std::string> authorities;
  std::int64_t tick = 60;
  for (auto now = kStart; now < kStart + 5 * 365 * kDay; now += tick) {
    const auto step = renewal.step(now);
    // Where something happens each minute is looked at, else every day; an operator may be away for hours.
    if (step.what != What::nothing) {
      for (auto& part : parts) part.pending.emplace_back(now + part.reads_later, renewal.state);
      tick = 60;
    } else {
      const bool pends =
          std::any_of(parts.begin(), parts.end(), [](const auto& part) { return !part.pending.empty(); });
      const bool changes = renewal.state.next || !renewal.state.old.empty();
      tick = pends || changes ? std::uniform_int_distribution<std::int64_t>(1, 20)(dice) * 60 : kDay;
    }
    for (auto& part : parts)
      while (!part.pending.empty() && part.pending.front().first <= now) {
        part.sees = part.pending.front().second;
        part.pending.erase(part.pending.begin());
      }
    authorities.insert(renewal.state.authority->certificate);
    for (const auto& shows : parts)
      for (const auto& reads : parts)
        if (&reads != &postgres || &shows == &postgres) {
          ASSERT_TRUE(accepts(reads.sees.trusted, shows.sees.certificate, now)) << (now - kStart) / kDay;
        }
  }
  EXPECT_EQ(authorities.size(), 4U);  // one each 16 months
  EXPECT_TRUE(renewal.state.old.empty());
}

TEST(CertificateRenewalTest, AnAuthorityThatWasLostIsFollowedByOneThatEverybodyTrustsFirst) {
  Renewal renewal;
  renewal.settle(kStart);
  const auto before = renewal.state;
  renewal.state.authority.reset();
  EXPECT_EQ(renewal.step(kStart + 60).what, What::make_next);
  const auto write = renewal.step(kStart + 60);
  EXPECT_EQ(write.what, What::write);
  EXPECT_FALSE(write.issue);
  EXPECT_NE(write.trusted.find(before.trusted), std::string::npos);
  EXPECT_EQ(renewal.step(kStart + 60).what, What::note);
  EXPECT_EQ(renewal.step(kStart + 60).what, What::nothing);
  EXPECT_EQ(renewal.step(kStart + 60 + kTrustReachesAllSeconds).what, What::swap);
  EXPECT_TRUE(renewal.step(kStart + 60 + kTrustReachesAllSeconds).issue);
  EXPECT_TRUE(accepts(renewal.state.trusted, before.certificate, kStart + 2000));
  EXPECT_EQ(renewal.step(kStart + 60 + kTrustReachesAllSeconds + kOldAuthorityStaysSeconds).what, What::drop_old);
  renewal.settle(kStart + 2 * kDay);
  EXPECT_FALSE(accepts(renewal.state.trusted, before.certificate, kStart + 2 * kDay));
  // With nothing left to be careful about, at once.
  Renewal lost;
  lost.state.trusted = before.trusted;
  EXPECT_EQ(lost.step(kStart).what, What::make_authority);
}

TEST(CertificateRenewalTest, TimesThatHaveNotComeAreNotedAgain) {
  Renewal renewal;
  renewal.settle(kStart);
  renewal.state.next = *new_authority(kStart);
  renewal.state.next_trusted_at = kStart + 3600;
  ASSERT_EQ(renewal.step(kStart).what, What::write);
  EXPECT_EQ(renewal.step(kStart).what, What::note);
  EXPECT_EQ(renewal.state.next_trusted_at, kStart);
}

}  // namespace
}  // namespace chatop::settings
