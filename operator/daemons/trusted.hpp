#pragma once
#include <map>
#include <memory>
#include <string>

#include "dataplane/io/tls/source.hpp"
#include "operator/ports/trust.hpp"

namespace chatop::daemons {

// What connections are made with that trust `trust`; nullptr: plain ones. Fails where the CA is none.
using Secure =
    std::shared_ptr<const chat::io::tls::Source>;  // shared with calls under way when another takes its place
[[nodiscard]] chat::base::Result<Secure> secure(const boost::asio::any_io_executor& executor,
                                                const chat::base::Log& log, const ports::Trust& trust);

// Keeps them: reading certificates costs more than a call. At most kMost, then it begins anew. One thread.
class TrustedPeers {
 public:
  TrustedPeers(boost::asio::any_io_executor executor, const chat::base::Log& log)
      : executor_(std::move(executor)), log_(log) {}
  [[nodiscard]] chat::base::Result<Secure> with(const ports::Trust& trust);

 private:
  static constexpr std::size_t kMost = 2048;
  boost::asio::any_io_executor executor_;
  const chat::base::Log& log_;
  std::map<std::string, Secure> known_;  // by host and CA
};

}  // namespace chatop::daemons
