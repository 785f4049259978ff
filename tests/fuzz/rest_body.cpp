// The fields of a body are what the JSON says, or a sentence that names the field.
#include <boost/beast/http/field.hpp>

#include "dataplane/base/text.hpp"
#include "dataplane/protocol/frames.hpp"
#include "dataplane/rest/body.hpp"
#include "dataplane/rest/fields.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using namespace chat::rest;

void check_text(const Json& body, const char* key) {
  Fields fields(body);
  const auto text = fields.text(key);
  const bool there = body.contains(key) && body[key].is_string();
  FUZZ_CHECK(fields.status().has_value() == there);
  if (there) FUZZ_CHECK(body[key] == text);
  if (!there) FUZZ_CHECK(fields.status().error().message.starts_with(key));
}

void check_optional(const Json& body, const char* key) {
  Fields fields(body);
  const auto text = fields.optional_text(key);
  const bool none = !body.contains(key) || body[key].is_null();
  FUZZ_CHECK(fields.status().has_value() == (none || body[key].is_string()));
  if (text) FUZZ_CHECK(body[key] == *text);
  if (none) FUZZ_CHECK(!text);
}

void check_ids(const Json& body, const char* key) {
  Fields fields(body);
  const auto ids = fields.ids(key);
  if (fields.status())
    FUZZ_CHECK(body[key].is_array() && body[key].size() == ids.size());
  else
    FUZZ_CHECK(fields.status().error().message.starts_with(key));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chat::io::http::Request request(chat::io::http::verb::post, "/v1/messages", 11);
  request.set(chat::io::http::field::content_type, "application/json");
  request.body() = std::string(chat::fuzz::Input(data, size).rest());
  const Call call(request);
  const auto body = read_body(call);
  if (!body) {
    FUZZ_CHECK(body.error().code == chat::domain::Errc::bad_request);
    return 0;
  }
  check_text(*body, "username");
  check_text(*body, "role");
  check_optional(*body, "display_name");
  check_ids(*body, "member_ids");
  const auto draft = chat::protocol::read_draft(*body, 100);
  if (draft) {
    const auto length = chat::base::code_points(draft->content);
    FUZZ_CHECK(length && *length >= 1 && *length <= 100 && !chat::base::has_nul(draft->content));
    FUZZ_CHECK((*body)["content"] == draft->content && (*body)["client_msg_id"] == draft->client_msg_id);
  }
  FUZZ_CHECK(chat::base::parse_json(dump(*body)).value() == *body);
  return 0;
}
