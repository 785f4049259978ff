#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "dataplane/base/result.hpp"

namespace chatop::local {

// The loopback ports of one ChatCluster, chosen free once and kept in ports.json, so that addresses stay. Keys are
// "<process>" and "<process>.admin", "gateways" and "api" for the shared ones. Below the range from which the kernel
// takes ports for outgoing connections: a port of a process that is down for a moment is not given away.
class PortsFile {
 public:
  // An absent file is an empty one.
  [[nodiscard]] static chat::base::Result<PortsFile> load(std::filesystem::path path);
  [[nodiscard]] std::uint16_t find(const std::string& key) const;  // 0: not chosen
  // The port of `key`, chosen now where there is none; saved before it is returned.
  [[nodiscard]] chat::base::Result<std::uint16_t> take(const std::string& key);
  // Another one: somebody else uses it.
  [[nodiscard]] chat::base::Result<std::uint16_t> replace(const std::string& key);

 private:
  explicit PortsFile(std::filesystem::path path) : path_(std::move(path)) {}
  [[nodiscard]] bool in_use_here(std::uint16_t port) const;
  std::filesystem::path path_;
  std::map<std::string, std::uint16_t> ports_;
};

// Whether a server could listen there now.
[[nodiscard]] bool port_is_free(std::uint16_t port);

}  // namespace chatop::local
