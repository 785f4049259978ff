#pragma once
#include <cstdint>
#include <string>

namespace chatop::ports {

// TLS, with whoever shows a certificate of `ca` that bears `host`. Without a CA there is none.
// Without a host it is somebody else's server: its certificate names the address that is asked, and TLS 1.2 will do.
struct Trust {
  std::string ca;    // PEM, one or several
  std::string host;  // a DNS name, whatever the address
  // Seconds since 1970, of the certificate that the other side should show: a server that does not look at its files by
  // itself is told to, when they have certainly reached it. 0: it is told nothing.
  std::int64_t since = 0;
  bool operator==(const Trust&) const = default;
};

// A changed file of a Pod has reached it by then, counted from Trust::since.
inline constexpr std::int64_t kFilesReachSeconds = 600;

}  // namespace chatop::ports
