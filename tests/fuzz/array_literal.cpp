// An array literal reads back, by PostgreSQL's rules, as the values that were put in; reading uuid[] takes any bytes.
#include <optional>
#include <vector>

#include "dataplane/adapters/postgres_errors.hpp"
#include "dataplane/adapters/postgres_rows.hpp"
#include "dataplane/domain/bucket.hpp"
#include "dataplane/domain/errors.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using Values = std::vector<std::optional<std::string>>;

// The reader of the manual, section 8.15.6, for one dimension.
Values elements(std::string_view literal) {
  Values values;
  FUZZ_CHECK(literal.size() >= 2 && literal.front() == '{' && literal.back() == '}');
  literal = literal.substr(1, literal.size() - 2);
  std::size_t at = 0;
  while (at < literal.size()) {
    std::string text;
    const bool quoted = literal[at] == '"';
    if (quoted) ++at;
    while (at < literal.size() && literal[at] != (quoted ? '"' : ',')) {
      if (quoted && literal[at] == '\\') ++at;
      FUZZ_CHECK(at < literal.size());
      text += literal[at++];
    }
    if (quoted) FUZZ_CHECK(at < literal.size() && literal[at++] == '"');
    values.push_back(!quoted && text == "NULL" ? std::nullopt : std::optional(text));
    if (at < literal.size()) FUZZ_CHECK(literal[at++] == ',' && at < literal.size());
  }
  return values;
}

void check_writer(chat::fuzz::Input input) {
  chat::io::postgres::ArrayLiteral literal;
  Values values;
  while (!input.empty()) {
    const auto what = input.byte();
    if (what == 'n') {
      literal.add_null();
      values.emplace_back();
    } else if (what == 'i') {
      const std::int64_t number = static_cast<std::int64_t>(input.byte()) - 128;
      literal.add(number);
      values.emplace_back(std::to_string(number));
    } else {
      const auto text = input.line();
      literal.add(text);
      values.emplace_back(text);
    }
  }
  FUZZ_CHECK(elements(literal.take()) == values);
  FUZZ_CHECK(literal.take() == "{}");
}

void check_readers(std::string_view text) {
  const auto ids = chat::adapters::ulids(text);
  FUZZ_CHECK(ids.size() <= text.size());
  FUZZ_CHECK(chat::adapters::ulids(chat::adapters::array_of(ids)).size() == ids.size());
  const chat::base::Error error{chat::io::postgres::Errc::rejected, std::string(text)};
  if (const auto moved = chat::adapters::moved_in(error))
    FUZZ_CHECK(moved->low <= moved->high && moved->high < chat::domain::kBuckets);
  static_cast<void>(chat::adapters::translate(error));
  static_cast<void>(chat::adapters::passing(error));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const chat::fuzz::Input input(data, size);
  check_writer(input);
  check_readers(input.rest());
  return 0;
}
