#include "operator/shards/scram.hpp"

#include "dataplane/base/digest.hpp"
#include "operator/settings/generated_secrets.hpp"

namespace chatop::shards {
namespace {

constexpr std::size_t kSaltBytes = 16;

}  // namespace

std::string password_as_stored(const std::string& password) {
  using namespace chat::base;
  if (!settings::is_random_secret(password)) return password;
  const auto salt = random_bytes(kSaltBytes);
  const std::string first_block("\0\0\0\1", 4);
  const auto salted = hmac_sha256(password, salt + first_block);  // PBKDF2's only iteration
  const auto stored_key = sha256(hmac_sha256(salted, "Client Key"));
  const auto server_key = hmac_sha256(salted, "Server Key");
  return std::string(kStoredPasswords) + base64(salt) + "$" + base64(stored_key) + ":" + base64(server_key);
}

}  // namespace chatop::shards
