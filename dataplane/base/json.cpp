#include "dataplane/base/json.hpp"

#include <limits>

#include "dataplane/base/json_builder.hpp"
#include "dataplane/base/long_json.hpp"
#include "dataplane/base/text.hpp"

namespace chat::base {
namespace {

class JsonCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "json"; }
  [[nodiscard]] std::string message(int code) const override {
    return code == static_cast<int>(JsonErrc::too_deep) ? "nested too deeply" : "malformed JSON";
  }
};

}  // namespace

std::error_code make_error_code(JsonErrc code) {
  static const JsonCategory category;
  return {static_cast<int>(code), category};
}

Result<Json> parse_json(std::string_view text, int max_depth) {
  // nlohmann takes a NUL byte for the end of the text, and would not look at what follows.
  if (has_nul(text)) return fail(JsonErrc::malformed, "a NUL byte is not valid JSON");
  if (text.size() >= kLongJson) {
    if (auto read = parse_long_json(text, max_depth)) return std::move(*read);
  }
  JsonBuilder builder(max_depth);
  try {
    if (Json::sax_parse(text.begin(), text.end(), &builder)) return std::move(builder.root);
  } catch (const Json::exception&) {
    return fail(JsonErrc::malformed, "not valid JSON");
  }
  return fail(std::move(builder).error());
}

std::optional<std::int64_t> whole_number(const Json& value) {
  if (!value.is_number_integer()) return std::nullopt;
  if (value.is_number_unsigned()) {
    auto number = value.get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  auto number = value.get<std::int64_t>();
  if (number < 0) return std::nullopt;
  return number;
}

}  // namespace chat::base
