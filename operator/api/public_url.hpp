#pragma once
#include <string>
#include <string_view>

// What spec.gateways.publicUrl says.
namespace chatop::api {

// Whether each gateway has an address of its own: wss://{gateway}.example.org/v1/ws.
[[nodiscard]] bool names_gateways(std::string_view public_url);
// The address of one gateway ("gateway-0").
[[nodiscard]] std::string gateway_url(const std::string& public_url, const std::string& gateway);
// The API's address as browsers see it, of which only scheme and host matter. Empty: it says nothing.
[[nodiscard]] std::string api_url(const std::string& public_url);

}  // namespace chatop::api
