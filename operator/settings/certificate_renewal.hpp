#pragma once
#include <optional>
#include <string>
#include <vector>

#include "operator/settings/certificates.hpp"

// How the certificates between the parts of a ChatCluster follow each other while people chat. Pure.
//
//   make_authority  where there is none yet
//   write           what all parts read: whom they trust, and where `issue` says so a new certificate
//   make_next       a second authority, long before the first ends: trusted from now on, it signs nothing yet
//   note            everybody trusts it, now: from here on the time counts that this needs to reach them
//   swap            it signs; the one before is trusted on, for what it has signed
//   drop_old        it has been long enough
//
// Whatever part reads its files sooner or later than another, each trusts what the other shows.
namespace chatop::settings {

// Longer than a changed Secret needs to reach every Pod.
inline constexpr std::int64_t kTrustReachesAllSeconds = std::int64_t{15} * 60;
// PostgreSQL and Redis are told to read their files when they certainly are there, and were told again until then.
inline constexpr std::int64_t kOldAuthorityStaysSeconds = std::int64_t{24} * 3600;

// What the Secrets hold; absent or empty where they hold nothing.
struct TlsState {
  std::optional<Certified> authority;
  std::optional<Certified> next;
  std::string old;                              // certificates only
  std::optional<std::int64_t> next_trusted_at;  // noted; seconds since 1970
  std::optional<std::int64_t> old_since;
  std::string certificate;  // what all parts show
  std::string trusted;      // whom they trust, one after another
};

struct TlsStep {
  enum class What { nothing, make_authority, write, make_next, note, swap, drop_old } what = What::nothing;
  bool issue = false;        // write
  std::string trusted = {};  // write: what they are to trust
  bool operator==(const TlsStep&) const = default;
};

[[nodiscard]] TlsStep next_tls_step(const TlsState& state, const std::vector<std::string>& hosts, std::int64_t now);

}  // namespace chatop::settings
