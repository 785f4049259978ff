#include "operator/settings/generated_secrets.hpp"

#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <utility>

#include "dataplane/base/digest.hpp"
#include "dataplane/base/ulid.hpp"
#include "operator/settings/pem.hpp"

namespace chatop::settings {
namespace {

constexpr unsigned kKeyBits = 2048;
constexpr std::size_t kSecretBytes = 32;

}  // namespace

std::string random_secret() { return chat::base::hex(chat::base::random_bytes(kSecretBytes)); }

bool is_random_secret(std::string_view text) {
  return text.size() == 2 * kSecretBytes &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

chat::base::Result<SigningKey> new_signing_key(std::int64_t now) {
  const Key key(EVP_RSA_gen(kKeyBits));
  const Bio public_pem(BIO_new(BIO_s_mem()));
  auto private_pem = key ? private_pem_of(key.get()) : std::nullopt;
  if (!private_pem || PEM_write_bio_PUBKEY(public_pem.get(), key.get()) != 1)
    return chat::base::fail(std::make_error_code(std::errc::not_supported),
                            "OpenSSL could not make the key that signs access tokens");
  return SigningKey{chat::base::new_ulid(now).text(), std::move(*private_pem), text_of(public_pem.get())};
}

}  // namespace chatop::settings
