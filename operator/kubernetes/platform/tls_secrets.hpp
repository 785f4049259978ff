#pragma once
#include <optional>

#include "operator/kubernetes/objects/inputs.hpp"
#include "operator/settings/certificate_renewal.hpp"

// The Secrets of the certificates between a ChatCluster's parts, as the steps of their renewal see and change them:
// demo-tls, which every Pod mounts, and demo-tls-ca with the authority's key, which none does. Pure.
namespace chatop::kubernetes {

struct TlsSecrets {
  std::optional<chat::base::Json> shown;      // demo-tls; nullopt: it is not there
  std::optional<chat::base::Json> authority;  // demo-tls-ca
};
[[nodiscard]] std::string authority_name(const std::string& cluster);  // demo-tls-ca

[[nodiscard]] settings::TlsState state_of(const TlsSecrets& secrets);

// What a step writes: one of the two Secrets. Whole where it is not there yet, else a merge patch that the API server
// takes only where it is what was read.
struct TlsWrite {
  std::string name;
  bool create = false;
  chat::base::Json body;
};
// `fresh`: the authority of make_authority and make_next, the certificate of `write` with `issue`.
[[nodiscard]] TlsWrite write_of(const objects::Inputs& inputs, const TlsSecrets& secrets, const settings::TlsStep& step,
                                const std::optional<settings::Certified>& fresh, std::int64_t now_seconds);

}  // namespace chatop::kubernetes
