#include "operator/api/text_rules.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <regex>
#include <string>

#include "dataplane/base/text.hpp"
#include "operator/api/text_forms.hpp"

namespace chatop::api {
namespace {

constexpr std::size_t kLongestText = 4096;
constexpr std::size_t kLongestLabel = 63;
constexpr std::size_t kLongestWord = 200;
constexpr std::size_t kLongestTime = 64;

bool lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_label(std::string_view text, std::size_t most) {
  if (text.empty() || text.size() > most || text.front() == '-' || text.back() == '-') return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return lower_or_digit(c) || c == '-'; });
}

bool letter_or_digit(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

bool is_label_text(std::string_view text) {
  if (text.empty() || text.size() > kLongestLabel) return false;
  if (!letter_or_digit(text.front()) || !letter_or_digit(text.back())) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return letter_or_digit(c) || c == '.' || c == '_' || c == '-'; });
}

bool in_range(std::string_view digits, int most) {
  int value = -1;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc() && end == digits.data() + digits.size() && value >= 0 && value <= most;
}

bool is_host_port(std::string_view text, bool port_required) {
  std::string_view host = text;
  auto colon = text.rfind(':');
  if (colon != std::string_view::npos && text.find(']', colon) == std::string_view::npos) {
    host = text.substr(0, colon);
    if (!in_range(text.substr(colon + 1), 65535)) return false;
  } else if (port_required) {
    return false;
  }
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    return std::all_of(host.begin(), host.end(),
                       [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) || c == ':' || c == '.'; });
  }
  return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_';
  });
}

// What follows one of `schemes`, or nullopt.
template <std::size_t N>
std::optional<std::string_view> after_scheme(std::string_view text, const std::array<std::string_view, N>& schemes) {
  for (auto scheme : schemes)
    if (text.starts_with(scheme)) return text.substr(scheme.size());
  return std::nullopt;
}

bool is_url_rest(std::string_view rest) {
  if (rest.find_first_of(" \t\"<>\\^`|") != std::string_view::npos) return false;
  return is_host_port(rest.substr(0, rest.find_first_of("/?#")), false);
}

}  // namespace

bool any_text(std::string_view text) {
  if (text.size() > kLongestText || !chat::base::code_points(text)) return false;
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

bool is_child_name(std::string_view text) { return is_label(text, kLongestLabel); }

bool is_resource_name(std::string_view text) { return is_label(text, kLongestName); }

bool is_secret_name(std::string_view text) {
  if (text.size() > 253) return false;
  while (true) {
    auto dot = text.find('.');
    if (!is_label(text.substr(0, dot), kLongestLabel)) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_label_value(std::string_view text) { return text.empty() || is_label_text(text); }

bool is_metadata_key(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return is_label_text(text);
  return is_secret_name(text.substr(0, slash)) && is_label_text(text.substr(slash + 1));
}

bool is_gateway_url(std::string_view text) {
  constexpr std::string_view kName = "{gateway}";
  auto rest = after_scheme(text, std::array<std::string_view, 2>{"wss://", "ws://"});
  if (!any_text(text) || !rest) return false;
  std::string named(*rest);
  if (auto at = named.find(kName); at != std::string::npos) named.replace(at, kName.size(), "gateway-0");
  return named.find_first_of("{}") == std::string::npos && is_url_rest(named);
}

bool is_web_url(std::string_view text) {
  auto rest = after_scheme(text, std::array<std::string_view, 2>{"https://", "http://"});
  return any_text(text) && rest && is_url_rest(*rest);
}

bool is_origin(std::string_view text) {
  auto rest = after_scheme(text, std::array<std::string_view, 2>{"https://", "http://"});
  return any_text(text) && rest && is_host_port(*rest, false);
}

bool is_address_range(std::string_view text) {
  if (chat::base::has_nul(text)) return false;  // inet_pton() would read up to it
  auto slash = text.find('/');
  const std::string address(text.substr(0, slash));
  std::array<unsigned char, 16> bytes{};
  int bits = 0;
  if (inet_pton(AF_INET, address.c_str(), bytes.data()) == 1) bits = 32;
  if (inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) bits = 128;
  if (bits == 0) return false;
  // An IPv4 address inside an IPv6 one would be written in two ways: the API server takes the plain one only.
  constexpr std::array<unsigned char, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (bits == 128 && std::equal(kMapped.begin(), kMapped.end(), bytes.begin())) return false;
  if (slash == std::string_view::npos) return true;
  const auto length = text.substr(slash + 1);
  return in_range(length, bits) && (length.size() == 1 || length.front() != '0');
}

bool is_tls_version(std::string_view text) { return text == "1.2" || text == "1.3"; }

bool is_username(std::string_view text) {
  return text.size() >= 3 && text.size() <= 50 && std::all_of(text.begin(), text.end(), [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
         });
}

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= kLongestWord && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  });
}

bool is_time(std::string_view text) {
  static const std::regex pattern{std::string(kTimePattern)};
  return text.size() <= kLongestTime && std::regex_match(text.begin(), text.end(), pattern);
}

bool is_decision(std::string_view text) { return text == "Keep" || text == "Back"; }

bool is_bootstrap_servers(std::string_view text) {
  if (!any_text(text)) return false;
  while (true) {
    auto comma = text.find(',');
    if (!is_host_port(text.substr(0, comma), true)) return false;
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace chatop::api
