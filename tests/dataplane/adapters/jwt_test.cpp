#include "dataplane/adapters/jwt.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <fstream>

#include "dataplane/base/digest.hpp"
#include "dataplane/base/json.hpp"
#include "dataplane/domain/errors.hpp"
#include "tests/support/temp_dir.hpp"

namespace chat::adapters {
namespace {

using base::Json;
using ::testing::HasSubstr;

constexpr std::int64_t kNow = 1'767'225'600'000;
constexpr std::int64_t kSeconds = kNow / 1000;

std::string read(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_key(const testing::TempDir& dir, const std::string& kid, int bits = 2048) {
  Key key(EVP_RSA_gen(static_cast<unsigned>(bits)));
  std::FILE* file = std::fopen((dir.path() / (kid + ".pem")).c_str(), "w");
  PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  file = std::fopen((dir.path() / (kid + ".pub.pem")).c_str(), "w");
  PEM_write_PUBKEY(file, key.get());
  std::fclose(file);
}

std::string rs256(const std::filesystem::path& private_key, const std::string& text) {
  std::FILE* file = std::fopen(private_key.c_str(), "r");
  Key key(PEM_read_PrivateKey(file, nullptr, nullptr, nullptr));
  std::fclose(file);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key.get())), '\0');
  std::size_t length = signature.size();
  EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key.get());
  EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &length,
                 reinterpret_cast<const unsigned char*>(text.data()), text.size());
  EVP_MD_CTX_free(context);
  return signature.substr(0, length);
}

class JwtTest : public ::testing::Test {
 protected:
  JwtTest() {
    write_key(dir_, "k1");
    signer_ = *JwtSigner::load(options_);
    verifier_ = *JwtVerifier::load(options_);
  }

  static ports::Identity identity() {
    return {*base::Ulid::parse("01KDVDT4000000000000000001"), "ada", "phone-1",
            *base::Ulid::parse("01KDVDT4000000000000000002"), kNow + 900'000};
  }
  static Json header() { return {{"alg", "RS256"}, {"typ", "JWT"}, {"kid", "k1"}}; }
  static Json claims() {
    return {{"iss", "chatcluster/demo"},
            {"aud", "chat"},
            {"sub", identity().user_id.text()},
            {"name", "ada"},
            {"did", "phone-1"},
            {"sid", identity().session_id.text()},
            {"iat", kSeconds},
            {"nbf", kSeconds},
            {"exp", kSeconds + 900}};
  }
  [[nodiscard]] std::string token(const Json& its_header, const Json& its_claims) const {
    const std::string text = base::base64url(its_header.dump()) + "." + base::base64url(its_claims.dump());
    return text + "." + base::base64url(rs256(dir_.path() / "k1.pem", text));
  }
  [[nodiscard]] std::string refusal(const std::string& text, std::int64_t now = kNow) const {
    auto result = verifier_->verify(text, now);
    if (result) return "accepted";
    EXPECT_EQ(result.error().code, domain::Errc::unauthorized);
    return result.error().message;
  }

  testing::TempDir dir_;
  JwtOptions options_{dir_.path(), jwt_issuer("demo")};
  std::unique_ptr<JwtSigner> signer_;
  std::unique_ptr<JwtVerifier> verifier_;
};

TEST_F(JwtTest, what_is_signed_verifies_to_the_same_identity) {
  const auto result = verifier_->verify(signer_->sign(identity(), kNow), kNow);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->user_id, identity().user_id);
  EXPECT_EQ(result->username, "ada");
  EXPECT_EQ(result->device_id, "phone-1");
  EXPECT_EQ(result->session_id, identity().session_id);
  EXPECT_EQ(result->expires_at, identity().expires_at);
}

TEST_F(JwtTest, a_token_made_by_hand_from_the_claims_is_accepted_so_the_table_below_refuses_for_its_own_reasons) {
  EXPECT_EQ(refusal(token(header(), claims())), "accepted");
}

TEST_F(JwtTest, times_have_a_leeway_of_five_seconds_and_no_more) {
  const auto good = token(header(), claims());
  EXPECT_EQ(refusal(good, kNow + 904'999), "accepted");
  EXPECT_THAT(refusal(good, kNow + 905'000), HasSubstr("expired"));
  EXPECT_EQ(refusal(good, kNow - 5'000), "accepted");
  EXPECT_THAT(refusal(good, kNow - 5'001), HasSubstr("not valid yet"));
}

TEST_F(JwtTest, wrong_headers_are_refused) {
  const auto with = [](const char* key, const Json& value) {
    Json changed = header();
    changed[key] = value;
    return changed;
  };
  Json without_alg = header();
  without_alg.erase("alg");
  Json without_kid = header();
  without_kid.erase("kid");
  for (const auto& [its_header, reason] : std::vector<std::pair<Json, std::string>>{
           {with("alg", "none"), "RS256"},
           {with("alg", "NONE"), "RS256"},
           {with("alg", "HS256"), "RS256"},
           {with("alg", "RS512"), "RS256"},
           {with("alg", "rs256"), "RS256"},
           {with("alg", 1), "RS256"},
           {with("alg", nullptr), "RS256"},
           {without_alg, "RS256"},
           {with("crit", Json::array({"exp"})), "RS256"},
           {with("kid", "k2"), "key"},
           {with("kid", "../k1"), "key"},
           {with("kid", 1), "key"},
           {without_kid, "key"},
           {Json::array({"RS256"}), "malformed"},
       }) {
    EXPECT_THAT(refusal(token(its_header, claims())), HasSubstr(reason)) << its_header;
  }
}

TEST_F(JwtTest, wrong_claims_are_refused) {
  const auto with = [](const char* key, const Json& value) {
    Json changed = claims();
    changed[key] = value;
    return changed;
  };
  for (const auto& [key, value] : std::vector<std::pair<const char*, Json>>{
           {"iss", "chatcluster/other"},
           {"iss", "chatcluster/demo/"},
           {"iss", nullptr},
           {"aud", "mail"},
           {"aud", Json::array({"chat"})},
           {"sub", "someone"},
           {"sub", 7},
           {"sid", ""},
           {"name", nullptr},
           {"did", ""},
           {"did", 1},
           {"exp", kSeconds - 6},
           {"exp", nullptr},
           {"exp", "1"},
           {"exp", -1},
           {"exp", 1.5},
           {"exp", 9223372036854775807},
           {"nbf", kSeconds + 6},
           {"nbf", nullptr},
           {"iat", nullptr},
       }) {
    EXPECT_NE(refusal(token(header(), with(key, value))), "accepted") << key << "=" << value;
  }
  EXPECT_NE(refusal(token(header(), Json::array())), "accepted");
}

TEST_F(JwtTest, an_hmac_under_the_public_key_is_no_signature) {
  Json forged = header();
  forged["alg"] = "HS256";
  for (const auto& its_header : {forged, header()}) {
    const std::string text = base::base64url(its_header.dump()) + "." + base::base64url(claims().dump());
    const auto mac = base::hmac_sha256(read(dir_.path() / "k1.pub.pem"), text);
    EXPECT_NE(refusal(text + "." + base::base64url(mac)), "accepted");
  }
}

TEST_F(JwtTest, a_token_changed_anywhere_is_refused) {
  const auto good = token(header(), claims());
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_NE(refusal(changed), "accepted") << i;
  }
}

TEST_F(JwtTest, malformed_tokens_are_refused) {
  const auto good = token(header(), claims());
  for (const std::string& text :
       {std::string(), std::string("."), std::string(".."), std::string("..."), std::string("a.b.c"), good + ".",
        good + "=", "." + good, good.substr(0, good.rfind('.')), good.substr(0, good.rfind('.') + 1), " " + good,
        good + "\n", std::string("\0.\0.\0", 5), std::string(5000, 'a'), std::string("e30.e30.e30")}) {
    EXPECT_NE(refusal(text), "accepted") << text;
  }
}

TEST_F(JwtTest, a_new_key_is_found_without_a_restart_but_strangers_can_not_make_us_read_all_the_time) {
  EXPECT_NE(refusal(token(Json{{"alg", "RS256"}, {"kid", "k2"}}, claims()), kNow), "accepted");
  write_key(dir_, "k2");
  auto newer = *JwtSigner::load(options_);
  std::filesystem::last_write_time(dir_.path() / "k2.pem",
                                   std::filesystem::last_write_time(dir_.path() / "k1.pem") + std::chrono::hours(1));
  newer = *JwtSigner::load(options_);
  const auto fresh = newer->sign(identity(), kNow);
  EXPECT_THAT(refusal(fresh, kNow + 999), HasSubstr("key"));
  EXPECT_EQ(refusal(fresh, kNow + 1000), "accepted");
}

// Files of a mounted Secret are written in any order, all of them whenever one changes.
TEST_F(JwtTest, of_keys_with_times_in_their_ids_the_last_signs_whatever_their_files_say) {
  testing::TempDir dir;
  const auto older = base::Ulid::of(kNow - 90'000, {}).text();
  const auto newer = base::Ulid::of(kNow, {}).text();
  for (const auto& kid : {newer, older}) write_key(dir, kid);
  std::filesystem::last_write_time(
      dir.path() / (newer + ".pem"),
      std::filesystem::last_write_time(dir.path() / (older + ".pem")) - std::chrono::hours(1));
  // One that waits for its turn is no key yet.
  write_key(dir, "waiting");
  std::filesystem::rename(dir.path() / "waiting.pem", dir.path() / "waiting.next");
  const auto signer = *JwtSigner::load({dir.path(), "i"});
  const auto signed_token = signer->sign(identity(), kNow);
  const auto its_header = base::parse_json(*base::parse_base64url(signed_token.substr(0, signed_token.find('.'))));
  EXPECT_EQ((*its_header)["kid"], newer);
  EXPECT_EQ((*base::parse_json(signer->jwks(kNow)))["keys"].size(), 3u);
}

TEST_F(JwtTest, a_key_that_was_taken_away_is_refused_within_a_minute_and_no_longer_shown) {
  const auto good = signer_->sign(identity(), kNow);
  EXPECT_EQ(refusal(good, kNow), "accepted");
  write_key(dir_, "k2");
  for (const char* ending : {".pem", ".pub.pem"}) std::filesystem::remove(dir_.path() / (std::string("k1") + ending));
  EXPECT_EQ(refusal(good, kNow + 59'999), "accepted");
  EXPECT_THAT(refusal(good, kNow + 60'000), HasSubstr("key"));
  EXPECT_THAT(signer_->jwks(kNow + 60'000), ::testing::Not(HasSubstr("\"k1\"")));
  // A folder that can not be read takes nothing away.
  const auto fresh = signer_->sign(identity(), kNow + 60'000);
  std::filesystem::rename(dir_.path() / "k2.pub.pem", dir_.path() / "k2.away");
  EXPECT_EQ(refusal(fresh, kNow + 200'000), "accepted");
}

TEST_F(JwtTest, the_key_set_holds_public_halves_only) {
  const auto set = base::parse_json(signer_->jwks(kNow));
  ASSERT_TRUE(set);
  ASSERT_EQ((*set)["keys"].size(), 1u);
  const Json& key = (*set)["keys"][0];
  EXPECT_EQ(key["kid"], "k1");
  EXPECT_EQ(key["kty"], "RSA");
  EXPECT_EQ(key["alg"], "RS256");
  EXPECT_EQ(key["e"], "AQAB");
  EXPECT_EQ(base::parse_base64url(key["n"].get<std::string>())->size(), 256u);
  EXPECT_FALSE(key.contains("d"));
}

TEST_F(JwtTest, derived_secrets_are_the_same_in_every_instance_and_differ_by_purpose) {
  auto other = *JwtSigner::load(options_);
  EXPECT_EQ(signer_->derived_secrets("a"), other->derived_secrets("a"));
  EXPECT_NE(signer_->derived_secrets("a"), other->derived_secrets("b"));
  EXPECT_EQ(signer_->derived_secrets("a").front().size(), 32u);
}

TEST(JwtKeys, directories_that_can_not_serve_are_errors_that_name_the_file) {
  testing::TempDir empty;
  EXPECT_THAT(JwtVerifier::load({empty.path(), "i"}).error().message, HasSubstr("holds no"));
  EXPECT_THAT(JwtSigner::load({empty.path() / "none", "i"}).error().message, HasSubstr("none"));
  testing::TempDir short_key;
  write_key(short_key, "weak", 1024);
  EXPECT_THAT(JwtSigner::load({short_key.path(), "i"}).error().message, HasSubstr("2,048"));
  testing::TempDir garbage;
  static_cast<void>(garbage.write("k.pub.pem", "not a key"));
  EXPECT_THAT(JwtVerifier::load({garbage.path(), "i"}).error().message, HasSubstr("k.pub.pem"));
}

}  // namespace
}  // namespace chat::adapters
