#include "dataplane/io/http/admin.hpp"

#include <openssl/crypto.h>

#include "dataplane/base/json.hpp"
#include "dataplane/io/http/problem.hpp"

namespace chat::io::http {
namespace {

constexpr int kDrainDepth = 16;
constexpr std::chrono::milliseconds kStopGrace{1000};

ServerLimits admin_limits() {
  ServerLimits limits;
  limits.connections = 256;
  limits.body_bytes = 8 * 1024 * 1024;  // a cluster map
  return limits;
}

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

Response method_not_allowed(std::string_view allowed) {
  auto response = problem(status::method_not_allowed, "bad_request", "this path takes " + std::string(allowed));
  response.set(field::allow, std::string(allowed));
  return response;
}

bool reads(const Request& request) { return request.method() == verb::get || request.method() == verb::head; }

}  // namespace

Admin::Admin(boost::asio::any_io_executor executor, const base::Log& log, base::Metrics& metrics, Token token,
             AdminHooks hooks)
    : metrics_(metrics),
      token_(std::move(token)),
      hooks_(std::move(hooks)),
      server_(std::move(executor), log, admin_limits()) {
  server_.serve([this](Request request, Peer peer) { return handle(std::move(request), std::move(peer)); });
}

base::Result<std::uint16_t> Admin::listen(const base::HostPort& where, const tls::Source* secure) {
  return server_.listen(where, false, secure);
}
void Admin::started() { started_ = true; }
base::Task<> Admin::stop() { co_await server_.stop(kStopGrace); }

base::Task<Response> Admin::handle(Request request, Peer) { co_return answer(request); }

Response Admin::answer(const Request& request) {
  auto target = parse_target(view(request.target()));
  if (!target) return problem(status::bad_request, "bad_request", "not a valid target");
  const auto& path = target->path;
  if (path == "/livez" || path == "/startupz" || path == "/readyz" || path == "/metrics") return probe(request, path);
  bool known =
      (path == "/status" && hooks_.status) || (path == "/map" && hooks_.put_map) || (path == "/drain" && hooks_.drain);
  if (!known) return problem(status::not_found, "not_found", "no such path");
  if (!authorized(request)) {
    auto response = problem(status::unauthorized, "unauthorized", "the admin token is needed");
    response.set(field::www_authenticate, "Bearer");
    return response;
  }
  if (path == "/map") return put_map(request);
  if (path == "/drain") return drain(request);
  if (!reads(request)) return method_not_allowed("GET");
  return reply(request, status::ok, hooks_.status().dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
               "application/json");
}

Response Admin::probe(const Request& request, const std::string& path) {
  if (!reads(request)) return method_not_allowed("GET");
  if (path == "/metrics") return reply(request, status::ok, metrics_.text(), "text/plain; version=0.0.4");
  std::string wrong;
  if (path != "/livez" && !started_) wrong = "starting";
  if (path == "/readyz" && wrong.empty() && hooks_.not_ready) wrong = hooks_.not_ready();
  auto code = wrong.empty() ? status::ok : status::service_unavailable;
  return reply(request, code, wrong.empty() ? "ok" : wrong, "text/plain; charset=utf-8");
}

Response Admin::put_map(const Request& request) {
  if (request.method() != verb::put) return method_not_allowed("PUT");
  auto taken = hooks_.put_map(request.body());
  if (!taken) return problem(status::bad_request, "bad_request", taken.error().message);
  return reply(request, status::no_content, {}, {});
}

Response Admin::drain(const Request& request) {
  if (request.method() != verb::post) return method_not_allowed("POST");
  auto body = base::parse_json(request.body().empty() ? "{}" : std::string_view(request.body()), kDrainDepth);
  if (!body) return problem(status::bad_request, "bad_request", body.error().message);
  auto begun = hooks_.drain(*body);
  if (!begun) return problem(status::bad_request, "bad_request", begun.error().message);
  return reply(request, status::accepted, "{}", "application/json");
}

bool Admin::authorized(const Request& request) const {
  auto header = view(request[field::authorization]);
  constexpr std::string_view kBearer = "Bearer ";
  if (!header.starts_with(kBearer)) return false;
  const auto token = token_();
  auto given = header.substr(kBearer.size());
  // The time it takes tells nothing but the length.
  return !token.empty() && given.size() == token.size() && CRYPTO_memcmp(given.data(), token.data(), token.size()) == 0;
}

}  // namespace chat::io::http
