#include "operator/settings/certificates.hpp"

#include <gmock/gmock.h>

#include "dataplane/io/tls/context.hpp"

namespace chatop::settings {
namespace {

namespace tls = chat::io::tls;

constexpr std::int64_t kNow = 1'767'225'600;

TEST(CertificatesTest, OneOfAnAuthorityBearsItsHostsAndFitsServersAndClients) {
  const auto authority = new_authority(kNow);
  ASSERT_TRUE(authority);
  const auto made = new_certificate(*authority, {"daemon.demo.chat.chatcluster.internal", "*.chat.svc"}, kNow);
  ASSERT_TRUE(made);
  EXPECT_TRUE(is_issued_by(made->certificate, authority->certificate));
  EXPECT_FALSE(is_issued_by(made->certificate, new_authority(kNow)->certificate));
  EXPECT_TRUE(bears(made->certificate, "demo-redis.chat.svc"));
  EXPECT_TRUE(bears(made->certificate, "daemon.demo.chat.chatcluster.internal"));
  EXPECT_FALSE(bears(made->certificate, "a.b.chat.svc"));
  EXPECT_FALSE(bears(made->certificate, "demo-redis.other.svc"));
  const auto facts = facts_of(made->certificate);
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->not_before, kNow - 300);
  EXPECT_EQ(facts->not_after, kNow + kCertificateLifeSeconds);
  for (const auto side : {tls::Side::server, tls::Side::client}) {
    const auto context = tls::Context::make(side, tls::Version::tls13, {tls::Peer::Check::ca, {}},
                                            {made->certificate, made->key, authority->certificate});
    EXPECT_TRUE(context) << context.error().message;
  }
  EXPECT_NE(new_certificate(*authority, {"a"}, kNow)->key, made->key);
}

TEST(CertificatesTest, NoneOutlivesItsAuthority) {
  const auto authority = new_authority(kNow);
  const auto late = new_certificate(*authority, {"a"}, kNow + kAuthorityLifeSeconds - 10);
  ASSERT_TRUE(late);
  EXPECT_EQ(facts_of(late->certificate)->not_after, facts_of(authority->certificate)->not_after);
}

TEST(CertificatesTest, WhatIsNoCertificateIsNone) {
  for (const char* text : {"", "x", "-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----\n"}) {
    EXPECT_FALSE(facts_of(text));
    EXPECT_FALSE(bears(text, "a"));
    EXPECT_FALSE(is_issued_by(text, text));
    EXPECT_FALSE(new_certificate({text, text}, {"a"}, kNow));
  }
}

}  // namespace
}  // namespace chatop::settings
