#include "operator/settings/certificates.hpp"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>

#include "dataplane/base/digest.hpp"
#include "dataplane/base/freed.hpp"
#include "dataplane/base/ulid.hpp"
#include "operator/settings/pem.hpp"

namespace chatop::settings {

using chat::base::Result;

namespace {

using Certificate = std::unique_ptr<X509, chat::base::Freed<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, chat::base::Freed<X509_EXTENSION_free>>;
using Number = std::unique_ptr<BIGNUM, chat::base::Freed<BN_free>>;

constexpr std::int64_t kBackdatedSeconds = 300;
constexpr std::size_t kSerialBytes = 16;
constexpr long kVersion3 = 2;

auto not_made() {
  return chat::base::fail(std::make_error_code(std::errc::not_supported), "OpenSSL could not make a certificate");
}

Bio reading(const std::string& text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }
Certificate parse(const std::string& text) {
  return Certificate(PEM_read_bio_X509(reading(text).get(), nullptr, nullptr, nullptr));
}

std::optional<std::string> pem_of(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(bio.get(), certificate) != 1) return std::nullopt;
  return text_of(bio.get());
}

std::int64_t seconds(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? static_cast<std::int64_t>(::timegm(&parts)) : 0;
}

bool extend(X509* certificate, X509* issuer, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_name(X509_NAME* name, const std::string& text) {
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()), -1, 0) == 1;
}

// Without extensions, issuer and signature.
Certificate unsigned_certificate(EVP_PKEY* key, const std::string& name, std::int64_t begins, std::int64_t ends) {
  Certificate made(X509_new());
  const auto serial = chat::base::random_bytes(kSerialBytes);
  const Number number(BN_bin2bn(reinterpret_cast<const unsigned char*>(serial.data()), kSerialBytes - 1, nullptr));
  const bool whole = made && number && X509_set_version(made.get(), kVersion3) == 1 &&
                     BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(made.get())) != nullptr &&
                     ASN1_TIME_set(X509_getm_notBefore(made.get()), begins) != nullptr &&
                     ASN1_TIME_set(X509_getm_notAfter(made.get()), ends) != nullptr &&
                     X509_set_pubkey(made.get(), key) == 1 && set_name(X509_get_subject_name(made.get()), name);
  return whole ? std::move(made) : nullptr;
}

Result<Certified> signed_by(EVP_PKEY* signer, X509* made, EVP_PKEY* its_key) {
  if (X509_sign(made, signer, EVP_sha256()) == 0) return not_made();
  auto certificate = pem_of(made);
  auto key = private_pem_of(its_key);
  if (!certificate || !key) return not_made();
  return Certified{std::move(*certificate), std::move(*key)};
}

Key new_key() { return Key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")); }

}  // namespace

Result<Certified> new_authority(std::int64_t now) {
  const Key key = new_key();
  if (!key) return not_made();
  // Each has its own name: of two with one, a client would take the wrong key for the right one.
  const auto name = "chatcluster CA " + chat::base::new_ulid(now * 1000).text();
  const auto made = unsigned_certificate(key.get(), name, now - kBackdatedSeconds, now + kAuthorityLifeSeconds);
  if (!made || X509_set_issuer_name(made.get(), X509_get_subject_name(made.get())) != 1 ||
      !extend(made.get(), made.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !extend(made.get(), made.get(), NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !extend(made.get(), made.get(), NID_subject_key_identifier, "hash"))
    return not_made();
  return signed_by(key.get(), made.get(), key.get());
}

Result<Certified> new_certificate(const Certified& authority, const std::vector<std::string>& hosts, std::int64_t now) {
  const auto issuer = parse(authority.certificate);
  const Key issuer_key(PEM_read_bio_PrivateKey(reading(authority.key).get(), nullptr, nullptr, nullptr));
  const Key key = new_key();
  if (!issuer || !issuer_key || !key) return not_made();
  const auto ends = std::min(now + kCertificateLifeSeconds, seconds(X509_get0_notAfter(issuer.get())));
  const auto made = unsigned_certificate(key.get(), "chatcluster", now - kBackdatedSeconds, ends);
  std::string names;
  for (const auto& host : hosts) names += (names.empty() ? "DNS:" : ",DNS:") + host;
  if (!made || X509_set_issuer_name(made.get(), X509_get_subject_name(issuer.get())) != 1 ||
      !extend(made.get(), issuer.get(), NID_basic_constraints, "critical,CA:FALSE") ||
      !extend(made.get(), issuer.get(), NID_key_usage, "critical,digitalSignature") ||
      !extend(made.get(), issuer.get(), NID_ext_key_usage, "serverAuth,clientAuth") ||
      !extend(made.get(), issuer.get(), NID_authority_key_identifier, "keyid") ||
      !extend(made.get(), issuer.get(), NID_subject_alt_name, names))
    return not_made();
  return signed_by(issuer_key.get(), made.get(), key.get());
}

std::optional<CertificateFacts> facts_of(const std::string& certificate) {
  const auto parsed = parse(certificate);
  if (!parsed) return std::nullopt;
  return CertificateFacts{seconds(X509_get0_notBefore(parsed.get())), seconds(X509_get0_notAfter(parsed.get()))};
}

bool is_issued_by(const std::string& certificate, const std::string& authority) {
  const auto one = parse(certificate);
  const auto other = parse(authority);
  return one && other && X509_check_issued(other.get(), one.get()) == X509_V_OK &&
         X509_verify(one.get(), X509_get0_pubkey(other.get())) == 1;
}

bool bears(const std::string& certificate, const std::string& host) {
  const auto parsed = parse(certificate);
  return parsed && X509_check_host(parsed.get(), host.data(), host.size(), 0, nullptr) == 1;
}

}  // namespace chatop::settings
