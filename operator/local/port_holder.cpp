#include "operator/local/port_holder.hpp"

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace chatop::local {
namespace {

namespace fs = std::filesystem;

// The sockets that listen there, as /proc/<pid>/fd names them. A line of /proc/net/tcp:
// "  0: 0100007F:2329 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 26151 1 …"
void add_listeners(const char* table, std::uint16_t port, std::set<std::string>& sockets) {
  std::ifstream in(table);
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::istringstream words(line);
    std::string number, local, remote, state, queues, timer, retransmits, user, timeout, inode;
    words >> number >> local >> remote >> state >> queues >> timer >> retransmits >> user >> timeout >> inode;
    const auto colon = local.rfind(':');
    if (state != "0A" || colon == std::string::npos) continue;
    if (std::stoul("0" + local.substr(colon + 1), nullptr, 16) == port) sockets.insert("socket:[" + inode + "]");
  }
}

bool has_one_of(const fs::path& process, const std::set<std::string>& sockets) {
  std::error_code error;
  for (fs::directory_iterator at(process / "fd", error), end; !error && at != end; at.increment(error)) {
    std::error_code gone;
    if (sockets.contains(fs::read_symlink(at->path(), gone).string())) return true;
  }
  return false;
}

}  // namespace

std::string port_holder(std::uint16_t port) {
  std::set<std::string> sockets;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) add_listeners(table, port, sockets);
  if (sockets.empty()) return {};
  std::error_code error;
  for (fs::directory_iterator at("/proc", error), end; !error && at != end; at.increment(error)) {
    const std::string pid = at->path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos || !has_one_of(at->path(), sockets)) continue;
    std::ifstream in(at->path() / "comm");
    std::string name;
    std::getline(in, name);
    return name + " (pid " + pid + ")";
  }
  return {};
}

}  // namespace chatop::local
