#include <array>

#include "dataplane/adapters/jwt.hpp"
#include "dataplane/base/digest.hpp"
#include "dataplane/base/freed.hpp"
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

bool signature_is_good(EVP_PKEY* key, std::string_view signed_part, const std::string& signature) {
  std::unique_ptr<EVP_MD_CTX, base::Freed<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
  if (!context || EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) != 1) return false;
  return EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                          reinterpret_cast<const unsigned char*>(signed_part.data()), signed_part.size()) == 1;
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
  auto keys = load_public_keys(options.keys_dir);
  if (!keys) return base::fail(std::move(keys).error());
  return std::unique_ptr<JwtVerifier>(new JwtVerifier(std::move(options), std::move(*keys)));
}

EVP_PKEY* JwtVerifier::key(std::string_view kid, std::int64_t now) const {
  auto found = keys_.find(kid);
  const auto rest = found == keys_.end() ? kUnknownMilliseconds : kLookAgainMilliseconds;
  if (now >= looked_at_ + rest || now < looked_at_) {
    looked_at_ = now;
    if (auto keys = load_public_keys(options_.keys_dir)) keys_ = std::move(*keys);
    found = keys_.find(kid);
  }
  return found == keys_.end() ? nullptr : found->second.get();
}

base::Result<ports::Identity> JwtVerifier::verify(std::string_view token, std::int64_t now) const {
  if (token.size() > kMostTokenBytes) return refuse("the access token is too long");
  const auto first = token.find('.');
  const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos)
    return refuse("the access token is malformed");
  const auto header = decode_object(token.substr(0, first));
  if (!header) return refuse("the access token is malformed");
  // "crit" names extensions that must be understood; none is.
  if (text_of(*header, "alg") != "RS256" || header->contains("crit"))
    return refuse("the access token must be signed with RS256");
  const auto kid = text_of(*header, "kid");
  EVP_PKEY* signer = kid ? key(*kid, now) : nullptr;
  if (signer == nullptr) return refuse("the access token's key is not known");
  const auto signature = base::parse_base64url(token.substr(second + 1));
  if (!signature || !signature_is_good(signer, token.substr(0, second), *signature))
    return refuse("the access token's signature is wrong");
  const auto claims = decode_object(token.substr(first + 1, second - first - 1));
  if (!claims) return refuse("the access token is malformed");
  return read_claims(*claims, options_, now);
}

}  // namespace chat::adapters
