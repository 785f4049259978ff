#include "dataplane/rest/headers.hpp"

namespace chat::rest {
namespace {

using io::http::field;

// Scripts and styles come from our own files only; sockets go to gateways, whose addresses are not known here.
constexpr const char* kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self' ws: wss:; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

}  // namespace

void add_common_headers(io::http::Response& response, const Call& call, const OriginRules& rules) {
  response.set("Content-Security-Policy", kContentSecurityPolicy);
  response.set("X-Content-Type-Options", "nosniff");
  response.set("X-Frame-Options", "DENY");
  response.set("Referrer-Policy", "no-referrer");
  response.set("Cross-Origin-Opener-Policy", "same-origin");
  response.set("Cross-Origin-Resource-Policy", "same-origin");
  response.set("Permissions-Policy", "camera=(), geolocation=(), microphone=()");
  if (rules.public_url.starts_with("https://")) response.set("Strict-Transport-Security", "max-age=31536000");
  if (response.find(field::cache_control) == response.end()) response.set(field::cache_control, "no-store");
  response.set("X-Trace-Id", call.trace_id);
  if (!rules.allowed_origins.empty()) response.set(field::vary, "Origin");
  const auto origin = call.header("Origin");
  if (origin.empty() || !origin_is_listed(origin, rules)) return;
  response.set(field::access_control_allow_origin, std::string(origin));
  response.set(field::access_control_allow_credentials, "true");
  response.set(field::access_control_expose_headers, "Retry-After, X-Trace-Id");
  if (call.request.method() != io::http::verb::options) return;
  const auto allow = response.find(field::allow);
  if (allow != response.end()) {
    const std::string methods(allow->value());
    response.set(field::access_control_allow_methods, methods);
  }
  response.set(field::access_control_allow_headers, "Authorization, Content-Type, Traceparent");
  response.set(field::access_control_max_age, "600");
}

}  // namespace chat::rest
