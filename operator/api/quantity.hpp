#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "operator/api/chat_cluster.hpp"

namespace chatop::api {

// Kubernetes' notation for bytes: a decimal number, then Ki Mi Gi Ti Pi Ei (powers of 1024) or k M G T P E (of 1000) or
// nothing. nullopt for anything else: signs, exponents, thousandths, a fraction of a byte, 2⁶³ and more.
[[nodiscard]] std::optional<Quantity> parse_quantity(std::string_view text);

// The shortest of those notations without a fraction: 10Gi, 1500Mi, 1G, 1025.
[[nodiscard]] std::string text(Quantity quantity);

}  // namespace chatop::api
