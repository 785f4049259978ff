#include "dataplane/rest/router.hpp"

#include <algorithm>

namespace chat::rest {
namespace {

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> segments;
  std::size_t from = 1;
  while (from <= path.size()) {
    const auto slash = std::min(path.find('/', from), path.size());
    segments.emplace_back(path.substr(from, slash - from));
    from = slash + 1;
  }
  return segments;
}

bool is_parameter(std::string_view segment) { return segment.starts_with('{') && segment.ends_with('}'); }

bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& segments) {
  if (pattern.size() != segments.size()) return false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (is_parameter(pattern[i]) ? segments[i].empty() : pattern[i] != segments[i]) return false;
  }
  return true;
}

std::string to_text(io::http::verb method) {
  const auto text = boost::beast::http::to_string(method);
  return {text.data(), text.size()};
}

}  // namespace

std::vector<status> documented_errors(const Route& route) {
  using domain::Errc;
  std::vector<status> codes{status::bad_request, status::too_many_requests, status::service_unavailable};
  if (route.method != io::http::verb::get) codes.push_back(status::forbidden);  // the Origin check
  if (route.access == Access::bearer) codes.push_back(status::unauthorized);
  if (!route.request_schema.empty()) {
    codes.push_back(status::payload_too_large);
    codes.push_back(status::unsupported_media_type);
  }
  for (auto code : route.errors) {
    switch (code) {
      case Errc::unauthorized:
        codes.push_back(status::unauthorized);
        break;
      case Errc::forbidden:
        codes.push_back(status::forbidden);
        break;
      case Errc::not_found:
        codes.push_back(status::not_found);
        break;
      case Errc::conflict:
        codes.push_back(status::conflict);
        break;
      case Errc::too_large:
        codes.push_back(status::payload_too_large);
        break;
      default:
        break;  // the others are every call's
    }
  }
  std::sort(codes.begin(), codes.end());
  codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
  return codes;
}

Router::Router(const Routes& routes) {
  for (const auto& route : routes) {
    Entry entry{&route, split(route.path), 0};
    entry.parameters =
        static_cast<std::size_t>(std::count_if(entry.segments.begin(), entry.segments.end(), is_parameter));
    entries_.push_back(std::move(entry));
  }
  std::stable_sort(entries_.begin(), entries_.end(),
                   [](const Entry& a, const Entry& b) { return a.parameters < b.parameters; });
}

std::variant<Match, WrongMethod, NoMatch> Router::match(io::http::verb method, std::string_view path) const {
  const auto segments = split(path);
  const auto wanted = method == io::http::verb::head ? io::http::verb::get : method;
  std::string allow;
  const std::vector<std::string>* resource = nullptr;
  for (const auto& entry : entries_) {
    // The first pattern that fits names the resource: /v1/users/me is not also a user called "me".
    if (resource != nullptr ? entry.segments != *resource : !fits(entry.segments, segments)) continue;
    resource = &entry.segments;
    if (entry.route->method == wanted) {
      Match match{entry.route, {}};
      for (std::size_t i = 0; i < segments.size(); ++i) {
        if (is_parameter(entry.segments[i]))
          match.parameters.emplace(entry.segments[i].substr(1, entry.segments[i].size() - 2), segments[i]);
      }
      return match;
    }
    allow += (allow.empty() ? "" : ", ") + to_text(entry.route->method);
    if (entry.route->method == io::http::verb::get) allow += ", HEAD";
  }
  if (resource == nullptr) return NoMatch{};
  return WrongMethod{allow + ", OPTIONS"};
}

}  // namespace chat::rest
