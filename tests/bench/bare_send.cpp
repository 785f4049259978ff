// What writing alone costs: accepts so many sockets, and for each byte that it reads from the first one sends the same
// bytes to all, one system call each. Nothing else: it is the limit that a gateway's delivery is compared with.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::exit(1);
}

int listen_anywhere() {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof where;
  if (listener < 0 || bind(listener, reinterpret_cast<sockaddr*>(&where), size) != 0 || listen(listener, 1024) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&where), &size) != 0)
    give_up("listen");
  std::printf("%d\n", ntohs(where.sin_port));
  std::fflush(stdout);
  return listener;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: bare_send SOCKETS BYTES\n");
    return 2;
  }
  const int listener = listen_anywhere();
  std::vector<int> sockets;
  for (int i = 0; i < std::atoi(argv[1]); ++i) {
    const int socket = accept(listener, nullptr, nullptr);
    const int on = 1;
    if (socket < 0 || setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) give_up("accept");
    sockets.push_back(socket);
  }
  const std::string bytes(static_cast<std::size_t>(std::atoi(argv[2])), 'x');
  char asked = 0;
  while (recv(sockets.at(0), &asked, 1, 0) == 1) {
    for (const int socket : sockets) {
      if (send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) return 0;
    }
  }
}
