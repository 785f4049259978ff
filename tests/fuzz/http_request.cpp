// A request as it comes over a socket, through all that is read of it before a handler runs.
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>

#include "dataplane/base/text.hpp"
#include "dataplane/gateway/upgrade.hpp"
#include "dataplane/io/http/problem.hpp"
#include "dataplane/io/http/server.hpp"
#include "dataplane/rest/body.hpp"
#include "dataplane/rest/origin.hpp"
#include "dataplane/rest/router.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/input.hpp"

namespace {

namespace beast = boost::beast;
using namespace chat;
using io::http::Request;
using io::http::verb;

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

// As io/http reads it: the header first, then the body, both bounded.
std::optional<Request> read(chat::fuzz::Input input, std::size_t piece) {
  const io::http::ServerLimits limits;
  beast::http::request_parser<beast::http::string_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
  parser.body_limit(limits.body_bytes);
  beast::flat_buffer buffer(limits.header_bytes + 64 * 1024);
  while (!parser.is_done()) {
    if (parser.is_header_done()) parser.eager(true);
    beast::error_code error;
    buffer.consume(parser.put(buffer.data(), error));
    if (error && error != beast::http::error::need_more) return std::nullopt;
    if (parser.is_header_done() && !parser.is_done() && !error && buffer.size() > 0) continue;
    if (parser.is_done()) break;
    if (input.empty()) return std::nullopt;
    const auto bytes = input.take(piece);
    std::copy(bytes.begin(), bytes.end(), static_cast<char*>(buffer.prepare(bytes.size()).data()));
    buffer.commit(bytes.size());
  }
  auto request = parser.release();
  FUZZ_CHECK(request.body().size() <= limits.body_bytes);
  return request;
}

void check_target(const io::http::Target& target) {
  FUZZ_CHECK(target.path.starts_with('/') && base::code_points(target.path) && !base::has_nul(target.path));
  const auto padded = target.path + "/";
  FUZZ_CHECK(padded.find("/../") == std::string::npos && padded.find("/./") == std::string::npos);
  for (const auto& [key, value] : target.query) {
    FUZZ_CHECK(base::code_points(key) && base::code_points(value) && !base::has_nul(key) && !base::has_nul(value));
  }
}

const rest::Router& router() {
  static const rest::Routes routes = [] {
    rest::Routes all;
    for (const char* path : {"/", "/v1/users/me", "/v1/users/{user_id}", "/v1/conversations/{conversation_id}",
                             "/v1/conversations/{conversation_id}/members/{user_id}"}) {
      rest::Route route;
      route.path = path;
      all.push_back(route);
      if (std::string_view(path) != "/") {
        route.method = verb::patch;
        all.push_back(route);
      }
    }
    return all;
  }();
  static const rest::Router one(routes);
  return one;
}

void check_route(rest::Call& call) {
  const auto match = router().match(call.request.method(), call.target.path);
  const auto* found = std::get_if<rest::Match>(&match);
  if (found == nullptr) return;
  for (const auto& [name, value] : found->parameters)
    FUZZ_CHECK(!name.empty() && !value.empty() && value.find('/') == std::string::npos);
  call.path = found->parameters;
  if (const auto id = call.id("user_id")) FUZZ_CHECK(id->text().size() == 26);
}

void check_headers(const rest::Call& call) {
  if (const auto token = rest::bearer_token(call.header("Authorization"))) FUZZ_CHECK(!token->empty());
  if (const auto cookie = call.cookie("refresh_token")) FUZZ_CHECK(cookie->find(';') == std::string::npos);
  const rest::OriginRules rules{"https://chat.example.org", {"https://app.example.org"}};
  const auto origin = call.header("Origin");
  if (rest::origin_is_listed(origin, rules)) FUZZ_CHECK(rest::origin_is_good(origin, "", rules));
  if (const auto body = rest::read_body(call)) {
    FUZZ_CHECK(body->is_object());
    FUZZ_CHECK(base::parse_json(rest::dump(*body)).value() == *body);
  }
  if (const auto limit = call.query_number("limit", 1, 200); limit && *limit)
    FUZZ_CHECK(**limit >= 1 && **limit <= 200);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chat::fuzz::Input input(data, size);
  const std::size_t piece = input.byte() + 1U;
  const auto request = read(input, piece);
  if (!request) return 0;
  const auto upgrade = gateway::check_upgrade(*request, {"https://app.example.org"});
  if (upgrade) FUZZ_CHECK(upgrade->has_credentials || !upgrade->token);
  if (!upgrade) FUZZ_CHECK(upgrade.error().result_int() >= 400);
  rest::Call call(*request);
  check_headers(call);
  if (auto target = io::http::parse_target(view(request->target()))) {
    check_target(*target);
    call.target = std::move(*target);
    check_route(call);
  }
  const auto told = io::http::problem(io::http::status::bad_request, "bad_request", view(request->target()));
  FUZZ_CHECK(base::parse_json(told.body()));
  return 0;
}
