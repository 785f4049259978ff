#include "operator/local/secrets.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <array>
#include <memory>

#include "dataplane/base/clock.hpp"
#include "dataplane/base/ulid.hpp"
#include "operator/local/files.hpp"

namespace chatop::local {
namespace {

using chat::base::Result;
using chat::base::Status;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

constexpr unsigned kKeyBits = 2048;

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

Status make_signing_key(const ClusterLayout& layout) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(layout.jwt_keys(), error)) {
    if (entry.path().string().ends_with(".pub.pem")) return {};  // written last: a key is there, whole
  }
  const Key key(EVP_RSA_gen(kKeyBits), &EVP_PKEY_free);
  const Bio private_pem(BIO_new(BIO_s_mem()), &BIO_free);
  const Bio public_pem(BIO_new(BIO_s_mem()), &BIO_free);
  if (!key || PEM_write_bio_PrivateKey(private_pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1 ||
      PEM_write_bio_PUBKEY(public_pem.get(), key.get()) != 1)
    return chat::base::fail(FileErrc::write, "OpenSSL could not make the key that signs access tokens");
  const auto kid = chat::base::new_ulid(chat::base::SystemClock().now_milliseconds()).text();
  if (auto ok = write_file(layout.jwt_keys() / (kid + ".pem"), text_of(private_pem.get()), 0600); !ok) return ok;
  return write_file(layout.jwt_keys() / (kid + ".pub.pem"), text_of(public_pem.get()), 0600);
}

}  // namespace

Result<std::string> random_hex() {
  std::array<unsigned char, 32> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    return chat::base::fail(FileErrc::write, "OpenSSL has no randomness to make a secret from");
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (unsigned char byte : bytes) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

Status make_secrets(const ClusterLayout& layout) {
  for (const auto& folder : {layout.secrets(), layout.jwt_keys()}) {
    if (auto ok = make_directory(folder, 0700); !ok) return ok;
  }
  for (const char* name : {kAdminToken, kPostgresSuperuserPassword, kPostgresChatPassword, kRedisPassword}) {
    std::error_code error;
    if (std::filesystem::exists(layout.secret(name), error)) continue;
    auto secret = random_hex();
    if (!secret) return chat::base::fail(secret.error());
    if (auto ok = write_file(layout.secret(name), *secret + "\n", 0600); !ok) return ok;
  }
  return make_signing_key(layout);
}

}  // namespace chatop::local
