// Secrets that change, keys that follow each other, TLS between the parts.
#include "dataplane/base/digest.hpp"
#include "operator/kubernetes/platform/key_secret.hpp"
#include "operator/settings/certificates.hpp"
#include "operator/settings/generated_secrets.hpp"
#include "tests/operator/kubernetes/platform/life.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/redis_server.hpp"

namespace chatop::kubernetes {
namespace {

using api::ConditionStatus;
using ::testing::HasSubstr;

TEST_F(Life, ASecretThatChangesGoesOnAndOneThatVanishesIsACondition) {
  auto& first = begin();
  apply(small());
  ASSERT_TRUE(serves(1)) << api::json_text(api::to_json(status()));
  const auto secret = [&](const std::string& name) { return ObjectRef{kinds::kSecret, name_space_, name}; };
  const auto before = run(client().get(secret("demo-secrets"))).value();

  // The daemons learn of it later than we do.
  daemons_->their_token = objects::secret_value(before, objects::kAdminToken);
  Json patch = {{"data",
                 {{objects::kAdminToken, chat::base::base64("another token")},
                  {objects::kPostgresSuperuserPassword, chat::base::base64("another password")}}}};
  ASSERT_TRUE(run(person().merge(secret("demo-secrets"), patch, "")));
  ASSERT_TRUE(soon([&] { return daemons_->tokens.contains("another token"); }));
  EXPECT_TRUE(soon([&] { return shards_->passwords.contains("another password"); }));
  EXPECT_TRUE(is("Available", ConditionStatus::True));
  daemons_->their_token = "another token";
  const auto writes = first.http.all_writes();
  EXPECT_FALSE(chat::testing::eventually(
      io_, [&] { return first.http.all_writes() != writes; }, 5s))
      << api::json_text(api::to_json(status()));

  // Whoever asks for it gets new ones, and nobody is asked for anything else than a note.
  Json ask = {{"metadata", {{"annotations", {{kRotateAnnotation, "now"}}}}}};
  ASSERT_TRUE(run(person().merge(secret("demo-secrets"), ask, "")));
  ASSERT_TRUE(soon([&] { return shards_->passwords.size() == 3; }));
  const auto rotated = run(client().get(secret("demo-secrets"))).value();
  EXPECT_TRUE(value_at(rotated, {"metadata", "annotations", kRotateAnnotation}).is_null());
  EXPECT_TRUE(shards_->passwords.contains(objects::secret_value(rotated, objects::kPostgresSuperuserPassword)));
  EXPECT_TRUE(is("Available", ConditionStatus::True));
  daemons_->their_token = objects::secret_value(rotated, objects::kAdminToken);

  for (const char* name : {"demo-secrets", "demo-jwt"}) {
    auto kept = run(client().get(secret(name))).value();
    ASSERT_TRUE(run(client().remove(secret(name), text_at(kept, {"metadata", "uid"}))));
    ASSERT_TRUE(soon([&] { return is("Degraded", ConditionStatus::True, "SecretMissing"); }))
        << api::json_text(api::to_json(status()));
    EXPECT_TRUE(is("Available", ConditionStatus::True));
    EXPECT_FALSE(run(client().get(secret(name))));
    kept["metadata"] = {{"name", name}, {"namespace", name_space_}, {"labels", objects::labels("demo")}};
    ASSERT_TRUE(run(person().create(secret(name), kept)));
    ASSERT_TRUE(soon([&] { return is("Degraded", ConditionStatus::False); })) << api::json_text(api::to_json(status()));
  }
  // Another operator makes no new one either.
  auto kept = run(client().get(secret("demo-secrets"))).value();
  ASSERT_TRUE(run(client().remove(secret("demo-secrets"), text_at(kept, {"metadata", "uid"}))));
  first.kill();
  begin();
  ASSERT_TRUE(soon([&] { return is("Degraded", ConditionStatus::True, "SecretMissing"); }))
      << api::json_text(api::to_json(status()));
  kept["metadata"] = {{"name", "demo-secrets"}, {"namespace", name_space_}, {"labels", objects::labels("demo")}};
  ASSERT_TRUE(run(person().create(secret("demo-secrets"), kept)));
  ASSERT_TRUE(soon([&] { return is("Degraded", ConditionStatus::False); })) << api::json_text(api::to_json(status()));

  // One of the user's that the spec names.
  auto spec = small();
  spec["tls"]["secretName"] = "people";
  apply(spec);
  ASSERT_TRUE(soon([&] { return is("Degraded", ConditionStatus::True, "SecretMissing"); }))
      << api::json_text(api::to_json(status()));
  Json theirs = {{"apiVersion", "v1"},
                 {"kind", "Secret"},
                 {"metadata", {{"name", "people"}, {"namespace", name_space_}}},
                 {"data", {{"tls.crt", chat::base::base64("a certificate")}}}};
  ASSERT_TRUE(run(person().create(secret("people"), theirs)));
  ASSERT_TRUE(soon([&] { return is("Degraded", ConditionStatus::True, "SecretIncomplete"); }))
      << api::json_text(api::to_json(status()));
  patch = {{"data", {{"tls.key", chat::base::base64("its key")}}}};
  ASSERT_TRUE(run(person().merge(secret("people"), patch, "")));
  ASSERT_TRUE(serves(2)) << api::json_text(api::to_json(status()));
  EXPECT_TRUE(soon([&] { return is("Degraded", ConditionStatus::False); })) << api::json_text(api::to_json(status()));
}

TEST_F(Life, SigningKeysRotateUnderOperatorsThatAreKilledAfterEachStep) {
  const auto old = put_old_key();
  const ObjectRef place{kinds::kSecret, name_space_, "demo-jwt"};
  const auto keys = [&] { return keys_in(run(client().get(place)).value()); };
  const auto published = [&] {
    auto found = run(client().get({kinds::kConfigMap, name_space_, "demo-jwt-public"}));
    return found ? found->value("data", Json::object()).size() : 0;
  };
  const auto noted = [&](const std::string& kid) {
    for (const auto& key : keys())
      if (key.kid == kid && key.since) return true;
    return false;
  };
  // As if so much time had passed.
  const auto pass = [&](const std::string& kid, std::int64_t milliseconds) {
    const Json since = {{kid, clock_.now_milliseconds() - milliseconds}};
    Json patch = {{"metadata", {{"annotations", {{kKeysSinceAnnotation, since.dump()}}}}}};
    ASSERT_TRUE(run(person().merge(place, patch, "")));
  };
  auto* running = &begin();
  apply(small());
  ASSERT_TRUE(soon([&] { return keys().size() == 2; }));
  running->kill();
  const auto fresh = keys()[0].kid == old ? keys()[1].kid : keys()[0].kid;
  EXPECT_FALSE(noted(fresh));
  running = &begin();
  ASSERT_TRUE(serves(1)) << api::json_text(api::to_json(status()));
  ASSERT_TRUE(soon([&] { return noted(fresh); }));
  EXPECT_EQ(published(), 2U);
  running->kill();
  for (const auto& key : keys()) EXPECT_EQ(key.signs, key.kid == old);
  pass(fresh, settings::kKeyReachesAllMs);
  running = &begin();
  ASSERT_TRUE(soon([&] {
    const auto now = keys();
    return now.size() == 2 && now[0].signs && now[1].signs;
  }));
  running->kill();
  pass(fresh, settings::kTokensHaveEndedMs);
  running = &begin();
  ASSERT_TRUE(soon([&] { return keys().size() == 1 && published() == 1U; }));
  EXPECT_EQ(keys()[0].kid, fresh);
  ASSERT_TRUE(serves(1));
  const auto writes = running->http.all_writes();
  EXPECT_FALSE(chat::testing::eventually(
      io_, [&] { return running->http.all_writes() != writes; }, 5s));
}

TEST_F(Life, AClusterMadeWithACertificateForClientsTalksTlsInsideToo) {
  const auto secret = [&](const std::string& name) { return ObjectRef{kinds::kSecret, name_space_, name}; };
  Json people = {
      {"apiVersion", "v1"},
      {"kind", "Secret"},
      {"metadata", {{"name", "people"}, {"namespace", name_space_}}},
      {"data", {{"tls.crt", chat::base::base64("a certificate")}, {"tls.key", chat::base::base64("its key")}}}};
  ASSERT_TRUE(run(person().create(secret("people"), people)));
  auto spec = small();
  spec["tls"]["secretName"] = "people";
  spec["shards"]["storage"]["whenDeleted"] = "Delete";
  auto& first = begin();
  apply(spec);
  ASSERT_TRUE(serves(1)) << api::json_text(api::to_json(status()));  // Redis among them, by TLS
  const auto made = run(client().get(secret("demo-tls"))).value();
  const auto authority = objects::secret_value(run(client().get(secret("demo-tls-ca"))).value(), "ca.crt");
  EXPECT_TRUE(settings::is_issued_by(objects::secret_value(made, "tls.crt"), authority));
  for (const auto* trust : {&daemons_->trust, &shards_->trust}) {
    EXPECT_EQ(trust->ca, authority);
    EXPECT_TRUE(settings::bears(objects::secret_value(made, "tls.crt"), trust->host));
  }
  for (const auto& [name, pod] : objects_of(kinds::kPod)) {
    EXPECT_THAT(pod.dump(), HasSubstr("\"demo-tls\"")) << name;
    EXPECT_THAT(pod.dump(), ::testing::Not(HasSubstr("demo-tls-ca"))) << name;
  }

  // One that is lost is issued again by the same authority; another operator finds all as it should be.
  const auto pods = objects_of(kinds::kPod);
  ASSERT_TRUE(run(client().remove(secret("demo-tls"), text_at(made, {"metadata", "uid"}))));
  ASSERT_TRUE(soon([&] { return run(client().get(secret("demo-tls"))).has_value(); }));
  const auto again = run(client().get(secret("demo-tls"))).value();
  EXPECT_EQ(objects::secret_value(again, "ca.crt"), authority);
  EXPECT_TRUE(settings::is_issued_by(objects::secret_value(again, "tls.crt"), authority));
  EXPECT_NE(objects::secret_value(again, "tls.key"), objects::secret_value(made, "tls.key"));
  first.kill();
  auto& second = begin();
  ASSERT_TRUE(soon([&] { return second.loop.has_decided(); }));
  EXPECT_FALSE(chat::testing::eventually(
      io_, [&] { return second.http.all_writes() != 0; }, 10s))
      << ::testing::PrintToString(second.http.writes);
  ASSERT_TRUE(serves(1));
  // What was decided stays, also where nobody would decide so any more.
  spec.erase("tls");
  apply(spec);
  ASSERT_TRUE(serves(2)) << api::json_text(api::to_json(status()));
  EXPECT_EQ(daemons_->trust.ca, authority);
  ASSERT_TRUE(remove());
  EXPECT_THAT(names_of(kinds::kSecret), ::testing::ElementsAre("people"));
}

TEST_F(Life, ADemoTlsOfSomebodyElseIsUsedAndLeftAlone) {
  const chat::testing::Authority authority;
  const auto issued = authority.issue(objects::tls_hosts("demo", name_space_));
  const ObjectRef place{kinds::kSecret, name_space_, "demo-tls"};
  Json theirs = {{"apiVersion", "v1"},
                 {"kind", "Secret"},
                 {"type", "kubernetes.io/tls"},
                 {"metadata", {{"name", "demo-tls"}, {"namespace", name_space_}}},
                 {"data",
                  {{"tls.crt", chat::base::base64(issued.certificate)},
                   {"tls.key", chat::base::base64(issued.key)},
                   {"ca.crt", chat::base::base64(authority.certificate())}}}};
  auto made = run(person().create(place, theirs));
  ASSERT_TRUE(made);
  begin();
  auto spec = small();
  spec["shards"]["storage"]["whenDeleted"] = "Delete";
  apply(spec);
  ASSERT_TRUE(serves(1)) << api::json_text(api::to_json(status()));
  EXPECT_EQ(daemons_->trust.ca, authority.certificate());
  EXPECT_FALSE(run(client().get({kinds::kSecret, name_space_, "demo-tls-ca"})));
  // Without it what was known goes on, and none is made.
  ASSERT_TRUE(run(client().remove(place, text_at(*made, {"metadata", "uid"}))));
  ASSERT_TRUE(soon([&] { return is("Degraded", ConditionStatus::True, "SecretMissing"); }))
      << api::json_text(api::to_json(status()));
  EXPECT_TRUE(is("Available", ConditionStatus::True));
  made = run(person().create(place, theirs));
  ASSERT_TRUE(made);
  ASSERT_TRUE(soon([&] { return is("Degraded", ConditionStatus::False); })) << api::json_text(api::to_json(status()));
  ASSERT_TRUE(remove());
  EXPECT_EQ(text_at(run(client().get(place)).value(), {"metadata", "uid"}), text_at(*made, {"metadata", "uid"}));
}

}  // namespace
}  // namespace chatop::kubernetes
