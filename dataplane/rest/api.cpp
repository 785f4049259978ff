#include "dataplane/rest/api.hpp"

#include "dataplane/rest/body.hpp"
#include "dataplane/rest/headers.hpp"
#include "dataplane/rest/openapi.hpp"
#include "dataplane/rest/problem.hpp"
#include "dataplane/services/address.hpp"

namespace chat::rest {
namespace {

using domain::Errc;
using io::http::verb;

std::string joined(const io::http::Request& request, const char* name) {
  std::string all;
  const auto [first, last] = request.equal_range(name);
  for (auto at = first; at != last; ++at) {
    if (!all.empty()) all += ',';
    all.append(at->value().data(), at->value().size());
  }
  return all;
}

bool is_call(std::string_view path) { return path.starts_with("/v1/") || path.starts_with("/.well-known/"); }

bool is_safe(verb method) { return method == verb::get || method == verb::head || method == verb::options; }

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

Api::Api(boost::asio::any_io_executor executor, Parts parts, Options options)
    : parts_(std::move(parts)),
      options_(std::move(options)),
      origins_{options_.public_url, options_.allowed_origins},
      web_(options_.web_dir),
      routes_(make_routes()),
      router_(routes_),
      openapi_(openapi(routes_, options_.version, options_.public_url).dump()),
      server_(std::move(executor), parts_.log) {}

Routes Api::make_routes() {
  Routes routes;
  Resources& resources = parts_.resources;
  add_auth(routes, resources);
  add_connect(routes, resources);
  add_conversations(routes, resources);
  add_members(routes, resources);
  add_messages(routes, resources);
  add_users(routes, resources);
  add_health(routes, resources);
  routes.push_back({verb::get,
                    "/v1/openapi.json",
                    "openapi",
                    "This document",
                    Access::open,
                    "",
                    {},
                    {{status::ok, "OpenAPI 3.1", "OpenApi"}},
                    {},
                    [this](Call&) { return document(); }});
  routes.push_back({verb::get,
                    "/",
                    "web",
                    "The web client; its files stand beside it",
                    Access::open,
                    "",
                    {},
                    {{status::ok, "The page", "Page"}, {status::not_modified, "As the client has it", ""}},
                    {Errc::not_found},
                    [this](Call& call) { return file(call); }});
  return routes;
}

Task<Result<Answer>> Api::document() {
  Answer answer;
  answer.bytes = openapi_;
  answer.headers.emplace_back("Cache-Control", "public, max-age=60");
  co_return answer;
}

Task<Result<Answer>> Api::file(Call& call) { co_return web_.get(call, parts_.resources.clock.steady()); }

Result<std::uint16_t> Api::listen(const base::HostPort& where, bool reuse_port, const io::tls::Source* secure) {
  if (!serving_) {
    serving_ = true;
    server_.serve(
        [this](io::http::Request request, io::http::Peer peer) { return handle(std::move(request), std::move(peer)); });
  }
  return server_.listen(where, reuse_port, secure);
}

Task<> Api::stop(std::chrono::milliseconds grace) {
  server_.stop_accepting();
  co_await server_.stop(grace);
}

Task<io::http::Response> Api::handle(io::http::Request request, io::http::Peer peer) {
  const auto started = parts_.resources.clock.steady();
  Call call(request);
  call.trace_id = base::trace_id_of(call.header("traceparent"));
  call.limits = parts_.map.map().limits;
  call.address = services::limit_key(
      services::client_address(peer.address, joined(request, "X-Forwarded-For"), call.limits.trusted_proxies));
  const Route* route = nullptr;
  auto result = co_await answer(call, route);
  if (!result && result.error().code.category() != make_error_code(Errc::unavailable).category())
    parts_.log.warn(
        "request_failed",
        {{"trace_id", call.trace_id}, {"error", result.error().code.message()}, {"problem", result.error().message}});
  Answer shown = result ? std::move(*result) : problem(result.error(), call.trace_id);
  auto response = render(call, std::move(shown));
  record(call, route, response.result(), parts_.resources.clock.steady() - started);
  co_return response;
}

Task<Result<Answer>> Api::answer(Call& call, const Route*& route) {
  auto target = io::http::parse_target(view(call.request.target()));
  if (!target) co_return bad_request("the address of the request is malformed");
  call.target = std::move(*target);
  const bool counted = is_call(call.target.path);
  if (counted) {
    auto within = co_await within_limit("api:address:" + call.address, call.limits.api_calls_per_minute_per_address,
                                        "your address");
    if (!within) co_return base::fail(std::move(within).error());
  }
  const verb method = call.request.method();
  if (auto good = check_origin(call); !good) co_return base::fail(std::move(good).error());
  auto match = router_.match(method, call.target.path);
  if (std::holds_alternative<NoMatch>(match)) {
    if (!counted && (method == verb::get || method == verb::head))
      co_return web_.get(call, parts_.resources.clock.steady());
    co_return base::fail(Errc::not_found, "this version of the API has no such call: see /v1/openapi.json");
  }
  if (auto* wrong = std::get_if<WrongMethod>(&match)) {
    Answer refused;
    if (method == verb::options) {
      refused.code = status::no_content;
    } else {
      const base::Error error{Errc::bad_request, "this address takes " + wrong->allow};
      refused = problem(status::method_not_allowed, error, call.trace_id);
    }
    refused.headers.emplace_back("Allow", wrong->allow);
    co_return refused;
  }
  auto& found = std::get<Match>(match);
  route = found.route;
  call.path = std::move(found.parameters);
  if (auto admitted = co_await admit(call, *route); !admitted) co_return base::fail(std::move(admitted).error());
  if (!route->request_schema.empty()) {
    auto body = read_body(call);
    if (!body && body.error().code == BodyErrc::not_json)
      co_return problem(status::unsupported_media_type, {Errc::bad_request, body.error().message}, call.trace_id);
    if (!body) co_return base::fail(std::move(body).error());
    call.body = std::move(*body);
  }
  co_return co_await route->handler(call);
}

// Who calls, and whether they may still call this minute.
Task<base::Status> Api::admit(Call& call, const Route& route) {
  if (route.access == Access::open) co_return base::Status{};
  const auto token = bearer_token(call.header("Authorization"));
  if (!token) co_return base::fail(Errc::unauthorized, "this call needs an Authorization: Bearer header");
  auto identity = parts_.verifier.verify(*token, parts_.resources.clock.now_milliseconds());
  if (!identity) co_return base::fail(std::move(identity).error());
  call.identity = std::move(*identity);
  const std::string user = call.user().text();
  call.vip = call.limits.vip_users.contains(call.identity->username) || call.limits.vip_users.contains(user);
  const auto per_minute = call.limits.api_calls_per_minute_per_user * call.limit_factor();
  co_return co_await within_limit("api:user:" + user, per_minute, "you");
}

Task<base::Status> Api::within_limit(std::string key, std::int64_t per_minute, std::string_view whose) {
  const auto decision = co_await parts_.limiter.take(std::move(key), static_cast<double>(per_minute), per_minute);
  if (decision.allowed) co_return base::Status{};
  co_return base::fail(Errc::rate_limited, "too many calls from " + std::string(whose) + ": wait and try again",
                       decision.retry_after);
}

base::Status Api::check_origin(const Call& call) const {
  if (is_safe(call.request.method()) || origin_is_good(call.header("Origin"), call.header("Host"), origins_)) return {};
  return base::fail(Errc::forbidden, "pages of this origin may not call this server");
}

io::http::Response Api::render(const Call& call, Answer answer) const {
  std::string body = answer.bytes            ? std::move(*answer.bytes)
                     : answer.body.is_null() ? std::string()
                                             : dump(answer.body);
  auto response = io::http::reply(call.request, answer.code, std::move(body), answer.content_type);
  if (answer.code == status::no_content || answer.code == status::not_modified)
    response.erase(io::http::field::content_type);
  for (const auto& [name, value] : answer.headers) response.insert(name, value);
  add_common_headers(response, call, origins_);
  return response;
}

void Api::record(const Call& call, const Route* route, status code, std::chrono::duration<double> took) {
  const std::string path = route != nullptr ? route->path : "unmatched";
  // Methods and paths of strangers are not labels: they would grow without bound.
  const std::string method = route != nullptr ? std::string(view(call.request.method_string())) : "other";
  parts_.metrics
      .counter("chat_api_requests_total", "Requests answered",
               {{"route", path}, {"method", method}, {"code", std::to_string(static_cast<int>(code))}})
      .Increment();
  parts_.metrics.seconds("chat_api_request_seconds", "Time from a request's arrival to its answer", {{"route", path}})
      .Observe(took.count());
  const std::string user = call.identity ? call.identity->user_id.text() : std::string();
  // Load balancers probe every few seconds: that is no news while it goes well.
  const bool probe = code == status::ok && (path == "/livez" || path == "/readyz" || path == "/startupz");
  const auto write = probe ? &base::Log::debug : &base::Log::info;
  (parts_.log.*write)("request", {{"trace_id", call.trace_id},
                                  {"route", path},
                                  {"method", method},
                                  {"status", static_cast<int>(code)},
                                  {"milliseconds", took.count() * 1000},
                                  {"user_id", user},
                                  {"address", call.address}});
}

}  // namespace chat::rest
