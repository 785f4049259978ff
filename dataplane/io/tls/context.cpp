#include "dataplane/io/tls/context.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <array>
#include <ctime>

#include "dataplane/base/freed.hpp"

namespace chat::io::tls {
namespace {

constexpr int kMostChain = 16;  // certificates in one file that are ours
constexpr int kMostCas = 1000;  // a system's whole bundle has about 150

class TlsCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "tls"; }
  [[nodiscard]] std::string message(int code) const override {
    switch (static_cast<Errc>(code)) {
      case Errc::files:
        return "unfit files";
      case Errc::handshake:
        return "no handshake";
      case Errc::not_tls:
        return "not TLS";
      case Errc::timeout:
        break;
    }
    return "no handshake in time";
  }
};

using Bio = std::unique_ptr<BIO, base::Freed<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, base::Freed<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, base::Freed<EVP_PKEY_free>>;

tl::unexpected<base::Error> unfit(const std::string& what) {
  std::string reason;
  if (const auto code = ERR_peek_last_error(); code != 0) {
    const char* text = ERR_reason_error_string(code);
    if (text != nullptr) reason = std::string(" (") + text + ")";
  }
  ERR_clear_error();
  return base::fail(Errc::files, what + reason);
}

Bio reading(const std::string& text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

// Asked for where a key is encrypted. OpenSSL's own would ask at the terminal.
int no_password(char*, int, int, void*) { return -1; }

// The next certificate; null at the end of the text, or where what follows is none.
Certificate next_certificate(BIO* bio) { return Certificate(PEM_read_bio_X509(bio, nullptr, no_password, nullptr)); }

// True when next_certificate() found nothing more because there is nothing more.
bool at_end() {
  const auto code = ERR_peek_last_error();
  const bool end = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
  if (end) ERR_clear_error();
  return end;
}

std::int64_t seconds(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? static_cast<std::int64_t>(::timegm(&parts)) : 0;
}

Validity validity_of(X509* certificate) {
  std::array<char, 256> subject{};
  X509_NAME_oneline(X509_get_subject_name(certificate), subject.data(), subject.size());
  return {subject.data(), seconds(X509_get0_notBefore(certificate)), seconds(X509_get0_notAfter(certificate))};
}

base::Result<Validity> use_certificate(SSL_CTX* context, const Material& material) {
  ERR_clear_error();
  auto chain = reading(material.certificate);
  const auto own = next_certificate(chain.get());
  if (!own) return unfit("the certificate file has no certificate in PEM");
  if (SSL_CTX_use_certificate(context, own.get()) != 1) return unfit("the certificate can not be used");
  int others = 0;
  while (auto next = next_certificate(chain.get())) {
    if (++others > kMostChain) return unfit("the certificate file has more than 16 certificates behind the first");
    if (SSL_CTX_add1_chain_cert(context, next.get()) != 1) return unfit("the certificate's chain can not be used");
  }
  if (!at_end()) return unfit("the certificate file is not whole");
  auto text = reading(material.key);
  const Key key(PEM_read_bio_PrivateKey(text.get(), nullptr, no_password, nullptr));
  if (!key) return unfit("the key file has no private key in PEM without a password");
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1)
    return unfit("the key is not that of the certificate");
  return validity_of(own.get());
}

base::Status use_ca(SSL_CTX* context, const std::string& text) {
  ERR_clear_error();
  auto bundle = reading(text);
  int count = 0;
  while (auto next = next_certificate(bundle.get())) {
    if (++count > kMostCas) return unfit("the CA file has more than 1000 certificates");
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), next.get()) != 1)
      return unfit("a certificate of the CA file can not be used");
  }
  if (!at_end()) return unfit("the CA file is not whole");
  if (count == 0) return unfit("the CA file has no certificate in PEM");
  return {};
}

void set_up(SSL_CTX* context, Side side, Version least) {
  SSL_CTX_set_min_proto_version(context, least == Version::tls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
  SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");  // of 1.2; those of 1.3 are all good
  // No resumption: connections live long, and a ticket would outlive the certificate it was given under.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  // Idle connections hold no buffers.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE);
  SSL_CTX_set_read_ahead(context, 1);  // one system call a record, not two
  if (side == Side::server) SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
}

}  // namespace

std::error_code make_error_code(Errc code) {
  static const TlsCategory category;
  return {static_cast<int>(code), category};
}

base::Result<Context> Context::make(Side side, Version least, Peer peer, const Material& material) {
  std::shared_ptr<SSL_CTX> native(SSL_CTX_new(side == Side::server ? TLS_server_method() : TLS_client_method()),
                                  SSL_CTX_free);
  if (!native) return unfit("no TLS context");
  set_up(native.get(), side, least);
  Context context(native, side, std::move(peer));
  if (side == Side::server || !material.certificate.empty()) {
    auto validity = use_certificate(native.get(), material);
    if (!validity) return base::fail(std::move(validity).error());
    context.certificate_ = std::move(*validity);
  }
  if (context.peer_.check == Peer::Check::nothing) return context;
  auto known = use_ca(native.get(), material.ca);
  if (!known) return base::fail(std::move(known).error());
  SSL_CTX_set_verify(native.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return context;
}

}  // namespace chat::io::tls
