#pragma once
#include <string>

#include "dataplane/base/config.hpp"
#include "operator/local/layout.hpp"
#include "operator/ports/process.hpp"

namespace chatop::local {

// Addresses that a configuration is made from; port 0 where the process has no such address.
struct Addresses {
  chat::base::HostPort own;
  chat::base::HostPort admin;
  chat::base::HostPort shared;
  chat::base::HostPort redis;
};

// The configuration files of processes, as text: pure, so that their hash says whether a restart is due.
[[nodiscard]] std::string daemon_config(const ports::ProcessSpec& process, const ClusterLayout& layout,
                                        const Installation& installation, const Addresses& addresses);
[[nodiscard]] std::string postgres_config(const ports::ProcessSpec& process, const ClusterLayout& layout,
                                          std::uint16_t port);
[[nodiscard]] std::string redis_config(const ports::ProcessSpec& process, const ClusterLayout& layout,
                                       std::uint16_t port, const std::string& password);
// 16 hex digits of a SHA-256.
[[nodiscard]] std::string short_hash(const std::string& text);

}  // namespace chatop::local
