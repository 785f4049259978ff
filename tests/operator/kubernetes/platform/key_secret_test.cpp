// A rotation from its first step to its last, as demo-jwt goes through it, with daemons that read what kubelet brings
// them late: what was signed is accepted everywhere for as long as it lives.
#include "operator/kubernetes/platform/key_secret.hpp"

#include <gmock/gmock.h>

#include <random>

#include "dataplane/adapters/jwt.hpp"
#include "dataplane/base/digest.hpp"
#include "operator/kubernetes/objects/objects.hpp"
#include "tests/support/temp_dir.hpp"

namespace chatop::kubernetes {
namespace {

using chat::base::Json;
using settings::KeyStep;
using What = KeyStep::What;

constexpr std::int64_t kStart = 1'767'225'600'000;
constexpr std::int64_t kMinute = 60'000;

// As the API server does with a merge patch, conflict included.
bool merge(Json& secret, const Json& patch) {
  if (patch["metadata"]["resourceVersion"] != secret["metadata"]["resourceVersion"]) return false;
  secret.merge_patch(patch);
  secret["metadata"]["resourceVersion"] =
      std::to_string(std::stoi(secret["metadata"]["resourceVersion"].get<std::string>()) + 1);
  return true;
}

Json secret_with(const settings::SigningKey& key) {
  objects::Inputs inputs;
  inputs.cluster = "demo";
  auto secret = objects::secrets(
      inputs, {"a", "b", "c", "d", {{key.kid + ".pem", key.private_pem}, {key.kid + ".pub.pem", key.public_pem}}})[1];
  secret["metadata"]["uid"] = "u";
  secret["metadata"]["resourceVersion"] = "1";
  return secret;
}

// A folder that gets what it mounts some time after it changed, all at once.
class Mount {
 public:
  explicit Mount(std::map<std::string, std::string> files) { write(std::move(files)); }
  void changed(const std::map<std::string, std::string>& files, std::int64_t now, std::int64_t late) {
    if (files == wanted_) return;
    wanted_ = files;
    due_ = now + late;
  }
  void tick(std::int64_t now) {
    if (due_ != 0 && now >= due_) write(wanted_);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return dir_.path(); }

 private:
  void write(std::map<std::string, std::string> files) {
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) std::filesystem::remove(entry.path());
    for (const auto& [name, text] : files) static_cast<void>(dir_.write(name, text));
    wanted_ = std::move(files);
    due_ = 0;
  }
  chat::testing::TempDir dir_;
  std::map<std::string, std::string> wanted_;
  std::int64_t due_ = 0;
};

std::map<std::string, std::string> files_of(const Json& secret) {
  std::map<std::string, std::string> files;
  for (const auto& [name, value] : secret["data"].items()) files[name] = objects::secret_value(secret, name);
  return files;
}

chat::ports::Identity identity(std::int64_t now) {
  return {chat::base::new_ulid(now), "ann", "phone", chat::base::new_ulid(now),
          now + chat::adapters::kAccessTokenSeconds * 1000};
}

TEST(KeySecretTest, ARotationRefusesNobody) {
  std::mt19937 dice(7);
  const auto late = [&dice] { return std::uniform_int_distribution<std::int64_t>(0, 150'000)(dice); };
  auto secret = secret_with(*settings::new_signing_key(kStart - settings::kKeyLifeMs + 10 * kMinute));
  const auto first = keys_in(secret).front().kid;
  const auto published = [&secret] { return objects::public_keys(secret); };
  auto config_map = published();
  Mount signers(files_of(secret));
  Mount gateway_0(config_map);
  Mount gateway_1(config_map);
  const chat::adapters::JwtOptions here{signers.path(), "demo"};
  const auto signer = *chat::adapters::JwtSigner::load(here);
  std::vector<std::unique_ptr<chat::adapters::JwtVerifier>> verifiers;
  for (const auto* mount : {&signers, &gateway_0, &gateway_1})
    verifiers.push_back(*chat::adapters::JwtVerifier::load({mount->path(), "demo"}));

  std::vector<std::pair<std::string, std::int64_t>> tokens;  // and when they end
  std::vector<What> steps;
  for (std::int64_t now = kStart; now < kStart + 180 * kMinute; now += kMinute) {
    // The operator: away for half an hour after its first step.
    const bool away = now > kStart + 10 * kMinute && now < kStart + 40 * kMinute;
    if (!away) {
      const auto step = settings::next_key_step(keys_in(secret), config_map == published(), now);
      config_map = published();
      if (step.what != What::nothing) {
        std::optional<settings::SigningKey> fresh;
        if (step.what == What::add) fresh = *settings::new_signing_key(now);
        const auto patch = patch_of(secret, step, fresh, now);
        ASSERT_TRUE(merge(secret, patch));
        EXPECT_FALSE(merge(secret, patch));  // what was decided from an older reading is refused
        steps.push_back(step.what);
      }
    }
    signers.changed(files_of(secret), now, late());
    gateway_0.changed(config_map, now, late());
    gateway_1.changed(config_map, now, late());
    for (auto* mount : {&signers, &gateway_0, &gateway_1}) mount->tick(now);

    tokens.emplace_back(signer->sign(identity(now), now), now + chat::adapters::kAccessTokenSeconds * 1000);
    for (const auto& [token, ends] : tokens) {
      if (ends <= now) continue;
      for (const auto& verifier : verifiers) {
        const auto verified = verifier->verify(token, now);
        ASSERT_TRUE(verified) << verified.error().message << " in minute " << (now - kStart) / kMinute;
      }
    }
  }
  EXPECT_THAT(steps, ::testing::ElementsAre(What::add, What::note, What::sign, What::retire));
  const auto left = keys_in(secret);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_NE(left.front().kid, first);
  EXPECT_TRUE(left.front().signs);
  EXPECT_EQ(published().size(), 1U);
  EXPECT_EQ(files_of(secret).size(), 2U);
  // What a thief of the old key signs now is refused.
  const auto stolen = tokens.front().first;
  for (const auto& verifier : verifiers) EXPECT_FALSE(verifier->verify(stolen, kStart));
}

TEST(KeySecretTest, KeysAreReadWithTheirStageAndTheirTime) {
  auto secret = secret_with({"01K", "private", "public"});
  secret["data"]["01L.pub.pem"] = "eA==";
  secret["data"]["01L.next"] = "eA==";
  secret["metadata"]["annotations"][kKeysSinceAnnotation] = R"({"01L": 17, "01K": "x"})";
  const auto keys = keys_in(secret);
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_EQ(keys[0].kid, "01K");
  EXPECT_TRUE(keys[0].signs);
  EXPECT_FALSE(keys[0].since);
  EXPECT_EQ(keys[1].kid, "01L");
  EXPECT_FALSE(keys[1].signs);
  EXPECT_EQ(keys[1].since, 17);
  secret["metadata"]["annotations"][kKeysSinceAnnotation] = "{";
  EXPECT_FALSE(keys_in(secret)[1].since);
  EXPECT_TRUE(keys_in(Json::object()).empty());
}

}  // namespace
}  // namespace chatop::kubernetes
