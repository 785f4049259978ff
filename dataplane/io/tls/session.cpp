#include "dataplane/io/tls/session.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>
#include <cerrno>
#include <new>

namespace chat::io::tls {
namespace {

using boost::system::error_code;

// OpenSSL's reasons, as the values of error codes.
error_code reason(unsigned long code) {
  return {static_cast<int>(code & 0x7FFF'FFFFU), boost::asio::error::get_ssl_category()};
}

error_code last_error() { return {errno, boost::system::system_category()}; }

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK; }

void expect_peer(SSL* ssl, const Context& context, const std::string& host) {
  error_code not_numeric;
  (void)boost::asio::ip::make_address(host, not_numeric);
  const bool named = static_cast<bool>(not_numeric);
  if (context.side() == Side::client && named && !host.empty())  // the macro has a cast of C's
    SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(host.c_str()));
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  bool set = true;
  if (context.peer().check == Peer::Check::ca_and_name) {
    set = SSL_set1_host(ssl, context.peer().name.c_str()) == 1;
  } else if (context.peer().check == Peer::Check::ca_and_host) {
    set = named ? SSL_set1_host(ssl, host.c_str()) == 1
                : X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
  }
  if (!set) throw std::bad_alloc();  // its only failure with a name that is one
}

}  // namespace

// What OpenSSL reads and writes through. Writing always takes all, so that OpenSSL never has a record half written and
// insists on the same bytes again; what the socket did not take waits in the session.
struct Session::Bio {
  static Session& session(BIO* bio) { return *static_cast<Session*>(BIO_get_data(bio)); }
  static int write(BIO* bio, const char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    return session(bio).put(bytes, static_cast<std::size_t>(size)) ? size : -1;
  }
  static int read(BIO* bio, char* into, int size) {
    BIO_clear_retry_flags(bio);
    auto& self = session(bio);
    for (;;) {
      const auto got = ::recv(self.socket_, into, static_cast<std::size_t>(size), MSG_DONTWAIT);
      if (got > 0) return static_cast<int>(got);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && would_block()) {
        BIO_set_retry_read(bio);
      } else if (got < 0) {
        self.socket_error_ = last_error();
      } else {
        self.peer_ended_ = true;
        return 0;
      }
      return -1;
    }
  }
  static long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_EOF) return session(bio).peer_ended_ ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }
  static const BIO_METHOD* method() {
    static const std::unique_ptr<BIO_METHOD, void (*)(BIO_METHOD*)> one = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "chat socket");
      if (made == nullptr) throw std::bad_alloc();
      BIO_meth_set_write(made, write);
      BIO_meth_set_read(made, read);
      BIO_meth_set_ctrl(made, control);
      return std::unique_ptr<BIO_METHOD, void (*)(BIO_METHOD*)>(made, BIO_meth_free);
    }();
    return one.get();
  }
};

void Session::Free::operator()(SSL* ssl) const { SSL_free(ssl); }

Session::Session(const Context& context, const std::string& host) : ssl_(SSL_new(context.native())) {
  BIO* bio = ssl_ ? BIO_new(Bio::method()) : nullptr;
  if (bio == nullptr) throw std::bad_alloc();
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  expect_peer(ssl_.get(), context, host);
  context.side() == Side::server ? SSL_set_accept_state(ssl_.get()) : SSL_set_connect_state(ssl_.get());
}

Session::~Session() = default;

bool Session::put(const char* bytes, std::size_t size) {
  if (flush()) return false;
  std::size_t sent = 0;
  while (backlog() == 0 && sent < size) {
    const auto put = ::send(socket_, bytes + sent, size - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && would_block()) break;
    if (put < 0) return socket_error_ = last_error(), false;
    sent += static_cast<std::size_t>(put);
  }
  // A peer may make OpenSSL answer without reading the answers.
  if (backlog() + size - sent > kMostBacklog) return socket_error_ = boost::asio::error::no_buffer_space, false;
  backlog_.append(bytes + sent, size - sent);
  return true;
}

error_code Session::flush() {
  while (backlog() > 0) {
    const auto put = ::send(socket_, backlog_.data() + sent_, backlog(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && would_block()) return {};
    if (put < 0) return socket_error_ = last_error();
    sent_ += static_cast<std::size_t>(put);
  }
  sent_ = 0;
  if (backlog_.capacity() > 0) std::string().swap(backlog_);
  return {};
}

Session::Outcome Session::failed(int result) {
  const auto code = ERR_peek_error();
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return {.error = {}, .bytes = 0, .wants = Wants::read};
    case SSL_ERROR_ZERO_RETURN:
      return {.error = boost::asio::error::eof};
    default:
      broken_ = true;
  }
  if (socket_error_) return {.error = socket_error_};
  // What is carried has an end of its own: a peer that ends without a word of TLS is one that has gone.
  if (peer_ended_ || code == 0) return {.error = boost::asio::error::eof};
  return {.error = reason(code)};
}

Session::Outcome Session::handshake() {
  if (auto error = flush()) return {.error = error};
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1) {
    auto outcome = failed(result);
    if (outcome.error || backlog() == 0) return outcome;
    return {.error = {}, .bytes = 0, .wants = Wants::write};  // it answers only what it was told
  }
  return {.error = {}, .bytes = 0, .wants = backlog() > 0 ? Wants::write : Wants::nothing};
}

base::Error Session::why_no_handshake(const Outcome& outcome) const {
  const auto code = static_cast<unsigned long>(outcome.error.value());
  if (outcome.error == reason(code) && ERR_GET_LIB(code) == ERR_LIB_SSL) {
    if (ERR_GET_REASON(code) == SSL_R_HTTP_REQUEST) return {Errc::not_tls, "the peer speaks plain HTTP"};
    const auto verified = SSL_get_verify_result(ssl_.get());
    if (ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED)
      return {Errc::handshake, std::string("the peer's certificate: ") + X509_verify_cert_error_string(verified)};
  }
  if (outcome.error == boost::asio::error::eof) return {Errc::handshake, "the peer closed during the TLS handshake"};
  return {Errc::handshake, outcome.error.message()};
}

Session::Outcome Session::read(std::span<char> into) {
  if (into.empty()) return {};
  std::size_t total = 0;
  for (;;) {
    ERR_clear_error();
    std::size_t got = 0;
    const int result = SSL_read_ex(ssl_.get(), into.data() + total, into.size() - total, &got);
    if (result != 1 && total == 0) return failed(result);
    if (result != 1) break;  // it is found again by the next read
    total += got;
    // Records are often short. What OpenSSL holds already costs no system call; who reads in bulk wants what is there.
    const auto left = into.size() - total;
    if (left == 0 || (left < kRecord && SSL_has_pending(ssl_.get()) != 1)) break;
  }
  return {.error = {}, .bytes = total};
}

Session::Outcome Session::write(std::span<const char> bytes) {
  if (auto error = flush()) return {.error = error};
  if (backlog() > 0) return {.error = {}, .bytes = 0, .wants = Wants::write};
  if (bytes.empty()) return {};
  ERR_clear_error();
  std::size_t taken = 0;
  const int result = SSL_write_ex(ssl_.get(), bytes.data(), std::min(bytes.size(), kRecord), &taken);
  if (result != 1) return failed(result);
  return {.error = {}, .bytes = taken};
}

void Session::end() {
  if (broken_ || SSL_is_init_finished(ssl_.get()) != 1) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
  (void)flush();
}

}  // namespace chat::io::tls
