#include "operator/settings/generated_secrets.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>

#include "dataplane/base/digest.hpp"
#include "dataplane/base/ulid.hpp"

namespace chatop::settings {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

constexpr unsigned kKeyBits = 2048;
constexpr std::size_t kSecretBytes = 32;

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

std::string random_secret() { return chat::base::hex(chat::base::random_bytes(kSecretBytes)); }

chat::base::Result<SigningKey> new_signing_key(std::int64_t now) {
  const Key key(EVP_RSA_gen(kKeyBits), &EVP_PKEY_free);
  const Bio private_pem(BIO_new(BIO_s_mem()), &BIO_free);
  const Bio public_pem(BIO_new(BIO_s_mem()), &BIO_free);
  if (!key || PEM_write_bio_PrivateKey(private_pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1 ||
      PEM_write_bio_PUBKEY(public_pem.get(), key.get()) != 1)
    return chat::base::fail(std::make_error_code(std::errc::not_supported),
                            "OpenSSL could not make the key that signs access tokens");
  return SigningKey{chat::base::new_ulid(now).text(), text_of(private_pem.get()), text_of(public_pem.get())};
}

}  // namespace chatop::settings
