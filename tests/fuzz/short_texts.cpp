// Ids, cursors, addresses, quantities: each of their readers gets the same bytes, and takes only what it writes itself.
#include "dataplane/base/clock.hpp"
#include "dataplane/base/config.hpp"
#include "dataplane/base/digest.hpp"
#include "dataplane/base/json.hpp"
#include "dataplane/base/log.hpp"
#include "dataplane/base/rfc3339.hpp"
#include "dataplane/base/text.hpp"
#include "dataplane/base/ulid.hpp"
#include "dataplane/ports/bus.hpp"
#include "dataplane/services/conversations.hpp"
#include "dataplane/services/refresh_token.hpp"
#include "operator/api/quantity.hpp"
#include "operator/api/text_rules.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using chat::base::Ulid;

void check_ids(std::string_view text) {
  if (auto id = Ulid::parse(text)) {
    std::string upper(text);
    for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    FUZZ_CHECK(id->text() == upper && Ulid::parse_uuid(id->uuid_text()) == id && id->milliseconds() >= 0);
  }
  if (auto id = Ulid::parse_uuid(text)) FUZZ_CHECK(Ulid::parse(id->text()) == id);
}

// nlohmann refuses to print what is not UTF-8: a second opinion.
void check_utf8(std::string_view text) {
  bool printable = true;
  try {
    static_cast<void>(chat::base::Json(text).dump());
  } catch (const chat::base::Json::exception&) {
    printable = false;
  }
  const auto count = chat::base::code_points(text);
  FUZZ_CHECK(count.has_value() == printable);
  const auto leads = std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
  if (count) FUZZ_CHECK(*count == static_cast<std::size_t>(leads));
  if (chatop::api::any_text(text)) FUZZ_CHECK(printable && !chat::base::has_nul(text));
}

void check_encodings(std::string_view text) {
  if (auto bytes = chat::base::parse_base64url(text)) FUZZ_CHECK(chat::base::base64url(*bytes) == text);
  FUZZ_CHECK(chat::base::parse_base64url(chat::base::base64url(text)) == text);
  if (auto place = chat::services::parse_cursor(text)) {
    FUZZ_CHECK(place->last_activity_at >= 0);
    const auto again = chat::services::parse_cursor(chat::services::to_cursor(*place));
    FUZZ_CHECK(again && again->last_activity_at == place->last_activity_at &&
               again->conversation_id == place->conversation_id);
  }
}

void check_addresses(const std::string& text) {
  auto address = chat::base::parse_host_port(text);
  if (!address) {
    FUZZ_CHECK(!address.error().message.empty());
    return;
  }
  FUZZ_CHECK(!address->host.empty() && address->host.find_first_of(" \n[]@/") == std::string::npos);
  FUZZ_CHECK(!chat::base::has_nul(address->host));
}

// Ids are read in both cases, and written in one.
void check_names(std::string_view text) {
  using namespace chat;
  if (auto token = services::parse_refresh_token(text)) {
    FUZZ_CHECK(token->secret.size() == services::kRefreshSecretBytes);
    const auto again = services::parse_refresh_token(services::text_of(*token));
    FUZZ_CHECK(again && again->user_id == token->user_id && again->session_id == token->session_id &&
               again->secret == token->secret);
  }
  if (auto channel = ports::parse_channel(text)) {
    const auto id = channel->id.text();
    const auto again =
        ports::parse_channel(channel->of_user ? ports::user_channel(id) : ports::conversation_channel(id));
    FUZZ_CHECK(again && again->of_user == channel->of_user && again->id == channel->id);
  }
  const auto shortened = base::cut(text, 20);
  FUZZ_CHECK(shortened.size() <= 20 && text.starts_with(shortened));
  if (base::code_points(text)) FUZZ_CHECK(base::code_points(shortened));
}

void check_trace(std::string_view text) {
  const auto id = chat::base::trace_id_of(text);
  FUZZ_CHECK(id.size() == 32 && id.find_first_not_of("0123456789abcdef") == std::string::npos);
  FUZZ_CHECK(id.find_first_not_of('0') != std::string::npos);
}

void check_quantity(std::string_view text) {
  if (auto quantity = chatop::api::parse_quantity(text)) {
    FUZZ_CHECK(quantity->bytes >= 0);
    FUZZ_CHECK(chatop::api::parse_quantity(chatop::api::text(*quantity)) == *quantity);
  }
  if (auto moment = chat::base::parse_rfc3339(text); moment && *moment >= 0)
    FUZZ_CHECK(chat::base::parse_rfc3339(chat::base::rfc3339(*moment)) == moment);
}

void check_rules(std::string_view text) {
  using namespace chatop::api;
  constexpr bool (*kRules[])(std::string_view) = {is_resource_name, is_secret_name, is_gateway_url,
                                                  is_web_url,       is_origin,      is_address_range,
                                                  is_tls_version,   is_username,    is_bootstrap_servers};
  for (auto rule : kRules)
    if (rule(text)) FUZZ_CHECK(any_text(text));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = chat::fuzz::Input(data, size).rest();
  check_ids(text);
  check_utf8(text);
  check_encodings(text);
  check_addresses(std::string(text));
  check_names(text);
  check_trace(text);
  check_quantity(text);
  check_rules(text);
  return 0;
}
