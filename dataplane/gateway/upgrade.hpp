#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "dataplane/io/http/message.hpp"

namespace chat::gateway {

inline constexpr std::string_view kSocketPath = "/v1/ws";
inline constexpr std::string_view kSubprotocol = "chat.v1.json";

// What an upgrade request asks for, once it is one that we serve. Pure.
struct Upgrade {
  std::string subprotocol;           // to be echoed; empty: none was offered that we speak
  bool has_credentials = false;      // there is an Authorization header
  std::optional<std::string> token;  // of a well-formed `Bearer` one
};
// The refusal is a problem document. `allowed_origins` empty: every origin is fine.
[[nodiscard]] tl::expected<Upgrade, io::http::Response> check_upgrade(const io::http::Request& request,
                                                                      const std::vector<std::string>& allowed_origins);

}  // namespace chat::gateway
