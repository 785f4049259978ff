#pragma once
#include <string>
#include <string_view>
#include <vector>

// Which pages may call us. Pure.
namespace chat::rest {

struct OriginRules {
  std::string public_url;                    // as browsers see the API; may be empty
  std::vector<std::string> allowed_origins;  // "https://app.example.org"
};

// True for a request without an Origin (no browser), from the same host, from public_url, or from an allowed origin.
[[nodiscard]] bool origin_is_good(std::string_view origin, std::string_view host, const OriginRules& rules);
// True where an answer may be read by a page of `origin` that is not our own: those of the list.
[[nodiscard]] bool origin_is_listed(std::string_view origin, const OriginRules& rules);

}  // namespace chat::rest
