#pragma once
#include <memory>
#include <vector>

#include "dataplane/base/config.hpp"
#include "dataplane/io/tls/source.hpp"

namespace chat::apps {

// The TLS that a daemon's configuration asks for; null where it asks for none. Outlives whatever connects or listens.
struct Security {
  using Source = std::unique_ptr<io::tls::Source>;
  Source clients;  // what clients are served with
  Source callers;  // what other daemons are served with: they must have a certificate of the same CA
  Source calls;    // what other daemons are called with
  Source admin;    // what the admin side is served with
  Source redis;    // what Redis is called with

  [[nodiscard]] static base::Result<Security> load(const boost::asio::any_io_executor& executor, const base::Log& log,
                                                   const base::DaemonConfig& config);
  [[nodiscard]] std::vector<io::tls::Source*> sources() const;
  // Of all of them, each once.
  [[nodiscard]] std::vector<io::tls::Trouble> troubles(std::int64_t now_seconds) const;
};

}  // namespace chat::apps
