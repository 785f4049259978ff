// The strict reader takes exactly what nlohmann takes, less what it promises to refuse.
#include "dataplane/base/json.hpp"

#include "dataplane/base/long_json.hpp"
#include "dataplane/base/text.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using chat::base::Json;

constexpr int kDepth = 8;

int depth(const Json& value) {
  int deepest = 0;
  if (value.is_structured())
    for (const auto& item : value) deepest = std::max(deepest, depth(item));
  return deepest + (value.is_structured() ? 1 : 0);
}

void check_numbers(const Json& value) {
  if (value.is_structured())
    for (const auto& item : value) check_numbers(item);
  const auto number = chat::base::whole_number(value);
  if (number) FUZZ_CHECK(*number >= 0 && value.is_number_integer() && Json(*number) == value);
  if (value.is_number_unsigned() && !number) FUZZ_CHECK(value.get<std::uint64_t>() > INT64_MAX);
  if (value.is_number_float()) FUZZ_CHECK(std::isfinite(value.get<double>()));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = chat::fuzz::Input(data, size).rest();
  const auto read = chat::base::parse_json(text, kDepth);
  const Json theirs = Json::parse(text.begin(), text.end(), nullptr, false);
  if (const auto as_long = chat::base::parse_long_json(text, kDepth)) FUZZ_CHECK(read && *as_long == *read);
  if (!read) {
    FUZZ_CHECK(!read.error().message.empty());
    const bool twice = read.error().message.find("is there twice") != std::string::npos;
    const bool too_deep = read.error().code == chat::base::JsonErrc::too_deep;
    FUZZ_CHECK(theirs.is_discarded() || twice || too_deep || chat::base::has_nul(text));
    return 0;
  }
  FUZZ_CHECK(!theirs.is_discarded() && *read == theirs);
  FUZZ_CHECK(depth(*read) <= kDepth);
  check_numbers(*read);
  FUZZ_CHECK(chat::base::code_points(text) && !chat::base::has_nul(text));
  const auto again = chat::base::parse_json(read->dump(), kDepth);
  FUZZ_CHECK(again && *again == *read);
  return 0;
}
