#include "dataplane/apps/daemon/security.hpp"

#include <algorithm>

namespace chat::apps {
namespace {

using io::tls::Peer;
using io::tls::Side;
using io::tls::SourceOptions;
using io::tls::Version;

SourceOptions for_clients(const base::DaemonConfig& config) {
  return {.name = "the certificate for clients",
          .side = Side::server,
          .least = config.tls_min_version == "1.2" ? Version::tls12 : Version::tls13,
          .files = {config.tls_cert_file, config.tls_key_file, {}},
          .peer = {}};
}

SourceOptions between_daemons(const base::DaemonConfig& config, Side side) {
  Peer peer{config.internal_tls_name.empty() ? Peer::Check::ca : Peer::Check::ca_and_name, config.internal_tls_name};
  return {.name = "the certificate between daemons",
          .side = side,
          .least = Version::tls13,
          .files = {config.internal_tls_cert_file, config.internal_tls_key_file, config.internal_tls_ca_file},
          .peer = std::move(peer)};
}

SourceOptions for_admin(const base::DaemonConfig& config) {
  auto options = between_daemons(config, Side::server);
  options.files.ca.clear();
  options.peer = {};
  return options;
}

SourceOptions to_redis(const base::DaemonConfig& config) {
  return {.name = "the CA of Redis",
          .side = Side::client,
          .least = Version::tls12,
          .files = {{}, {}, config.redis_ca_file},
          .peer = {Peer::Check::ca_and_host, {}}};
}

}  // namespace

base::Result<Security> Security::load(const boost::asio::any_io_executor& executor, const base::Log& log,
                                      const base::DaemonConfig& config) {
  Security security;
  base::Status status;
  const auto take = [&](bool wanted, Source& into, SourceOptions options) {
    if (!wanted || !status) return;
    auto source = io::tls::Source::load(executor, log, std::move(options));
    if (source) {
      into = std::move(*source);
    } else {
      status = base::fail(std::move(source).error());
    }
  };
  const bool internal = !config.internal_tls_cert_file.empty();
  take(!config.tls_cert_file.empty(), security.clients, for_clients(config));
  take(internal, security.callers, between_daemons(config, Side::server));
  take(internal, security.calls, between_daemons(config, Side::client));
  take(config.admin_tls, security.admin, for_admin(config));
  take(!config.redis_ca_file.empty(), security.redis, to_redis(config));
  if (!status) return base::fail(std::move(status).error());
  return security;
}

std::vector<io::tls::Source*> Security::sources() const {
  std::vector<io::tls::Source*> all{clients.get(), callers.get(), calls.get(), admin.get(), redis.get()};
  std::erase(all, nullptr);
  return all;
}

std::vector<io::tls::Trouble> Security::troubles(std::int64_t now_seconds) const {
  std::vector<io::tls::Trouble> found;
  for (const auto* source : sources()) {
    for (auto& trouble : source->troubles(now_seconds)) {
      if (std::find(found.begin(), found.end(), trouble) == found.end()) found.push_back(std::move(trouble));
    }
  }
  return found;
}

}  // namespace chat::apps
