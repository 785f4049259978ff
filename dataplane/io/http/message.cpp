#include "dataplane/io/http/message.hpp"

#include <boost/beast/core/string.hpp>

#include "dataplane/base/text.hpp"

namespace chat::io::http {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      int high = hex_value(text[i + 1]);
      int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  if (base::has_nul(out) || !base::code_points(out)) return std::nullopt;
  return out;
}

// Whoever maps a path to files or routes can split the result at '/': a segment holds none, and is neither . nor ..
std::optional<std::string> decoded_path(std::string_view path) {
  if (path.empty() || path.front() != '/') return std::nullopt;
  std::string out;
  while (!path.empty()) {
    path.remove_prefix(1);
    auto end = std::min(path.find('/'), path.size());
    auto segment = percent_decoded(path.substr(0, end), false);
    if (!segment || segment->find('/') != std::string::npos || *segment == "." || *segment == "..") return std::nullopt;
    out += '/';
    out += *segment;
    path.remove_prefix(end);
  }
  return out;
}

}  // namespace

Response reply(const Request& request, status code, std::string body, std::string_view content_type) {
  Response response(code, 11);
  response.keep_alive(request.keep_alive());
  if (!content_type.empty())
    response.set(field::content_type, boost::beast::string_view(content_type.data(), content_type.size()));
  response.body() = std::move(body);
  response.prepare_payload();
  return response;
}

std::optional<Target> parse_target(std::string_view target) {
  if (target.find('#') != std::string_view::npos) return std::nullopt;
  auto question = std::min(target.find('?'), target.size());
  auto path = decoded_path(target.substr(0, question));
  if (!path) return std::nullopt;
  Target out;
  out.path = std::move(*path);
  auto rest = question < target.size() ? target.substr(question + 1) : std::string_view();
  while (!rest.empty()) {
    auto end = std::min(rest.find('&'), rest.size());
    auto pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (pair.empty()) continue;
    auto equals = std::min(pair.find('='), pair.size());
    auto key = percent_decoded(pair.substr(0, equals), true);
    auto value = percent_decoded(equals < pair.size() ? pair.substr(equals + 1) : std::string_view(), true);
    if (!key || !value) return std::nullopt;
    out.query.insert_or_assign(std::move(*key), std::move(*value));
  }
  return out;
}

}  // namespace chat::io::http
