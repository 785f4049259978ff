#include "dataplane/rest/body.hpp"

namespace chat::rest {
namespace {

class BodyCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "body"; }
  [[nodiscard]] std::string message(int) const override { return "not JSON by its Content-Type"; }
};

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

bool is_json(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  return lower(type) == "application/json";
}

}  // namespace

std::error_code make_error_code(BodyErrc code) {
  static const BodyCategory category;
  return {static_cast<int>(code), category};
}

Result<Json> read_body(const Call& call) {
  if (!is_json(call.header("Content-Type")))
    return base::fail(BodyErrc::not_json, "the body must have the Content-Type application/json");
  auto json = base::parse_json(call.request.body());
  if (!json) return bad_request("the body can not be read: " + json.error().message);
  if (!json->is_object()) return bad_request("the body must be a JSON object");
  return std::move(*json);
}

std::optional<std::string_view> bearer_token(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() <= kScheme.size() || lower(authorization.substr(0, kScheme.size())) != kScheme)
    return std::nullopt;
  return authorization.substr(kScheme.size());
}

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace chat::rest
