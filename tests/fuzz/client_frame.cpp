// A frame of a client is a frame within its bounds or an error that can be answered, whatever its bytes are.
#include "dataplane/base/text.hpp"
#include "dataplane/protocol/frames.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using chat::base::Json;
using namespace chat::protocol;

constexpr std::int64_t kCharacters = 100;

void check_text(const std::string& text, std::size_t most) {
  const auto length = chat::base::code_points(text);
  FUZZ_CHECK(length && *length > 0 && *length <= most);
  FUZZ_CHECK(!chat::base::has_nul(text));
}

// As a client would write it.
struct Writer {
  Json operator()(const AuthFrame& frame) const {
    check_text(frame.token, 8192);
    Json json{{"type", "auth"}, {"token", frame.token}};
    if (frame.device_id) {
      check_text(*frame.device_id, 64);
      json["device_id"] = *frame.device_id;
    }
    return json;
  }
  Json operator()(const PingFrame&) const { return {{"type", "ping"}}; }
  Json operator()(const SendFrame& frame) const {
    const auto& draft = frame.draft;
    check_text(draft.content, kCharacters);
    check_text(draft.client_msg_id, 128);
    FUZZ_CHECK(draft.mentions.size() <= 100);
    Json json{{"type", "msg.send"},
              {"conversation_id", draft.conversation_id.text()},
              {"client_msg_id", draft.client_msg_id},
              {"content", draft.content},
              {"message_type", chat::domain::name(draft.type)},
              {"mentions", Json::array()}};
    if (draft.media_id) json["media_id"] = draft.media_id->text();
    if (draft.reply_to_seq) json["reply_to_seq"] = *draft.reply_to_seq;
    for (const auto& user : draft.mentions) json["mentions"].push_back(user.text());
    return json;
  }
  Json operator()(const ReceiptFrame& frame) const {
    FUZZ_CHECK(frame.seq >= 0 && frame.rev.value_or(0) >= 0);
    Json json{{"type", "receipt"},
              {"conversation_id", frame.conversation_id.text()},
              {"seq", frame.seq},
              {"status", chat::domain::name(frame.kind)}};
    if (frame.rev) json["rev"] = *frame.rev;
    return json;
  }
  Json operator()(const SyncFrame& frame) const {
    Json json{{"type", "sync"}, {"conversations", Json::object()}};
    for (const auto& [id, rev] : frame.conversations) {
      FUZZ_CHECK(rev >= 0);
      json["conversations"][id.text()] = rev;
    }
    return json;
  }
};

Json parsed(const std::string& frame) {
  auto json = chat::base::parse_json(frame);
  FUZZ_CHECK(json && json->is_object());
  return std::move(*json);
}

// What is answered is JSON, and carries the id as the client wrote it.
void check_answer(const std::string& frame, const std::optional<std::string>& id) {
  const Json json = parsed(frame);
  FUZZ_CHECK(json.contains("id") == id.has_value());
  if (!id) return;
  FUZZ_CHECK(id->size() <= 1024);
  FUZZ_CHECK(frame.find("\"id\":" + *id) != std::string::npos);
  FUZZ_CHECK(!json["id"].is_structured());
}

void check_stored(const SendFrame& frame) {
  chat::domain::Message message;
  message.client_msg_id = frame.draft.client_msg_id;
  message.content = frame.draft.content;
  const Json json = parsed(message_frame(message));
  FUZZ_CHECK(json["content"] == frame.draft.content && json["client_msg_id"] == frame.draft.client_msg_id);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = chat::fuzz::Input(data, size).rest();
  const auto decoded = decode_frame(text, kCharacters);
  check_answer(pong_frame(decoded.id), decoded.id);
  if (!decoded.frame) {
    const auto& error = decoded.frame.error();
    FUZZ_CHECK(!error.message.empty());
    const auto code = chat::domain::errc_for_client(error);
    FUZZ_CHECK(code == chat::domain::Errc::bad_request || code == chat::domain::Errc::too_large);
    check_answer(error_frame(error, decoded.id), decoded.id);
    return 0;
  }
  FUZZ_CHECK(!chat::base::has_nul(text) && chat::base::code_points(text));
  const Json written = std::visit(Writer(), *decoded.frame);
  const auto again = decode_frame(written.dump(), kCharacters);
  FUZZ_CHECK(again.frame && !again.id);
  FUZZ_CHECK(std::visit(Writer(), *again.frame) == written);
  if (const auto* send = std::get_if<SendFrame>(&*decoded.frame)) check_stored(*send);
  return 0;
}
