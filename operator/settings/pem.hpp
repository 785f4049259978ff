#pragma once
#include <openssl/bio.h>
#include <openssl/evp.h>

#include <memory>
#include <optional>
#include <string>

#include "dataplane/base/freed.hpp"

// What the makers of keys and certificates share.
namespace chatop::settings {

using Bio = std::unique_ptr<BIO, chat::base::Freed<BIO_free_all>>;
using Key = std::unique_ptr<EVP_PKEY, chat::base::Freed<EVP_PKEY_free>>;

// Of one in memory, what was written to it.
[[nodiscard]] std::string text_of(BIO* bio);
// Of a private key; nullopt: OpenSSL could not.
[[nodiscard]] std::optional<std::string> private_pem_of(EVP_PKEY* key);

}  // namespace chatop::settings
