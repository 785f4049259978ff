#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/x509.h>

#include <cstdlib>

#include "dataplane/adapters/jwt.hpp"
#include "dataplane/base/digest.hpp"
#include "dataplane/base/freed.hpp"
#include "dataplane/base/json.hpp"

namespace chat::adapters {
namespace {

using base::Json;

constexpr std::int64_t kLookAgainMilliseconds = 60'000;

// A signature with a key that was loaded and checked fails only without memory.
std::string signature_of(EVP_PKEY* key, const std::string& text) {
  std::unique_ptr<EVP_MD_CTX, base::Freed<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key)), '\0');
  std::size_t length = signature.size();
  if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length,
                     reinterpret_cast<const unsigned char*>(text.data()), text.size()) != 1)
    std::abort();
  signature.resize(length);
  return signature;
}

std::string number_of(EVP_PKEY* key, const char* name) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) std::abort();
  std::unique_ptr<BIGNUM, base::Freed<BN_free>> number(raw);
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number.get())), '\0');
  BN_bn2bin(number.get(), reinterpret_cast<unsigned char*>(bytes.data()));
  return base::base64url(bytes);
}

std::string private_bytes(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int length = i2d_PrivateKey(key, &der);
  if (length <= 0) std::abort();
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
  OPENSSL_clear_free(der, static_cast<std::size_t>(length));
  return bytes;
}

}  // namespace

base::Result<std::unique_ptr<JwtSigner>> JwtSigner::load(JwtOptions options) {
  std::unique_ptr<JwtSigner> signer(new JwtSigner(std::move(options)));
  if (auto status = signer->read(); !status) return base::fail(std::move(status).error());
  return signer;
}

base::Status JwtSigner::read() const {
  auto keys = load_signing_keys(options_.keys_dir);
  if (!keys) return base::fail(std::move(keys).error());
  auto public_keys = load_public_keys(options_.keys_dir);
  if (!public_keys) return base::fail(std::move(public_keys).error());
  Json set = Json::array();
  for (const auto& [kid, key] : *public_keys) {
    set.push_back({{"kty", "RSA"},
                   {"use", "sig"},
                   {"alg", "RS256"},
                   {"kid", kid},
                   {"n", number_of(key.get(), OSSL_PKEY_PARAM_RSA_N)},
                   {"e", number_of(key.get(), OSSL_PKEY_PARAM_RSA_E)}});
  }
  // A private key whose public half is not there yet would sign what nobody can check.
  std::erase_if(*keys, [&public_keys](const SigningKey& key) { return !public_keys->contains(key.kid); });
  if (keys->empty())
    return base::fail(JwtErrc::keys_unreadable, options_.keys_dir.string() + ": no <kid>.pem has its <kid>.pub.pem");
  keys_ = std::move(*keys);
  jwks_ = Json{{"keys", std::move(set)}}.dump();
  return {};
}

void JwtSigner::refresh(std::int64_t now) const {
  if (now < looked_at_ + kLookAgainMilliseconds && now >= looked_at_) return;
  looked_at_ = now;
  static_cast<void>(read());
}

std::string JwtSigner::sign(const ports::Identity& identity, std::int64_t now) const {
  refresh(now);
  const SigningKey& key = keys_.front();
  const std::int64_t seconds = now / 1000;
  const Json header{{"alg", "RS256"}, {"typ", "JWT"}, {"kid", key.kid}};
  const Json claims{{"iss", options_.issuer},
                    {"aud", options_.audience},
                    {"sub", identity.user_id.text()},
                    {"name", identity.username},
                    {"did", identity.device_id},
                    {"sid", identity.session_id.text()},
                    {"iat", seconds},
                    {"nbf", seconds},
                    {"exp", identity.expires_at / 1000}};
  const std::string text = base::base64url(header.dump()) + "." + base::base64url(claims.dump());
  return text + "." + base::base64url(signature_of(key.key.get(), text));
}

std::string JwtSigner::jwks(std::int64_t now) const {
  refresh(now);
  return jwks_;
}

std::vector<std::string> JwtSigner::derived_secrets(std::string_view purpose) const {
  std::vector<std::string> secrets;
  secrets.reserve(keys_.size());
  for (const SigningKey& key : keys_) secrets.push_back(base::hmac_sha256(private_bytes(key.key.get()), purpose));
  return secrets;
}

}  // namespace chat::adapters
