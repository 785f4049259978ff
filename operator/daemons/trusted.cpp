#include "operator/daemons/trusted.hpp"

namespace chatop::daemons {

namespace tls = chat::io::tls;
using chat::base::Result;

Result<Secure> secure(const boost::asio::any_io_executor& executor, const chat::base::Log& log,
                      const ports::Trust& trust) {
  if (trust.ca.empty()) return Secure();
  tls::SourceOptions options;
  options.name = "the CA of " + trust.host;
  options.side = tls::Side::client;
  options.peer = {tls::Peer::Check::ca_and_name, trust.host};
  if (trust.host.empty()) {
    options.name = "the CA of somebody else's server";
    options.least = tls::Version::tls12;
    options.peer = {tls::Peer::Check::ca_and_host, {}};
  }
  auto source = tls::Source::of_texts(executor, log, std::move(options), {{}, {}, trust.ca});
  if (!source) return chat::base::fail(source.error());
  return Secure(std::move(*source));
}

Result<Secure> TrustedPeers::with(const ports::Trust& trust) {
  if (trust.ca.empty()) return Secure();
  auto key = trust.host + "\n" + trust.ca;
  if (auto found = known_.find(key); found != known_.end()) return found->second;
  auto made = secure(executor_, log_, trust);
  if (!made) return made;
  if (known_.size() >= kMost) known_.clear();
  known_[std::move(key)] = *made;
  return made;
}

}  // namespace chatop::daemons
