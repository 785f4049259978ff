#include "dataplane/adapters/postgres_errors.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <string_view>

#include "dataplane/domain/bucket.hpp"
#include "dataplane/domain/errors.hpp"
#include "dataplane/io/postgres/connection.hpp"

namespace chat::adapters {
namespace {

// What follows `mark` in the message, without the SQLSTATE that io/postgres may add.
std::optional<std::string_view> after(const base::Error& error, std::string_view mark) {
  if (error.code != io::postgres::Errc::rejected) return std::nullopt;
  std::string_view text = error.message;
  const auto at = text.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + mark.size());
  if (const auto state = text.find(" (SQLSTATE "); state != std::string_view::npos) text = text.substr(0, state);
  return text;
}

// Takes the part up to the next colon; nullopt where it is no number.
std::optional<std::int64_t> take_number(std::string_view& text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::int64_t value = 0;
  const auto* end = text.data() + colon;
  const auto [stop, bad] = std::from_chars(text.data(), end, value);
  if (bad != std::errc() || stop != end) return std::nullopt;
  text.remove_prefix(colon + 1);
  return value;
}

// Its SQLSTATE, as io/postgres has it in the message: at the start of it ("ERROR:  53100: …") or behind it.
bool names_one_of(const base::Error& error, std::span<const std::string_view> states) {
  if (error.code != io::postgres::Errc::rejected) return false;
  return std::any_of(states.begin(), states.end(),
                     [&](auto state) { return error.message.find(state) != std::string::npos; });
}

}  // namespace

std::optional<Moved> moved_in(const base::Error& error) {
  auto text = after(error, "chat-moved:");
  if (!text) return std::nullopt;
  const auto epoch = take_number(*text);
  const auto low = take_number(*text);
  const auto high = take_number(*text);
  if (!epoch || !low || !high || *low < 0 || *high >= domain::kBuckets || *low > *high) return std::nullopt;
  return Moved{std::string(*text), *epoch, static_cast<std::uint16_t>(*low), static_cast<std::uint16_t>(*high)};
}

base::Error translate(base::Error error) {
  const auto text = after(error, "chat-refused:");
  if (!text) return error;
  const auto colon = std::min(text->find(':'), text->size());
  const auto code = text->substr(0, colon);
  for (auto candidate : {domain::Errc::bad_request, domain::Errc::forbidden, domain::Errc::not_found,
                         domain::Errc::conflict, domain::Errc::too_large, domain::Errc::blocked}) {
    if (domain::name(candidate) == code)
      return {candidate, std::string(text->substr(std::min(colon + 1, text->size())))};
  }
  return error;
}

bool passing(const base::Error& error) {
  static constexpr std::array<std::string_view, 7> kStates = {"40P01", "40001", "57P01", "57P02",
                                                              "57P03", "55P03", "53300"};
  return names_one_of(error, kStates) || no_room(error);
}

bool no_room(const base::Error& error) {
  // insufficient_resources, disk_full, out_of_memory, configuration_limit_exceeded, io_error
  static constexpr std::array<std::string_view, 5> kStates = {"53000", "53100", "53200", "53400", "58030"};
  return names_one_of(error, kStates);
}

}  // namespace chat::adapters
