#include "dataplane/rest/origin.hpp"

#include <algorithm>

namespace chat::rest {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

// "https://Chat.Example.org:443/x" → scheme https, host chat.example.org (the default port left out).
struct Parsed {
  std::string scheme;
  std::string host;
};

Parsed parse(std::string_view url) {
  const auto colon = url.find("://");
  if (colon == std::string_view::npos) return {};
  Parsed parsed{lower(url.substr(0, colon)), {}};
  std::string_view rest = url.substr(colon + 3);
  parsed.host = lower(rest.substr(0, rest.find('/')));
  const std::string_view port = parsed.scheme == "https" || parsed.scheme == "wss" ? ":443" : ":80";
  if (parsed.host.ends_with(port)) parsed.host.resize(parsed.host.size() - port.size());
  return parsed;
}

bool same(std::string_view origin, std::string_view other) {
  const auto a = parse(origin);
  const auto b = parse(other);
  return !a.host.empty() && a.scheme == b.scheme && a.host == b.host;
}

}  // namespace

bool origin_is_listed(std::string_view origin, const OriginRules& rules) {
  return std::any_of(rules.allowed_origins.begin(), rules.allowed_origins.end(),
                     [origin](const auto& allowed) { return same(origin, allowed); });
}

bool origin_is_good(std::string_view origin, std::string_view host, const OriginRules& rules) {
  if (origin.empty()) return true;
  // Behind a proxy that ends TLS we do not see the scheme, so the Host header takes the origin's.
  const auto colon = origin.find("://");
  if (colon != std::string_view::npos && !host.empty()) {
    if (same(origin, std::string(origin.substr(0, colon + 3)) + std::string(host))) return true;
  }
  return same(origin, rules.public_url) || origin_is_listed(origin, rules);
}

}  // namespace chat::rest
