#include "operator/shards/scram.hpp"

#include <algorithm>

#include "dataplane/base/digest.hpp"

namespace chatop::shards {
namespace {

constexpr std::size_t kGeneratedDigits = 64;
constexpr std::size_t kSaltBytes = 16;

bool is_generated(const std::string& password) {
  return password.size() == kGeneratedDigits && std::all_of(password.begin(), password.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace

std::string password_as_stored(const std::string& password) {
  using namespace chat::base;
  if (!is_generated(password)) return password;
  const auto salt = random_bytes(kSaltBytes);
  const std::string first_block("\0\0\0\1", 4);
  const auto salted = hmac_sha256(password, salt + first_block);  // PBKDF2's only iteration
  const auto stored_key = sha256(hmac_sha256(salted, "Client Key"));
  const auto server_key = hmac_sha256(salted, "Server Key");
  return std::string(kStoredPasswords) + base64(salt) + "$" + base64(stored_key) + ":" + base64(server_key);
}

}  // namespace chatop::shards
