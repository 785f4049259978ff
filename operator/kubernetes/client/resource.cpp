#include "operator/kubernetes/client/resource.hpp"

namespace chatop::kubernetes {
namespace {

std::string escaped(std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  static constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
  if (text == "." || text == "..") return text.size() == 1 ? "%2E" : "%2E%2E";
  std::string result;
  for (char letter : text) {
    if (kPlain.find(letter) != std::string_view::npos) {
      result += letter;
    } else {
      auto byte = static_cast<unsigned char>(letter);
      result += '%';
      result += kDigits[byte >> 4U];
      result += kDigits[byte & 15U];
    }
  }
  return result;
}

}  // namespace

std::string path_of(const Kind& kind, std::string_view name_space, std::string_view name,
                    std::string_view subresource) {
  std::string path = kind.group.empty() ? "/api/" : "/apis/" + escaped(kind.group) + "/";
  path += escaped(kind.version);
  if (kind.namespaced && !name_space.empty()) path += "/namespaces/" + escaped(name_space);
  path += "/" + escaped(kind.plural);
  if (!name.empty()) path += "/" + escaped(name);
  if (!subresource.empty()) path += "/" + escaped(subresource);
  return path;
}

std::string with_parameters(std::string path, const Parameters& parameters) {
  char before = '?';
  for (const auto& [key, value] : parameters) {
    if (value.empty()) continue;
    path += before + escaped(key) + "=" + escaped(value);
    before = '&';
  }
  return path;
}

std::string label_selector(const std::map<std::string, std::string>& labels) {
  std::string result;
  for (const auto& [key, value] : labels) result += (result.empty() ? "" : ",") + key + "=" + value;
  return result;
}

}  // namespace chatop::kubernetes
