#pragma once
#include <openssl/types.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/io/tls/source.hpp"
#include "tests/support/temp_dir.hpp"

namespace chat::testing {

// A certificate of 127.0.0.1 and localhost, and its key, as texts in PEM.
struct Issued {
  std::string certificate;
  std::string key;
};

// A certificate authority of its own.
class Authority {
 public:
  Authority();
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;
  [[nodiscard]] const std::string& certificate() const { return certificate_; }
  // Valid from `begins` to `ends`, seconds from now. It bears `names` beside the usual ones.
  [[nodiscard]] Issued issue(const std::vector<std::string>& names = {}, std::int64_t begins = -60,
                             std::int64_t ends = std::int64_t{90} * 24 * 3600) const;

 private:
  std::shared_ptr<EVP_PKEY> key_;
  std::shared_ptr<X509> own_;
  std::string certificate_;
};

// tls.crt, tls.key and ca.crt in a folder, as a mounted Secret has them.
class TlsFiles {
 public:
  // `ca` empty: no such file.
  TlsFiles(const Issued& issued, const std::string& ca) { put(issued, ca); }
  void put(const Issued& issued, const std::string& ca) const;
  [[nodiscard]] io::tls::Files files() const;
  [[nodiscard]] const TempDir& dir() const { return dir_; }
  // Options of a source on these files; `check` says whose certificate the peer must show.
  [[nodiscard]] io::tls::SourceOptions server(io::tls::Peer peer = {}) const;
  [[nodiscard]] io::tls::SourceOptions client(io::tls::Peer peer) const;
  [[nodiscard]] io::tls::SourceOptions client_without_certificate(io::tls::Peer peer) const;

 private:
  TempDir dir_;
};

// What load() makes of the options; it must succeed.
[[nodiscard]] std::unique_ptr<io::tls::Source> source_of(boost::asio::io_context& io, const base::Log& log,
                                                         io::tls::SourceOptions options);

}  // namespace chat::testing
