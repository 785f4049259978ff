#include <openssl/rsa.h>

#include <array>

#include "dataplane/adapters/jwt.hpp"
#include "dataplane/base/digest.hpp"
#include "dataplane/base/json.hpp"
#include "dataplane/domain/errors.hpp"

namespace chat::adapters {
namespace {

using base::Json;

constexpr std::size_t kMostTokenBytes = 4096;
constexpr std::int64_t kLeewaySeconds = 5;
constexpr std::int64_t kUnknownMilliseconds = 1'000;
constexpr std::int64_t kLookAgainMilliseconds = 60'000;
// Far above any clock, far below what overflows when seconds become milliseconds.
constexpr std::int64_t kMostSeconds = 1'000'000'000'000;

auto refuse(std::string why) { return base::fail(domain::Errc::unauthorized, std::move(why)); }

bool signature_is_good(EVP_PKEY_CTX* check, std::string_view signed_part, const std::string& signature) {
  const auto digest = base::sha256(signed_part);
  return EVP_PKEY_verify(check, reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                         reinterpret_cast<const unsigned char*>(digest.data()), digest.size()) == 1;
}

std::optional<Json> decode_object(std::string_view part) {
  auto text = base::parse_base64url(part);
  if (!text) return std::nullopt;
  auto json = base::parse_json(*text, 4);
  if (!json || !json->is_object()) return std::nullopt;
  return std::move(*json);
}

std::optional<std::string> text_of(const Json& object, const char* key) {
  auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::optional<std::int64_t> seconds_of(const Json& object, const char* key) {
  auto found = object.find(key);
  if (found == object.end()) return std::nullopt;
  auto value = base::whole_number(*found);
  return value && *value <= kMostSeconds ? value : std::nullopt;
}

base::Result<ports::Identity> read_claims(const Json& claims, const JwtOptions& options, std::int64_t now) {
  if (text_of(claims, "iss") != options.issuer || text_of(claims, "aud") != options.audience)
    return refuse("the access token is not for this cluster");
  const auto not_before = seconds_of(claims, "nbf");
  const auto expires = seconds_of(claims, "exp");
  if (!not_before || !expires || !seconds_of(claims, "iat")) return refuse("the access token lacks its times");
  if (now >= (*expires + kLeewaySeconds) * 1000) return refuse("the access token has expired: refresh it");
  if (now < (*not_before - kLeewaySeconds) * 1000) return refuse("the access token is not valid yet");
  const auto user = base::Ulid::parse(text_of(claims, "sub").value_or(""));
  const auto session = base::Ulid::parse(text_of(claims, "sid").value_or(""));
  auto username = text_of(claims, "name");
  auto device = text_of(claims, "did");
  if (!user || !session || !username || !device || device->empty())
    return refuse("the access token lacks who it is for");
  return ports::Identity{*user, std::move(*username), std::move(*device), *session, *expires * 1000};
}

}  // namespace

std::string jwt_issuer(std::string_view cluster) { return "chatcluster/" + std::string(cluster); }

base::Result<std::unique_ptr<JwtVerifier>> JwtVerifier::load(JwtOptions options) {
  auto checks = load_checks(options);
  if (!checks) return base::fail(std::move(checks).error());
  return std::unique_ptr<JwtVerifier>(new JwtVerifier(std::move(options), std::move(*checks)));
}

base::Result<JwtVerifier::Checks> JwtVerifier::load_checks(const JwtOptions& options) {
  auto keys = load_public_keys(options.keys_dir);
  if (!keys) return base::fail(std::move(keys).error());
  Checks checks;
  for (const auto& [kid, key] : *keys) {
    Check check(EVP_PKEY_CTX_new(key.get(), nullptr));  // keeps the key
    // With a key that was loaded and checked only a lack of memory fails it.
    if (!check || EVP_PKEY_verify_init(check.get()) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(check.get(), RSA_PKCS1_PADDING) != 1 ||
        EVP_PKEY_CTX_set_signature_md(check.get(), EVP_sha256()) != 1)
      std::abort();
    checks.emplace(kid, std::move(check));
  }
  return checks;
}

EVP_PKEY_CTX* JwtVerifier::check(std::string_view kid, std::int64_t now) const {
  auto found = checks_.find(kid);
  const auto rest = found == checks_.end() ? kUnknownMilliseconds : kLookAgainMilliseconds;
  if (now >= looked_at_ + rest || now < looked_at_) {
    looked_at_ = now;
    if (auto checks = load_checks(options_)) checks_ = std::move(*checks);
    found = checks_.find(kid);
  }
  return found == checks_.end() ? nullptr : found->second.get();
}

base::Result<std::string> JwtVerifier::kid_of(std::string_view text) const {
  if (!kid_.empty() && text == header_) return kid_;
  const auto header = decode_object(text);
  if (!header) return refuse("the access token is malformed");
  // "crit" names extensions that must be understood; none is.
  if (text_of(*header, "alg") != "RS256" || header->contains("crit"))
    return refuse("the access token must be signed with RS256");
  kid_ = text_of(*header, "kid").value_or("");
  header_ = text;
  return kid_;
}

base::Result<ports::Identity> JwtVerifier::verify(std::string_view token, std::int64_t now) const {
  if (token.size() > kMostTokenBytes) return refuse("the access token is too long");
  const auto first = token.find('.');
  const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos)
    return refuse("the access token is malformed");
  const auto kid = kid_of(token.substr(0, first));
  if (!kid) return base::fail(kid.error());
  EVP_PKEY_CTX* signer = check(*kid, now);
  if (signer == nullptr) return refuse("the access token's key is not known");
  const auto signature = base::parse_base64url(token.substr(second + 1));
  if (!signature || !signature_is_good(signer, token.substr(0, second), *signature))
    return refuse("the access token's signature is wrong");
  const auto claims = decode_object(token.substr(first + 1, second - first - 1));
  if (!claims) return refuse("the access token is malformed");
  return read_claims(*claims, options_, now);
}

}  // namespace chat::adapters
