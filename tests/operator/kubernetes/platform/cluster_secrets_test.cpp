#include "operator/kubernetes/platform/cluster_secrets.hpp"

#include <gmock/gmock.h>

#include "dataplane/base/clock.hpp"
#include "dataplane/base/digest.hpp"
#include "operator/kubernetes/objects/configurations.hpp"
#include "operator/kubernetes/objects/objects.hpp"
#include "operator/settings/certificates.hpp"
#include "operator/settings/generated_secrets.hpp"

namespace chatop::kubernetes {
namespace {

using chat::base::Json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::int64_t kNowMs = 1'767'225'600'000;  // milliseconds

ReadSecrets made() {
  objects::Inputs inputs;
  inputs.cluster = "demo";
  const auto both =
      objects::secrets(inputs, {"token", "superuser", "chat", "redis", {{"A.pem", "x"}, {"A.pub.pem", "y"}}});
  return {both[0], both[1]};
}
void put(ReadSecrets& read, const char* key, const std::string& value) {
  (*read.values)["data"][key] = chat::base::base64(value);
}

TEST(ClusterSecretsTest, NothingIsKnownBeforeAllIsThere) {
  const auto known = after_reading("demo", std::nullopt, made());
  ASSERT_TRUE(known.secrets);
  EXPECT_EQ(known.secrets->admin_token, "token");
  EXPECT_EQ(known.secrets->superuser_password, "superuser");
  EXPECT_EQ(known.secrets->public_keys, (std::map<std::string, std::string>{{"A.pub.pem", "y"}}));
  EXPECT_THAT(known.findings, IsEmpty());

  for (const char* key : {objects::kAdminToken, objects::kPostgresChatPassword, objects::kRedisPassword}) {
    auto part = made();
    (*part.values)["data"].erase(key);
    const auto less = after_reading("demo", std::nullopt, part);
    EXPECT_FALSE(less.secrets);
    ASSERT_THAT(less.findings, SizeIs(1));
    EXPECT_THAT(less.findings[0].message, HasSubstr(key));
  }
  auto no_keys = made();
  no_keys.keys = Json{{"data", Json::object()}};
  EXPECT_FALSE(after_reading("demo", std::nullopt, no_keys).secrets);
  EXPECT_FALSE(after_reading("demo", std::nullopt, {}).secrets);
}

TEST(ClusterSecretsTest, AChangedOneKeepsWhatWasThereBefore) {
  auto read = made();
  const auto first = after_reading("demo", std::nullopt, read).secrets;
  EXPECT_EQ(after_reading("demo", first, read).secrets, first);
  put(read, objects::kAdminToken, "another");
  put(read, objects::kPostgresSuperuserPassword, "other");
  const auto second = after_reading("demo", first, read);
  EXPECT_EQ(second.secrets->admin_token, "another");
  EXPECT_EQ(second.secrets->earlier_admin_token, "token");
  EXPECT_EQ(second.secrets->earlier_superuser_password, "superuser");
  EXPECT_THAT(second.findings, IsEmpty());
  // As long as it is not changed once more.
  EXPECT_EQ(after_reading("demo", second.secrets, read).secrets, second.secrets);
}

TEST(ClusterSecretsTest, NewValuesAreMadeWhereSomebodyAsksAndThoseOfBeforeAreKeptBesideThem) {
  auto read = made();
  (*read.values)["metadata"]["resourceVersion"] = "5";
  EXPECT_FALSE(wants_new_values(*read.values, kNowMs));
  (*read.values)["metadata"]["annotations"][kRotateAnnotation] = "";
  EXPECT_TRUE(wants_new_values(*read.values, kNowMs));
  int count = 0;
  const auto patch = new_values(
      *read.values, [&count] { return "new " + std::to_string(++count); }, kNowMs);
  EXPECT_EQ(patch["metadata"]["resourceVersion"], "5");
  read.values->merge_patch(patch);
  EXPECT_FALSE(wants_new_values(*read.values, kNowMs));
  // By an operator that has seen nothing of it.
  const auto known = after_reading("demo", std::nullopt, read).secrets;
  ASSERT_TRUE(known);
  EXPECT_EQ(known->admin_token, "new 1");
  EXPECT_EQ(known->superuser_password, "new 2");
  EXPECT_EQ(known->chat_password, "new 3");
  EXPECT_EQ(known->redis_password, "new 4");
  EXPECT_EQ(objects::secret_value(*read.values, objects::kRedisAuthFile), "requirepass new 4\n");
  EXPECT_EQ(known->earlier_admin_token, "token");
  EXPECT_EQ(known->earlier_superuser_password, "superuser");
  EXPECT_EQ(known->earlier_redis_password, "redis");
}

TEST(ClusterSecretsTest, ValuesOfOursAreFollowedByOthersAfterNinetyDays) {
  auto read = made();
  for (const char* key : {objects::kAdminToken, objects::kPostgresSuperuserPassword, objects::kPostgresChatPassword,
                          objects::kRedisPassword})
    put(read, key, settings::random_secret());
  auto& metadata = (*read.values)["metadata"];
  EXPECT_FALSE(wants_new_values(*read.values, kNowMs)) << "nobody knows since when they count";
  metadata["creationTimestamp"] = chat::base::rfc3339(kNowMs);
  EXPECT_FALSE(wants_new_values(*read.values, kNowMs + settings::kSecretLifeMs - 1));
  EXPECT_TRUE(wants_new_values(*read.values, kNowMs + settings::kSecretLifeMs));
  auto chosen = read;
  put(chosen, objects::kRedisPassword, "correct horse battery staple");
  EXPECT_FALSE(wants_new_values(*chosen.values, kNowMs + settings::kSecretLifeMs)) << "somebody may use it elsewhere";
  const auto rotated = kNowMs + settings::kSecretLifeMs;
  read.values->merge_patch(new_values(*read.values, settings::random_secret, rotated));
  EXPECT_FALSE(wants_new_values(*read.values, rotated));
  EXPECT_TRUE(wants_new_values(*read.values, rotated + settings::kSecretLifeMs));
}

TEST(ClusterSecretsTest, WhatVanishedGoesOnAndIsSaid) {
  const auto first = after_reading("demo", std::nullopt, made()).secrets;
  const auto gone = after_reading("demo", first, {});
  EXPECT_EQ(gone.secrets, first);
  ASSERT_THAT(gone.findings, SizeIs(2));
  EXPECT_EQ(gone.findings[0].reason, kSecretMissing);
  EXPECT_THAT(gone.findings[0].message, HasSubstr("demo-secrets"));
  EXPECT_THAT(gone.findings[1].message, HasSubstr("demo-jwt"));
  auto emptied = made();
  put(emptied, objects::kAdminToken, "");
  const auto less = after_reading("demo", first, emptied);
  EXPECT_EQ(less.secrets, first);
  ASSERT_THAT(less.findings, SizeIs(1));
  EXPECT_EQ(less.findings[0].reason, kSecretIncomplete);
  EXPECT_THAT(after_reading("demo", less.secrets, made()).findings, IsEmpty());
}

TEST(ClusterSecretsTest, WhoIsTrustedIsKnownFirstWhereThePartsTalkTls) {
  constexpr std::int64_t kNow = 1'767'225'600;
  const auto authority = *settings::new_authority(kNow);
  const auto certificate = *settings::new_certificate(authority, {"a"}, kNow);
  objects::Inputs inputs;
  inputs.cluster = "demo";
  for (const auto how : {InternalTls::generated, InternalTls::provided}) {
    auto read = made();
    read.internal_tls = how;
    note_internal_tls(how, *read.values);
    EXPECT_EQ(internal_tls_of(*read.values), how);
    EXPECT_FALSE(after_reading("demo", std::nullopt, read).secrets);
    read.tls.shown = objects::tls_secret(inputs, {certificate.certificate, certificate.key, authority.certificate});
    const auto known = after_reading("demo", std::nullopt, read);
    ASSERT_TRUE(known.secrets);
    EXPECT_EQ(known.secrets->trusted, authority.certificate);
    EXPECT_EQ(known.secrets->certificate_since, kNow - 300);
    // Lost, or spoiled: what was known goes on. Ours is made again; of somebody else's a person has to know.
    for (const bool gone : {true, false}) {
      if (gone)
        read.tls.shown.reset();
      else
        read.tls.shown = objects::tls_secret(inputs, {"x", "y", "z"});
      const auto after = after_reading("demo", known.secrets, read);
      EXPECT_EQ(after.secrets, known.secrets);
      EXPECT_EQ(after.findings.size(), how == InternalTls::provided ? 1U : 0U);
    }
    // What was decided once stays, whatever somebody writes there.
    read.internal_tls = InternalTls::off;
    EXPECT_NE(after_reading("demo", known.secrets, read).secrets->tls, InternalTls::off);
  }
  EXPECT_EQ(after_reading("demo", std::nullopt, made()).secrets->tls, InternalTls::off);
  EXPECT_EQ(internal_tls_of(*made().values), InternalTls::off);
}

TEST(ClusterSecretsTest, WhatTheSpecNamesIsSaidWhereItIsNotThereOrNotWhole) {
  api::ChatClusterSpec spec;
  EXPECT_THAT(named_secrets(spec), IsEmpty());
  spec.tls.secret_name = "people";
  const auto named = named_secrets(spec);
  ASSERT_THAT(named, SizeIs(1));
  const auto missing = wrong_with(named[0], std::nullopt);
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->reason, kSecretMissing);
  EXPECT_THAT(missing->message, HasSubstr("spec.tls.secretName"));
  const auto half = wrong_with(named[0], Json{{"data", {{"tls.crt", chat::base::base64("x")}}}});
  ASSERT_TRUE(half);
  EXPECT_EQ(half->reason, kSecretIncomplete);
  EXPECT_THAT(half->message, HasSubstr("has no tls.key:"));
  EXPECT_FALSE(wrong_with(
      named[0], Json{{"data", {{"tls.crt", chat::base::base64("x")}, {"tls.key", chat::base::base64("y")}}}}));
  EXPECT_THAT(wrong_with(named[0], Json::object())->message, HasSubstr("tls.crt, tls.key"));
}

}  // namespace
}  // namespace chatop::kubernetes
