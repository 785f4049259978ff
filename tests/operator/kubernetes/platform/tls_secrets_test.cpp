// The Secrets through all steps of a renewal, as the API server would keep them.
#include "operator/kubernetes/platform/tls_secrets.hpp"

#include <gmock/gmock.h>

#include <set>

#include "operator/kubernetes/objects/objects.hpp"

namespace chatop::kubernetes {
namespace {

using chat::base::Json;
using settings::TlsStep;
using What = TlsStep::What;

constexpr std::int64_t kStart = 1'767'225'600;
constexpr std::int64_t kDay = 24 * 3600;

class TlsSecretsTest : public ::testing::Test {
 protected:
  TlsSecretsTest() {
    inputs_.cluster = "demo";
    inputs_.name_space = "chat";
  }
  What step(std::int64_t now) {
    const auto hosts = objects::tls_hosts("demo", "chat");
    const auto state = state_of(secrets_);
    const auto next = settings::next_tls_step(state, hosts, now);
    if (next.what == What::nothing) return next.what;
    std::optional<settings::Certified> fresh;
    if (next.issue) fresh = *settings::new_certificate(*state.authority, hosts, now);
    if (next.what == What::make_authority || next.what == What::make_next) fresh = *settings::new_authority(now);
    auto write = write_of(inputs_, secrets_, next, fresh, now);
    EXPECT_EQ(write.name, next.what == What::write ? "demo-tls" : "demo-tls-ca");
    keep(next.what == What::write ? secrets_.shown : secrets_.authority, std::move(write));
    return next.what;
  }
  void keep(std::optional<Json>& secret, TlsWrite write) {
    EXPECT_EQ(write.create, !secret);
    if (write.create) {
      EXPECT_EQ(write.body["metadata"]["name"], write.name);
      EXPECT_EQ(write.body["metadata"]["labels"][objects::kClusterLabel], "demo");
      for (const auto& [key, value] : write.body["data"].items()) EXPECT_TRUE(value.is_string()) << key;
      secret = std::move(write.body);
      (*secret)["metadata"]["uid"] = write.name;
    } else {
      EXPECT_EQ(write.body["metadata"]["resourceVersion"], (*secret)["metadata"]["resourceVersion"]);
      secret->merge_patch(write.body);
    }
    (*secret)["metadata"]["resourceVersion"] = std::to_string(++version_);
  }
  [[nodiscard]] static std::set<std::string> keys(const Json& secret) {
    std::set<std::string> found;
    for (const auto& [key, value] : secret["data"].items()) found.insert(key);
    return found;
  }
  objects::Inputs inputs_;
  TlsSecrets secrets_;
  int version_ = 0;
};

TEST_F(TlsSecretsTest, TheAuthoritysKeyIsInNoSecretThatPodsMount) {
  EXPECT_EQ(step(kStart), What::make_authority);
  EXPECT_EQ(step(kStart), What::write);
  EXPECT_EQ(step(kStart), What::nothing);
  EXPECT_EQ((*secrets_.shown)["type"], "kubernetes.io/tls");
  EXPECT_EQ(keys(*secrets_.shown), (std::set<std::string>{"ca.crt", "tls.crt", "tls.key"}));
  EXPECT_EQ(keys(*secrets_.authority), (std::set<std::string>{"ca.crt", "ca.key"}));
  EXPECT_EQ(objects::secret_value(*secrets_.shown, "ca.crt"), objects::secret_value(*secrets_.authority, "ca.crt"));
  for (const auto& key : keys(*secrets_.shown))
    EXPECT_NE(objects::secret_value(*secrets_.shown, key), objects::secret_value(*secrets_.authority, "ca.key"));
}

TEST_F(TlsSecretsTest, ASecondAuthorityTakesTheFirstOnesPlace) {
  while (step(kStart) != What::nothing) {
  }
  const auto first = objects::secret_value(*secrets_.authority, "ca.crt");
  auto now = kStart + 490 * kDay;
  std::vector<What> steps;
  for (; now < kStart + 493 * kDay; now += 300)
    if (const auto what = step(now); what != What::nothing) steps.push_back(what);
  EXPECT_THAT(steps, ::testing::ElementsAre(What::write, What::make_next, What::write, What::note, What::swap,
                                            What::write, What::drop_old, What::write));
  EXPECT_EQ(keys(*secrets_.authority), (std::set<std::string>{"ca.crt", "ca.key"}));
  EXPECT_NE(objects::secret_value(*secrets_.authority, "ca.crt"), first);
  EXPECT_EQ(objects::secret_value(*secrets_.shown, "ca.crt"), objects::secret_value(*secrets_.authority, "ca.crt"));
  EXPECT_TRUE((*secrets_.authority)["metadata"]["annotations"].empty());
}

TEST_F(TlsSecretsTest, ALostAuthorityLeavesWhatItSignedTrusted) {
  while (step(kStart) != What::nothing) {
  }
  const auto first = objects::secret_value(*secrets_.shown, "ca.crt");
  secrets_.authority.reset();
  EXPECT_EQ(step(kStart), What::make_next);
  EXPECT_EQ(step(kStart), What::write);
  EXPECT_NE(objects::secret_value(*secrets_.shown, "ca.crt").find(first), std::string::npos);
  EXPECT_EQ(step(kStart), What::note);
  // Lost meanwhile: all that Pods mount.
  secrets_.shown.reset();
  EXPECT_EQ(step(kStart), What::make_authority);
  EXPECT_EQ(step(kStart), What::write);
  EXPECT_EQ(keys(*secrets_.shown), (std::set<std::string>{"ca.crt", "tls.crt", "tls.key"}));
}

}  // namespace
}  // namespace chatop::kubernetes
