#include "dataplane/gateway/ordered_stream.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace chat::gateway {
namespace {

constexpr std::size_t kPieces = 64;  // a call: more would hardly be cheaper
constexpr std::size_t kMostDiscarded = 4 * 1024 * 1024;

ssize_t send_pieces(int socket, std::span<iovec> pieces) {
  constexpr int kFlags = MSG_DONTWAIT | MSG_NOSIGNAL;
  if (pieces.size() == 1) return ::send(socket, pieces[0].iov_base, pieces[0].iov_len, kFlags);  // a little cheaper
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  return ::sendmsg(socket, &message, kFlags);
}

}  // namespace

OrderedStream::error_code OrderedStream::flush_plain() {
  while (!queue_.empty()) {
    std::array<iovec, kPieces> pieces;  // NOLINT(cppcoreguidelines-pro-type-member-init): gather() fills what is used
    const auto sent = send_pieces(socket().native_handle(), std::span(pieces).first(queue_.gather(pieces)));
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {};
    if (sent < 0) return {errno, boost::system::system_category()};
    queue_.written(static_cast<std::size_t>(sent));
    written_ += static_cast<std::uint64_t>(sent);
  }
  return {};
}

// As many frames as fit share a record.
OrderedStream::error_code OrderedStream::flush_secure() {
  auto& session = *stream_.session();
  if (auto error = session.flush()) return error;
  while (!queue_.empty() && session.backlog() == 0) {
    std::array<iovec, kPieces> pieces;  // NOLINT(cppcoreguidelines-pro-type-member-init): gather() fills what is used
    std::array<char, io::tls::Session::kRecord> record;  // NOLINT(cppcoreguidelines-pro-type-member-init): as above
    std::size_t filled = 0;
    for (const auto& piece : std::span(pieces).first(queue_.gather(pieces))) {
      const auto part = std::min(piece.iov_len, record.size() - filled);
      std::memcpy(record.data() + filled, piece.iov_base, part);
      filled += part;
      if (filled == record.size()) break;
    }
    const auto outcome = session.write(std::span(record).first(filled));
    if (outcome.error) return outcome.error;
    queue_.written(outcome.bytes);
    written_ += outcome.bytes;
  }
  return {};
}

OrderedStream::error_code OrderedStream::discard(std::size_t& total) {
  std::array<char, 16 * 1024> part;  // NOLINT(cppcoreguidelines-pro-type-member-init): nobody looks at it
  while (total < kMostDiscarded) {
    if (auto* session = stream_.session(); session != nullptr) {
      const auto outcome = session->read(part);
      if (outcome.error) return outcome.error;
      if (outcome.wants != io::tls::Session::Wants::nothing) return boost::asio::error::would_block;
      total += outcome.bytes;
      continue;
    }
    const auto got = ::recv(socket().native_handle(), part.data(), part.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return boost::asio::error::would_block;
    if (got < 0) return {errno, boost::system::system_category()};
    if (got == 0) break;
    total += static_cast<std::size_t>(got);
  }
  return boost::asio::error::eof;
}

}  // namespace chat::gateway
