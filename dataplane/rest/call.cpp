#include "dataplane/rest/call.hpp"

#include <algorithm>
#include <charconv>

namespace chat::rest {

Result<Ulid> Call::id(std::string_view name) const {
  auto found = path.find(name);
  auto id = found == path.end() ? std::nullopt : Ulid::parse(found->second);
  if (!id) return bad_request(std::string(name) + " in the path must be a ULID of 26 characters");
  return *id;
}

Result<std::optional<std::int64_t>> Call::query_number(std::string_view name, std::int64_t least,
                                                       std::int64_t most) const {
  auto found = target.query.find(name);
  if (found == target.query.end()) return std::optional<std::int64_t>();
  const std::string& text = found->second;
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || text.front() == '-' || error != std::errc() || end != text.data() + text.size() ||
      value < least || value > most)
    return bad_request(std::string(name) + " must be a whole number from " + std::to_string(least) + " to " +
                       std::to_string(most));
  return std::optional<std::int64_t>(value);
}

std::optional<std::string> Call::query_text(std::string_view name) const {
  auto found = target.query.find(name);
  if (found == target.query.end()) return std::nullopt;
  return found->second;
}

std::string_view Call::header(std::string_view name) const {
  const auto found = request.find(boost::beast::string_view(name.data(), name.size()));
  if (found == request.end()) return {};
  return {found->value().data(), found->value().size()};
}

std::optional<std::string> Call::cookie(std::string_view name) const {
  std::string_view rest = header("Cookie");
  while (!rest.empty()) {
    const auto semicolon = rest.find(';');
    std::string_view pair = rest.substr(0, semicolon);
    rest = semicolon == std::string_view::npos ? std::string_view() : rest.substr(semicolon + 1);
    pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
      return std::string(pair.substr(name.size() + 1));
  }
  return std::nullopt;
}

}  // namespace chat::rest
