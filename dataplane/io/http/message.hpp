#pragma once
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace chat::io::http {

// Beast's own types are our vocabulary: one string body in, one string body out, both bounded by the server.
using Request = boost::beast::http::request<boost::beast::http::string_body>;
using Response = boost::beast::http::response<boost::beast::http::string_body>;
using boost::beast::http::field;
using boost::beast::http::status;
using boost::beast::http::verb;

[[nodiscard]] Response reply(const Request& request, status code, std::string body, std::string_view content_type);

// The target split: path decoded by segment, query decoded; the last of repeated query keys wins.
struct Target {
  std::string path;
  std::map<std::string, std::string, std::less<>> query;
};
// nullopt for a malformed target (bad percent escape, NUL, not starting with '/').
[[nodiscard]] std::optional<Target> parse_target(std::string_view target);

}  // namespace chat::io::http
