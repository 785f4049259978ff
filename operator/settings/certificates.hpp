#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/result.hpp"

// The certificates that the parts of a ChatCluster show each other. Texts are PEM, times seconds since 1970; each is
// valid from five minutes before it was made, for clocks that differ.
namespace chatop::settings {

struct Certified {
  std::string certificate;
  std::string key;
  bool operator==(const Certified&) const = default;
};

inline constexpr std::int64_t kAuthorityLifeSeconds = std::int64_t{2} * 365 * 24 * 3600;
inline constexpr std::int64_t kCertificateLifeSeconds = std::int64_t{90} * 24 * 3600;

// A certificate authority with a name of its own.
[[nodiscard]] chat::base::Result<Certified> new_authority(std::int64_t now);
// Fit for servers and clients, whom people call by `hosts`. Ends with its authority at the latest.
[[nodiscard]] chat::base::Result<Certified> new_certificate(const Certified& authority,
                                                            const std::vector<std::string>& hosts, std::int64_t now);

struct CertificateFacts {
  std::int64_t not_before = 0;
  std::int64_t not_after = 0;
};
// Of the first certificate in a text; nullopt: there is none.
[[nodiscard]] std::optional<CertificateFacts> facts_of(const std::string& certificate);
[[nodiscard]] bool is_issued_by(const std::string& certificate, const std::string& authority);
[[nodiscard]] bool bears(const std::string& certificate, const std::string& host);  // or a wildcard for it

}  // namespace chatop::settings
