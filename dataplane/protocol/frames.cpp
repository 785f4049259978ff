#include "dataplane/protocol/frames.hpp"

#include "dataplane/base/clock.hpp"
#include "dataplane/protocol/json_writer.hpp"

namespace chat::protocol {
namespace {

using base::Json;

// Room for a frame's keys, ids and times, so that the text is allocated once.
constexpr std::size_t kFrameOverhead = 384;

// The fields of a message, once for both forms. What may not be seen keeps its place in the order and nothing else:
// ids and times that are not set are left out.
template <class Add>
void each_field(const domain::Message& message, const Add& add) {
  add("conversation_id", message.conversation_id);
  if (!message.message_id.is_zero()) add("message_id", message.message_id);
  add("seq", message.seq);
  add("rev", message.rev);
  if (!message.sender_id.is_zero()) add("sender_id", message.sender_id);
  if (!message.client_msg_id.empty()) add("client_msg_id", std::string_view(message.client_msg_id));
  if (!message.deleted) {
    add("content", std::string_view(message.content));
    add("message_type", domain::name(message.type));
    if (message.media_id) add("media_id", *message.media_id);
    if (message.reply_to_seq) add("reply_to_seq", *message.reply_to_seq);
    if (!message.mentions.empty()) add("mentions", message.mentions);
  }
  if (message.created_at > 0) add("created_at", std::string_view(base::rfc3339(message.created_at)));
  if (message.edited_at) add("edited_at", std::string_view(base::rfc3339(*message.edited_at)));
  if (message.deleted) add("deleted", true);
}

template <class Add>
void each_field(const domain::Ack& ack, const Add& add) {
  add("client_msg_id", std::string_view(ack.client_msg_id));
  add("conversation_id", ack.conversation_id);
  add("message_id", ack.message_id);
  add("seq", ack.seq);
  add("rev", ack.rev);
  add("server_timestamp", std::string_view(base::rfc3339(ack.server_timestamp)));
  add("status", std::string_view("sent"));
  if (ack.duplicate) add("duplicate", true);
}

Json json_value(const Ulid& id) { return id.text(); }
Json json_value(std::string_view text) { return Json(text); }
Json json_value(std::int64_t number) { return Json(number); }
Json json_value(bool flag) { return Json(flag); }
Json json_value(const std::vector<Ulid>& ids) {
  Json list = Json::array();
  for (const auto& id : ids) list.push_back(id.text());
  return list;
}

template <class Value>
Json as_json(const Value& value) {
  Json object = Json::object();
  each_field(value, [&](const char* key, const auto& field) { object[key] = json_value(field); });
  return object;
}

std::string typed_message(std::string_view type, const domain::Message& message) {
  JsonWriter writer(message.content.size() + message.client_msg_id.size() + message.mentions.size() * 30 +
                    kFrameOverhead);
  writer.add("type", type);
  each_field(message, [&](std::string_view key, const auto& field) { writer.add(key, field); });
  return std::move(writer).take();
}

JsonWriter answer(std::string_view type, const std::optional<std::string>& id) {
  JsonWriter writer(kFrameOverhead);
  writer.add("type", type);
  if (id) writer.add_raw("id", *id);
  return writer;
}

}  // namespace

Json to_json(const domain::Message& message) { return as_json(message); }
Json to_json(const domain::Ack& ack) { return as_json(ack); }

std::string message_frame(const domain::Message& message) { return typed_message("message", message); }
std::string message_updated_frame(const domain::Message& message) { return typed_message("message.updated", message); }

std::string ack_frame(const domain::Ack& ack, const std::optional<std::string>& id) {
  auto writer = answer("ack", id);
  each_field(ack, [&](std::string_view key, const auto& field) { writer.add(key, field); });
  return std::move(writer).take();
}

std::string receipt_frame(const domain::Receipt& receipt) {
  auto writer = answer("receipt", std::nullopt);
  writer.add("conversation_id", receipt.conversation_id);
  writer.add("user_id", receipt.user_id);
  writer.add("seq", receipt.seq);
  writer.add("status", domain::name(receipt.kind));
  writer.add("at", std::string_view(base::rfc3339(receipt.at)));
  return std::move(writer).take();
}

std::string pong_frame(const std::optional<std::string>& id) { return answer("pong", id).take(); }

std::string ready_frame(Ulid user, std::string_view device_id, std::string_view gateway, int heartbeat_seconds,
                        std::int64_t server_time, const std::optional<std::string>& id) {
  auto writer = answer("ready", id);
  writer.add("user_id", user);
  writer.add("device_id", device_id);
  writer.add("gateway", gateway);
  writer.add("heartbeat_seconds", std::int64_t{heartbeat_seconds});
  writer.add("server_time", std::string_view(base::rfc3339(server_time)));
  return std::move(writer).take();
}

std::string sync_done_frame(const std::map<Ulid, std::int64_t>& conversations, const std::optional<std::string>& id) {
  JsonWriter revs(conversations.size() * 50 + 2);
  for (const auto& [conversation, rev] : conversations) revs.add(conversation.text(), rev);
  auto writer = answer("sync.done", id);
  writer.add_raw("conversations", std::move(revs).take());
  return std::move(writer).take();
}

std::string error_frame(const base::Error& error, const std::optional<std::string>& id) {
  const auto told = domain::for_client(error);
  auto writer = answer("error", id);
  writer.add("code", domain::name(static_cast<domain::Errc>(told.code.value())));
  // A sentence may quote a piece of what a client sent, cut in the middle of a character.
  writer.add_raw("message", Json(told.message).dump(-1, ' ', false, Json::error_handler_t::replace));
  if (told.retry_after.count() > 0) writer.add("retry_after_ms", std::int64_t{told.retry_after.count()});
  return std::move(writer).take();
}

std::string maintenance_frame(std::chrono::milliseconds retry_after, std::string_view reconnect_url) {
  auto writer = answer("server_maintenance", std::nullopt);
  writer.add("retry_after_ms", std::int64_t{retry_after.count()});
  if (!reconnect_url.empty()) writer.add("reconnect_url", reconnect_url);
  return std::move(writer).take();
}

std::string conversation_frame(Ulid conversation, std::string_view change, const Json& extra) {
  Json frame = extra.is_object() ? extra : Json::object();
  frame["type"] = "conversation";
  frame["conversation_id"] = conversation.text();
  frame["change"] = change;
  return frame.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace chat::protocol
