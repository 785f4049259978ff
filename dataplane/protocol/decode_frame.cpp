#include <algorithm>

#include "dataplane/base/text.hpp"
#include "dataplane/protocol/frames.hpp"

namespace chat::protocol {
namespace {

using base::Json;
using base::Result;
using domain::Errc;

constexpr int kMaxDepth = 16;
constexpr std::size_t kMaxClientMsgId = 128;
constexpr std::size_t kMaxDeviceId = 64;
constexpr std::size_t kMaxMentions = 100;
constexpr std::size_t kMaxSyncConversations = 10'000;
constexpr std::size_t kMaxFrameIdBytes = 1024;
constexpr std::size_t kMaxTokenBytes = 8192;

auto bad(std::string message) { return base::fail(Errc::bad_request, std::move(message)); }

// nullptr where the field is absent; an optional field may also be null.
const Json* field(const Json& object, const char* name) {
  auto it = object.find(name);
  return it == object.end() || it->is_null() ? nullptr : &*it;
}

Result<const std::string*> text_field(const Json& object, const char* name, std::size_t most) {
  const Json* value = field(object, name);
  if (value == nullptr || !value->is_string()) return bad(std::string(name) + " must be a string");
  const auto& text = value->get_ref<const std::string&>();
  if (text.empty()) return bad(std::string(name) + " must not be empty");
  if (base::has_nul(text)) return bad(std::string(name) + " must not contain NUL");
  const auto length = base::code_points(text);
  if (!length) return bad(std::string(name) + " must be valid UTF-8");
  if (most > 0 && *length > most) {
    return base::fail(Errc::too_large,
                      std::string(name) + " must have at most " + std::to_string(most) + " characters");
  }
  return &text;
}

// For names and keys, whose length is no matter of spec.limits.
Result<const std::string*> short_text_field(const Json& object, const char* name, std::size_t most) {
  auto text = text_field(object, name, most);
  if (!text && text.error().code == Errc::too_large) return bad(text.error().message);
  return text;
}

Result<Ulid> id_field(const Json& object, const char* name) {
  if (const Json* value = field(object, name); value != nullptr && value->is_string()) {
    if (auto id = Ulid::parse(value->get_ref<const std::string&>())) return *id;
  }
  return bad(std::string(name) + " must be an id of 26 characters");
}

Result<std::int64_t> number_field(const Json& object, const char* name) {
  if (const Json* value = field(object, name); value != nullptr) {
    if (auto number = base::whole_number(*value)) return *number;
  }
  return bad(std::string(name) + " must be a whole number from 0 to 9223372036854775807");
}

Result<std::vector<Ulid>> mentions_field(const Json& object) {
  std::vector<Ulid> mentions;
  const Json* list = field(object, "mentions");
  if (list == nullptr) return mentions;
  if (!list->is_array() || list->size() > kMaxMentions) {
    return bad("mentions must be a list of at most " + std::to_string(kMaxMentions) + " user ids");
  }
  for (const auto& item : *list) {
    auto id = item.is_string() ? Ulid::parse(item.get_ref<const std::string&>()) : std::nullopt;
    if (!id) return bad("mentions must hold ids of 26 characters");
    if (std::find(mentions.begin(), mentions.end(), *id) == mentions.end()) mentions.push_back(*id);
  }
  return mentions;
}

Result<ClientFrame> read_auth(const Json& object) {
  AuthFrame frame;
  auto token = short_text_field(object, "token", kMaxTokenBytes);
  if (!token) return base::fail(token.error());
  frame.token = **token;
  if (field(object, "device_id") != nullptr) {
    auto device = short_text_field(object, "device_id", kMaxDeviceId);
    if (!device) return base::fail(device.error());
    frame.device_id = **device;
  }
  return frame;
}

Result<ClientFrame> read_receipt(const Json& object) {
  ReceiptFrame frame;
  auto conversation = id_field(object, "conversation_id");
  if (!conversation) return base::fail(conversation.error());
  frame.conversation_id = *conversation;
  auto seq = number_field(object, "seq");
  if (!seq) return base::fail(seq.error());
  frame.seq = *seq;
  const Json* status = field(object, "status");
  auto kind = status != nullptr && status->is_string()
                  ? domain::parse_receipt_kind(status->get_ref<const std::string&>())
                  : std::nullopt;
  if (!kind) return bad("status must be \"delivered\" or \"read\"");
  frame.kind = *kind;
  if (field(object, "rev") != nullptr) {
    auto rev = number_field(object, "rev");
    if (!rev) return base::fail(rev.error());
    frame.rev = *rev;
  }
  return frame;
}

Result<ClientFrame> read_sync(const Json& object) {
  SyncFrame frame;
  const Json* conversations = field(object, "conversations");
  if (conversations == nullptr || !conversations->is_object() || conversations->size() > kMaxSyncConversations) {
    return bad("conversations must be an object of at most " + std::to_string(kMaxSyncConversations) +
               " ids with revs");
  }
  for (const auto& [key, value] : conversations->items()) {
    auto id = Ulid::parse(key);
    if (!id) return bad("conversations must have ids of 26 characters as keys");
    auto rev = base::whole_number(value);
    if (!rev) return bad("conversations must have whole numbers from 0 as values");
    frame.conversations.emplace(*id, *rev);
  }
  return frame;
}

Result<ClientFrame> read_frame(const Json& object, std::int64_t content_characters) {
  const Json* type = field(object, "type");
  if (type == nullptr || !type->is_string()) return bad("type must be a string");
  const auto& name = type->get_ref<const std::string&>();
  if (name == "msg.send") {
    auto draft = read_draft(object, content_characters);
    if (!draft) return base::fail(draft.error());
    return SendFrame{std::move(*draft)};
  }
  if (name == "ping") return PingFrame{};
  if (name == "receipt") return read_receipt(object);
  if (name == "sync") return read_sync(object);
  if (name == "auth") return read_auth(object);
  return bad("this type of frame is not known; known are auth, ping, msg.send, receipt and sync");
}

// Where the top-level member `id` of a valid document stands, as it was written: a number must come back digit by
// digit.
std::optional<std::string_view> raw_id(std::string_view json) {
  constexpr std::string_view kKey = "\"id\"";
  int depth = 0;
  for (std::size_t at = 0; at < json.size(); ++at) {
    const char c = json[at];
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (c != '"') continue;
    const auto begin = at;
    for (++at; json[at] != '"'; ++at) {
      if (json[at] == '\\') ++at;
    }
    if (depth != 1 || json.substr(begin, at + 1 - begin) != kKey) continue;
    const auto colon = json.find_first_not_of(" \t\r\n", at + 1);
    if (json[colon] != ':') continue;  // a value that reads "id"
    const auto value = json.find_first_not_of(" \t\r\n", colon + 1);
    return json.substr(value, json.find_first_of(" \t\r\n,}", value) - value);
  }
  return std::nullopt;
}

// Unset where there is no `id`; an error where it can not be repeated.
Result<std::optional<std::string>> read_id(const Json& object, std::string_view text) {
  auto it = object.find("id");
  if (it == object.end()) return std::nullopt;
  if (it->is_structured()) return bad("id must be a string, a number, true, false or null");
  auto id = it->dump();
  if (it->is_number()) {
    if (auto raw = raw_id(text)) id = *raw;
  }
  if (id.size() > kMaxFrameIdBytes) return bad("id must have at most " + std::to_string(kMaxFrameIdBytes) + " bytes");
  return std::optional<std::string>(std::move(id));
}

}  // namespace

Result<domain::Draft> read_draft(const Json& object, std::int64_t content_characters) {
  domain::Draft draft;
  auto conversation = id_field(object, "conversation_id");
  if (!conversation) return base::fail(conversation.error());
  draft.conversation_id = *conversation;
  auto key = short_text_field(object, "client_msg_id", kMaxClientMsgId);
  if (!key) return base::fail(key.error());
  draft.client_msg_id = **key;
  auto content = text_field(object, "content", static_cast<std::size_t>(content_characters));
  if (!content) return base::fail(content.error());
  draft.content = **content;
  if (const Json* type = field(object, "message_type"); type != nullptr) {
    auto known = type->is_string() ? domain::parse_message_type(type->get_ref<const std::string&>()) : std::nullopt;
    if (!known) return bad("message_type must be \"text\" or \"media\"");
    draft.type = *known;
  }
  if (field(object, "media_id") != nullptr) {
    auto media = id_field(object, "media_id");
    if (!media) return base::fail(media.error());
    draft.media_id = *media;
  }
  if (draft.type == domain::MessageType::media && !draft.media_id)
    return bad("media_id is needed where message_type is media");
  if (field(object, "reply_to_seq") != nullptr) {
    auto seq = number_field(object, "reply_to_seq");
    if (!seq) return base::fail(seq.error());
    if (*seq == 0) return bad("reply_to_seq must be the seq of a message: they count from 1");
    draft.reply_to_seq = *seq;
  }
  auto mentions = mentions_field(object);
  if (!mentions) return base::fail(mentions.error());
  draft.mentions = std::move(*mentions);
  return draft;
}

DecodedFrame decode_frame(std::string_view text, std::int64_t content_characters) {
  auto document = base::parse_json(text, kMaxDepth);
  if (!document) return {std::nullopt, bad(document.error().message)};
  if (!document->is_object()) return {std::nullopt, bad("a frame must be a JSON object")};
  auto id = read_id(*document, text);
  if (!id) return {std::nullopt, base::fail(id.error())};
  return {std::move(*id), read_frame(*document, content_characters)};
}

}  // namespace chat::protocol
