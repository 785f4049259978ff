#include "dataplane/gateway/ordered_stream.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace chat::gateway {
namespace {

constexpr std::size_t kPieces = 64;  // a call: more would hardly be cheaper

ssize_t send_pieces(int socket, std::span<iovec> pieces) {
  constexpr int kFlags = MSG_DONTWAIT | MSG_NOSIGNAL;
  if (pieces.size() == 1) return ::send(socket, pieces[0].iov_base, pieces[0].iov_len, kFlags);  // a little cheaper
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  return ::sendmsg(socket, &message, kFlags);
}

}  // namespace

OrderedStream::error_code OrderedStream::flush() {
  while (!queue_.empty()) {
    std::array<iovec, kPieces> pieces;  // NOLINT(cppcoreguidelines-pro-type-member-init): gather() fills what is used
    const auto sent = send_pieces(socket_.native_handle(), std::span(pieces).first(queue_.gather(pieces)));
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {};
    if (sent < 0) return {errno, boost::system::system_category()};
    queue_.written(static_cast<std::size_t>(sent));
    written_ += static_cast<std::uint64_t>(sent);
  }
  return {};
}

}  // namespace chat::gateway
