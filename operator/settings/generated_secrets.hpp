#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/base/result.hpp"

// What is made up once for a ChatCluster, wherever it is kept.
namespace chatop::settings {

// 256 random bits as 64 hex digits.
[[nodiscard]] std::string random_secret();
// It has that form, so nobody chose it.
[[nodiscard]] bool is_random_secret(std::string_view text);
// Then another takes its place, where what uses it can be told.
inline constexpr std::int64_t kSecretLifeMs = std::int64_t{90} * 24 * 3600 * 1000;

// An RSA key that signs access tokens, as <kid>.pem and <kid>.pub.pem hold it.
struct SigningKey {
  std::string kid;
  std::string private_pem;
  std::string public_pem;
};
// Some 100 ms of computing. `now`: milliseconds since 1970.
[[nodiscard]] chat::base::Result<SigningKey> new_signing_key(std::int64_t now);

}  // namespace chatop::settings
