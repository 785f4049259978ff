#include "operator/local/ports_file.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <random>

#include "dataplane/base/json.hpp"
#include "operator/local/files.hpp"
#include "operator/ports/platform.hpp"

namespace chatop::local {
namespace {

constexpr int kLowest = 10'240;

int lowest_outgoing() {
  std::ifstream in("/proc/sys/net/ipv4/ip_local_port_range");
  int low = 0;
  in >> low;
  return low >= kLowest + 1000 ? low : 65'536;
}

}  // namespace

bool port_is_free(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr generic{};
  static_assert(sizeof generic == sizeof address);
  std::copy_n(reinterpret_cast<const char*>(&address), sizeof address, reinterpret_cast<char*>(&generic));
  const bool free = ::bind(fd, &generic, sizeof generic) == 0 && ::listen(fd, 1) == 0;
  ::close(fd);
  return free;
}

chat::base::Result<PortsFile> PortsFile::load(std::filesystem::path path) {
  PortsFile file(std::move(path));
  std::error_code error;
  if (!std::filesystem::exists(file.path_, error)) return file;
  auto text = read_file(file.path_);
  if (!text) return chat::base::fail(text.error());
  auto json = chat::base::parse_json(*text);
  if (!json || !json->is_object())
    return chat::base::fail(FileErrc::read,
                            file.path_.string() + " is not a JSON object any more: remove it to have new ports chosen");
  for (const auto& [key, value] : json->items()) {
    if (auto port = chat::base::whole_number(value); port && *port > 0 && *port < 65'536)
      file.ports_[key] = static_cast<std::uint16_t>(*port);
  }
  return file;
}

std::uint16_t PortsFile::find(const std::string& key) const {
  auto it = ports_.find(key);
  return it == ports_.end() ? std::uint16_t{0} : it->second;
}

bool PortsFile::in_use_here(std::uint16_t port) const {
  return std::any_of(ports_.begin(), ports_.end(), [port](const auto& entry) { return entry.second == port; });
}

chat::base::Result<std::uint16_t> PortsFile::take(const std::string& key) {
  if (auto port = find(key); port != 0) return port;
  return replace(key);
}

chat::base::Result<std::uint16_t> PortsFile::replace(const std::string& key) {
  std::random_device random;
  std::uniform_int_distribution<int> any(kLowest, lowest_outgoing() - 1);
  constexpr int kTries = 2000;
  for (int i = 0; i < kTries; ++i) {
    const auto port = static_cast<std::uint16_t>(any(random));
    if (in_use_here(port) || !port_is_free(port)) continue;
    ports_[key] = port;
    if (auto saved = write_file(path_, chat::base::Json(ports_).dump(2) + "\n", 0644); !saved)
      return chat::base::fail(saved.error());
    return port;
  }
  return chat::base::fail(ports::PlatformErrc::later, "no free port was found on 127.0.0.1");
}

}  // namespace chatop::local
