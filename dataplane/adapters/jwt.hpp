#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/adapters/jwt_keys.hpp"
#include "dataplane/base/freed.hpp"
#include "dataplane/ports/tokens.hpp"

// Access tokens: JWT, RS256 and nothing else. Written on OpenSSL instead of taken from a JWT library (cpp-jwt) because
// it is small, and because here the token's header must not choose the algorithm: the verifier knows it beforehand and
// refuses every other header, so "none" and "HS256 with the public key" have nothing to confuse.
namespace chat::adapters {

struct JwtOptions {
  std::filesystem::path keys_dir;
  std::string issuer;  // jwt_issuer(cluster)
  std::string audience = "chat";
};
[[nodiscard]] std::string jwt_issuer(std::string_view cluster);

inline constexpr std::int64_t kAccessTokenSeconds = 900;

// Knows every `<kid>.pub.pem` of the directory. It looks there again once a minute, and where a kid is unknown at most
// once a second: a new signing key needs no restart, and one that was taken away is refused. One thread.
class JwtVerifier final : public ports::TokenVerifier {
 public:
  [[nodiscard]] static base::Result<std::unique_ptr<JwtVerifier>> load(JwtOptions options);
  // Times have a leeway of 5 s, for clocks that differ.
  [[nodiscard]] base::Result<ports::Identity> verify(std::string_view token, std::int64_t now) const override;

 private:
  // What checks a key's signatures, made once: making it costs a fifth of what checking does.
  using Check = std::unique_ptr<EVP_PKEY_CTX, base::Freed<EVP_PKEY_CTX_free>>;
  using Checks = std::map<std::string, Check, std::less<>>;
  JwtVerifier(JwtOptions options, Checks checks) : options_(std::move(options)), checks_(std::move(checks)) {}
  [[nodiscard]] static base::Result<Checks> load_checks(const JwtOptions& options);
  [[nodiscard]] base::Result<std::string> kid_of(std::string_view header) const;
  [[nodiscard]] EVP_PKEY_CTX* check(std::string_view kid, std::int64_t now) const;

  JwtOptions options_;
  // A cache of the directory: verifying is const for its callers.
  mutable Checks checks_;
  mutable std::int64_t looked_at_ = 0;
  // The last header that was as it has to be, as it stood in the token: nearly all are the same.
  mutable std::string header_;
  mutable std::string kid_;
};

// Signs with the `<kid>.pem` that was made last; the set of public keys is what verifiers see. Looks at the directory
// again at most once a minute, and goes on with what it knows where that fails. One thread.
class JwtSigner final : public ports::TokenSigner {
 public:
  [[nodiscard]] static base::Result<std::unique_ptr<JwtSigner>> load(JwtOptions options);
  [[nodiscard]] std::string sign(const ports::Identity& identity, std::int64_t now) const override;
  [[nodiscard]] std::string jwks(std::int64_t now) const override;
  [[nodiscard]] std::vector<std::string> derived_secrets(std::string_view purpose) const override;

 private:
  explicit JwtSigner(JwtOptions options) : options_(std::move(options)) {}
  [[nodiscard]] base::Status read() const;
  void refresh(std::int64_t now) const;

  JwtOptions options_;
  mutable std::vector<SigningKey> keys_;
  mutable std::string jwks_;
  mutable std::int64_t looked_at_ = 0;
};

}  // namespace chat::adapters
