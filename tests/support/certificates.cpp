#include "tests/support/certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <stdexcept>

namespace chat::testing {
namespace {

using Key = std::shared_ptr<EVP_PKEY>;
using Certificate = std::shared_ptr<X509>;

template <class Write>
std::string pem(Write write) {
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(BIO_new(BIO_s_mem()), BIO_free_all);
  if (write(bio.get()) != 1) throw std::runtime_error("no PEM");
  char* text = nullptr;
  const auto size = BIO_ctrl(bio.get(), BIO_CTRL_INFO, 0, &text);
  return {text, static_cast<std::size_t>(size)};
}

Key new_key() { return {EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free}; }

void extend(X509* certificate, X509* issuer, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
      X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str()), X509_EXTENSION_free);
  if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1) throw std::runtime_error("extension " + value);
}

Certificate new_certificate(const std::string& name, EVP_PKEY* key, std::int64_t begins, std::int64_t ends) {
  static std::atomic<long> serial{1};
  Certificate certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), begins);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), ends);
  X509_set_pubkey(certificate.get(), key);
  std::string bytes = name;
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size()), -1, 0);
  return certificate;
}

// Each has its own: of two with one name, a client would take the wrong key for the right one.
std::string new_name() {
  static std::atomic<int> number{1};
  return "test CA " + std::to_string(number++);
}

}  // namespace

Authority::Authority() : key_(new_key()), own_(new_certificate(new_name(), key_.get(), -3600, 10L * 365 * 24 * 3600)) {
  X509_set_issuer_name(own_.get(), X509_get_subject_name(own_.get()));
  extend(own_.get(), own_.get(), NID_basic_constraints, "critical,CA:TRUE");
  extend(own_.get(), own_.get(), NID_subject_key_identifier, "hash");
  X509_sign(own_.get(), key_.get(), EVP_sha256());
  certificate_ = pem([this](BIO* bio) { return PEM_write_bio_X509(bio, own_.get()); });
}

Authority::~Authority() = default;

Issued Authority::issue(const std::vector<std::string>& names, std::int64_t begins, std::int64_t ends) const {
  const auto key = new_key();
  const auto certificate = new_certificate(names.empty() ? "localhost" : names.front(), key.get(), begins, ends);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(own_.get()));
  std::string all = "IP:127.0.0.1,DNS:localhost";
  for (const auto& name : names) all += ",DNS:" + name;
  extend(certificate.get(), own_.get(), NID_subject_alt_name, all);
  X509_sign(certificate.get(), key_.get(), EVP_sha256());
  return {pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); }), pem([&](BIO* bio) {
            return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

void TlsFiles::put(const Issued& issued, const std::string& ca) const {
  dir_.write("tls.crt", issued.certificate);
  dir_.write("tls.key", issued.key);
  if (!ca.empty()) dir_.write("ca.crt", ca);
}

io::tls::Files TlsFiles::files() const {
  return {dir_.path() / "tls.crt", dir_.path() / "tls.key", dir_.path() / "ca.crt"};
}

io::tls::SourceOptions TlsFiles::server(io::tls::Peer peer) const {
  auto its_files = files();
  if (peer.check == io::tls::Peer::Check::nothing) its_files.ca.clear();
  return {.name = "the certificate",
          .side = io::tls::Side::server,
          .least = io::tls::Version::tls13,
          .files = its_files,
          .peer = std::move(peer)};
}

io::tls::SourceOptions TlsFiles::client(io::tls::Peer peer) const {
  auto options = server(std::move(peer));
  options.side = io::tls::Side::client;
  return options;
}

io::tls::SourceOptions TlsFiles::client_without_certificate(io::tls::Peer peer) const {
  auto options = client(std::move(peer));
  options.files.certificate.clear();
  options.files.key.clear();
  return options;
}

std::unique_ptr<io::tls::Source> source_of(boost::asio::io_context& io, const base::Log& log,
                                           io::tls::SourceOptions options) {
  auto source = io::tls::Source::load(io.get_executor(), log, std::move(options));
  if (!source) throw std::runtime_error(source.error().message);
  return std::move(*source);
}

}  // namespace chat::testing
