#pragma once
#include <openssl/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "dataplane/base/result.hpp"
#include "dataplane/io/tls/expiry.hpp"

namespace chat::io::tls {

// `not_tls`: the peer speaks plain HTTP.
enum class Errc { files = 1, handshake, not_tls, timeout };
std::error_code make_error_code(Errc code);

enum class Side { server, client };
enum class Version { tls12, tls13 };

// Whose certificate the other side must show. Of a server, `ca` without a name lets in who has a certificate of the CA.
struct Peer {
  enum class Check { nothing, ca, ca_and_name, ca_and_host } check = Check::nothing;
  std::string name;  // ca_and_name: a DNS name that it must bear. ca_and_host: the one that was asked for
};

// The texts of the files: PEM. A server has a certificate and a key, a client may. `ca` is needed where a peer is
// checked.
struct Material {
  std::string certificate;  // and those between it and its CA
  std::string key;
  std::string ca;
  bool operator==(const Material&) const = default;
};

// What the TLS of one side is made with. Copyable and cheap; connections keep it for as long as they live.
class Context {
 public:
  // Errors (Errc::files) say what is wrong with which text; nothing of a key is in them.
  [[nodiscard]] static base::Result<Context> make(Side side, Version least, Peer peer, const Material& material);
  [[nodiscard]] SSL_CTX* native() const { return native_.get(); }
  [[nodiscard]] Side side() const { return side_; }
  [[nodiscard]] const Peer& peer() const { return peer_; }
  [[nodiscard]] const std::optional<Validity>& certificate() const { return certificate_; }  // of our own, if any

 private:
  Context(std::shared_ptr<SSL_CTX> native, Side side, Peer peer)
      : native_(std::move(native)), side_(side), peer_(std::move(peer)) {}
  std::shared_ptr<SSL_CTX> native_;  // shared among the copies; OpenSSL counts those of its connections itself
  Side side_;
  Peer peer_;
  std::optional<Validity> certificate_;
};

}  // namespace chat::io::tls

template <>
struct std::is_error_code_enum<chat::io::tls::Errc> : std::true_type {};
