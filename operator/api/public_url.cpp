#include "operator/api/public_url.hpp"

namespace chatop::api {
namespace {

constexpr std::string_view kSlot = "{gateway}";

}  // namespace

bool names_gateways(std::string_view public_url) { return public_url.find(kSlot) != std::string_view::npos; }

std::string gateway_url(const std::string& public_url, const std::string& gateway) {
  std::string url = public_url;
  if (auto at = url.find(kSlot); at != std::string::npos) url.replace(at, kSlot.size(), gateway);
  return url;
}

std::string api_url(const std::string& public_url) {
  constexpr std::string_view kSecure = "wss://";
  if (!public_url.starts_with(kSecure)) return {};
  std::string host = public_url.substr(kSecure.size());
  host = host.substr(0, host.find('/'));
  if (host.starts_with("{gateway}.")) host = host.substr(std::string_view("{gateway}.").size());
  return "https://" + host;
}

}  // namespace chatop::api
