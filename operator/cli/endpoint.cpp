#include "operator/cli/endpoint.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "dataplane/base/config.hpp"

namespace chatop::cli {

bool accepts_connections(std::string_view url, std::chrono::milliseconds timeout) {
  auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return false;
  auto rest = url.substr(scheme + 3);
  auto where = chat::base::parse_host_port(std::string(rest.substr(0, rest.find('/'))));
  if (!where) return false;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(where->port);
  if (::inet_pton(AF_INET, where->host.c_str(), &address.sin_addr) != 1) return false;
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  // The sockets API takes every family through one pointer type.
  bool connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  if (!connected && errno == EINPROGRESS) {
    pollfd waited{fd, POLLOUT, 0};
    int error = 0;
    socklen_t size = sizeof(error);
    connected = ::poll(&waited, 1, static_cast<int>(timeout.count())) == 1 &&
                ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
  }
  ::close(fd);
  return connected;
}

}  // namespace chatop::cli
