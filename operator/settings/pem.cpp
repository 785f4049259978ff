#include "operator/settings/pem.hpp"

#include <openssl/pem.h>

namespace chatop::settings {

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::optional<std::string> private_pem_of(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) return std::nullopt;
  return text_of(bio.get());
}

}  // namespace chatop::settings
