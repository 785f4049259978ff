#include "dataplane/gateway/upgrade.hpp"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <tl/expected.hpp>

#include "dataplane/io/http/problem.hpp"

namespace chat::gateway {
namespace {

using io::http::field;
using io::http::problem;
using io::http::status;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

// The host of "https://example.org:8443" or "example.org:8443", without its port.
std::string_view host_of(std::string_view text) {
  if (auto scheme = text.find("://"); scheme != std::string_view::npos) text.remove_prefix(scheme + 3);
  if (!text.empty() && text.front() == '[') return text.substr(0, text.find(']') + 1);
  return text.substr(0, text.find(':'));
}

bool origin_allowed(const io::http::Request& request, const std::vector<std::string>& allowed) {
  const auto origin = view(request[field::origin]);
  if (origin.empty() || allowed.empty()) return true;
  if (std::find(allowed.begin(), allowed.end(), origin) != allowed.end()) return true;
  const auto theirs = host_of(origin);
  const auto ours = host_of(view(request[field::host]));
  return !theirs.empty() && boost::beast::iequals({theirs.data(), theirs.size()}, {ours.data(), ours.size()});
}

bool offers(const io::http::Request& request, std::string_view subprotocol) {
  auto [first, last] = request.equal_range(field::sec_websocket_protocol);
  return std::any_of(first, last, [&](const auto& line) {
    return boost::beast::http::token_list(line.value())
        .exists(boost::beast::string_view(subprotocol.data(), subprotocol.size()));
  });
}

void read_credentials(const io::http::Request& request, Upgrade& upgrade) {
  auto it = request.find(field::authorization);
  if (it == request.end()) return;
  upgrade.has_credentials = true;
  const auto value = view(it->value());
  constexpr std::string_view kScheme = "bearer ";
  if (value.size() <= kScheme.size() || !boost::beast::iequals(it->value().substr(0, kScheme.size()), kScheme.data()))
    return;
  upgrade.token = std::string(value.substr(kScheme.size()));
}

}  // namespace

tl::expected<Upgrade, io::http::Response> check_upgrade(const io::http::Request& request,
                                                        const std::vector<std::string>& allowed_origins) {
  auto target = io::http::parse_target(view(request.target()));
  if (!target || target->path != kSocketPath)
    return tl::unexpected(problem(status::not_found, "not_found", "the WebSocket is at /v1/ws"));
  if (request.method() != io::http::verb::get)
    return tl::unexpected(problem(status::bad_request, "bad_request", "a WebSocket begins with GET"));
  if (request[field::sec_websocket_version] != "13") {
    auto refusal = problem(status::upgrade_required, "bad_request", "Sec-WebSocket-Version must be 13");
    refusal.set(field::sec_websocket_version, "13");
    return tl::unexpected(std::move(refusal));
  }
  if (request[field::sec_websocket_key].empty())
    return tl::unexpected(problem(status::bad_request, "bad_request", "Sec-WebSocket-Key is missing"));
  if (!origin_allowed(request, allowed_origins))
    return tl::unexpected(problem(status::forbidden, "forbidden", "this Origin is not among the allowed ones"));
  Upgrade upgrade;
  if (offers(request, kSubprotocol)) {
    upgrade.subprotocol = kSubprotocol;
  } else if (offers(request, "chat.v1.protobuf")) {
    return tl::unexpected(
        problem(status::bad_request, "bad_request", "chat.v1.protobuf is not served: offer chat.v1.json"));
  }
  read_credentials(request, upgrade);
  return upgrade;
}

}  // namespace chat::gateway
