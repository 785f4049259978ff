#include "operator/settings/certificate_renewal.hpp"

#include <algorithm>

namespace chatop::settings {
namespace {

using What = TlsStep::What;

// Two thirds of its life are over. What can not be read is over too.
bool is_due(const std::string& certificate, std::int64_t now) {
  const auto facts = facts_of(certificate);
  return !facts || now >= facts->not_before + (facts->not_after - facts->not_before) / 3 * 2;
}

bool is_good(const std::string& certificate, std::int64_t now) {
  const auto facts = facts_of(certificate);
  return facts && facts->not_before <= now && now < facts->not_after;
}

// Noted at a time that has not come: the clock was set back since.
bool has_passed(const std::optional<std::int64_t>& noted, std::int64_t how_long, std::int64_t now) {
  return noted && *noted <= now && now - *noted >= how_long;
}

std::string all_trusted(const TlsState& state) {
  return (state.authority ? state.authority->certificate : std::string()) +
         (state.next ? state.next->certificate : std::string()) + state.old;
}

bool needs_issue(const TlsState& state, const std::vector<std::string>& hosts, std::int64_t now) {
  const bool fits = std::all_of(hosts.begin(), hosts.end(), [&](const auto& host) {
    return bears(state.certificate, host.starts_with("*.") ? "any" + host.substr(1) : host);
  });
  return !fits || is_due(state.certificate, now) || !is_issued_by(state.certificate, state.authority->certificate);
}

}  // namespace

TlsStep next_tls_step(const TlsState& state, const std::vector<std::string>& hosts, std::int64_t now) {
  if (!state.authority) {
    // Lost, while what it signed is still in use: its successor comes in as any other.
    if (!is_good(state.certificate, now) || state.trusted.empty()) return {What::make_authority};
    if (!state.next) return {What::make_next};
  }
  if (state.authority && !is_good(state.authority->certificate, now)) return {What::make_authority};
  const bool issue = state.authority && needs_issue(state, hosts, now);
  auto trusted = all_trusted(state);
  if (issue || state.trusted != trusted) return {What::write, issue, std::move(trusted)};
  if (state.next) {
    if (!state.next_trusted_at || *state.next_trusted_at > now) return {What::note};
    return has_passed(state.next_trusted_at, kTrustReachesAllSeconds, now) ? TlsStep{What::swap} : TlsStep{};
  }
  if (!state.old.empty()) {
    if (!state.old_since || *state.old_since > now) return {What::note};
    return has_passed(state.old_since, kOldAuthorityStaysSeconds, now) ? TlsStep{What::drop_old} : TlsStep{};
  }
  return is_due(state.authority->certificate, now) ? TlsStep{What::make_next} : TlsStep{};
}

}  // namespace chatop::settings
