// What travels between the daemons: it is refused, or a value that is written and read back the same.
#include "dataplane/base/json.hpp"
#include "dataplane/base/text.hpp"
#include "dataplane/protocol/convert.hpp"
#include "dataplane/protocol/frames.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using namespace chat::protocol;
namespace pb = chat::pb;

template <class Pb, class Value>
Pb written(const Value& value) {
  Pb out;
  to_pb(value, out);
  return out;
}

// Unset and empty are the same; so are fields of a newer version: what was read is what counts.
template <class Pb>
void check(const Pb& in) {
  const auto value = from_pb(in);
  if (!value) {
    FUZZ_CHECK(!value.error().message.empty());
    return;
  }
  const Pb once = written<Pb>(*value);
  const auto again = from_pb(once);
  FUZZ_CHECK(again);
  FUZZ_CHECK(written<Pb>(*again).SerializeAsString() == once.SerializeAsString());
}

void check(const pb::Error& error) {
  const auto frame = chat::base::parse_json(error_frame(from_pb(error), std::nullopt));
  FUZZ_CHECK(frame && (*frame)["code"].is_string());
}

void check_frames(const pb::Message& in) {
  const auto message = from_pb(in);
  if (!message) return;
  const auto frame = chat::base::parse_json(message_frame(*message));
  FUZZ_CHECK(frame && (*frame)["seq"] == message->seq);
  if (!message->deleted) FUZZ_CHECK((*frame)["content"] == message->content);
}

void check_request(std::string_view bytes) {
  pb::Request request;
  if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  if (request.has_send()) check(request.send());
  if (request.has_announce()) check(request.announce().head());
  for (const auto& point : request.sync_points().named())
    if (auto id = id_of(point.conversation_id())) FUZZ_CHECK(id_bytes(*id) == point.conversation_id());
}

void check_reply(std::string_view bytes) {
  pb::Reply reply;
  if (!reply.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  if (reply.has_error()) check(reply.error());
  for (const auto& head : reply.heads().heads()) check(head);
  for (const auto& message : reply.changes().items()) {
    check(message);
    check_frames(message);
  }
}

void check_event(std::string_view bytes) {
  pb::BusEvent event;
  if (!event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  check(event.head());
  FUZZ_CHECK(chat::base::code_points(event.frame()));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chat::fuzz::Input input(data, size);
  switch (input.byte() % 3) {
    case 0:
      check_request(input.rest());
      break;
    case 1:
      check_reply(input.rest());
      break;
    default:
      check_event(input.rest());
  }
  return 0;
}
