#include "operator/api/yaml_scalar.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace chatop::api {
namespace {

constexpr std::array<std::string_view, 8> kBooleanWords{"yes", "no", "on", "off", "Yes", "No", "On", "Off"};

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
  if (plain_boolean(value) || std::count(kBooleanWords.begin(), kBooleanWords.end(), value.text) > 0) return true;
  const std::string& text = value.text;
  if (text.find_first_of("0123456789") == std::string::npos) return false;  // from_chars() also takes inf and nan
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace chatop::api
