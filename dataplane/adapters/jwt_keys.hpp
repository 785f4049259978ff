#pragma once
#include <openssl/evp.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "dataplane/base/freed.hpp"
#include "dataplane/base/result.hpp"

namespace chat::adapters {

enum class JwtErrc { keys_unreadable = 1, key_refused };
std::error_code make_error_code(JwtErrc code);

using Key = std::unique_ptr<EVP_PKEY, base::Freed<EVP_PKEY_free>>;

struct SigningKey {
  std::string kid;
  Key key;
  std::int64_t made = 0;  // milliseconds: of the time that a ULID as its id holds, else of the file's last writing
};

// By kid: `<kid>.pub.pem` and `<kid>.pem` of a directory. RSA of 2,048 bits or more, at most 16 of each; anything
// else under those names is an error that names the file.
[[nodiscard]] base::Result<std::map<std::string, Key, std::less<>>> load_public_keys(
    const std::filesystem::path& directory);
// The one made last comes first: that key signs.
[[nodiscard]] base::Result<std::vector<SigningKey>> load_signing_keys(const std::filesystem::path& directory);

}  // namespace chat::adapters

template <>
struct std::is_error_code_enum<chat::adapters::JwtErrc> : std::true_type {};
