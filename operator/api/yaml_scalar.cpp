#include "operator/api/yaml_scalar.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <regex>
#include <string>

namespace chatop::api {
namespace {

// What YAML 1.1 takes for true and false, and for numbers that are none.
constexpr std::array<std::string_view, 31> kWords{"y",    "Y",    "yes",  "Yes",   "YES",   "on",    "On",   "ON",
                                                  "true", "True", "TRUE", "n",     "N",     "no",    "No",   "NO",
                                                  "off",  "Off",  "OFF",  "false", "False", "FALSE", ".inf", ".Inf",
                                                  ".INF", ".nan", ".NaN", ".NAN",  "-.inf", "-.Inf", "-.INF"};

// Its numbers: 0x1F, 0b11, 0o17, 1_000, +1, .5, 1e3.
bool is_number(std::string_view text) {
  static const std::regex pattern(
      "[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|[0-9]+([.][0-9]*)?([eE][-+]?[0-9]+)?|[.][0-9]+([eE][-+]?[0-9]+)?"
      ")");
  constexpr std::size_t kLongest = 64;
  if (text.empty() || text.size() > kLongest || text.front() == '_') return false;
  std::string digits(text);
  std::erase(digits, '_');
  return std::regex_match(digits, pattern);
}

}  // namespace

bool plain_boolean(const YamlValue& value) { return !value.quoted && (value.text == "true" || value.text == "false"); }

std::optional<std::int64_t> plain_integer(const YamlValue& value) {
  const std::string& text = value.text;
  const std::size_t sign = text.starts_with('-') ? 1 : 0;
  if (value.quoted || text.size() == sign || (text[sign] == '0' && text.size() > sign + 1)) return std::nullopt;
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool reads_as_other_than_text(const YamlValue& value) {
  if (value.quoted) return false;
  return std::find(kWords.begin(), kWords.end(), value.text) != kWords.end() || is_number(value.text);
}

}  // namespace chatop::api
