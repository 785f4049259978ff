#pragma once
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "dataplane/base/json.hpp"
#include "dataplane/domain/conversation.hpp"
#include "dataplane/domain/errors.hpp"

// The client's WebSocket frames as values: decode what a client sent, encode what it gets. Pure.
// Source: the contract's WebSocket section.
namespace chat::protocol {

using base::Ulid;

struct AuthFrame {
  std::string token;
  std::optional<std::string> device_id;
};
struct PingFrame {};
struct SendFrame {
  domain::Draft draft;  // sender_id is not set: the connection knows it
};
struct ReceiptFrame {
  Ulid conversation_id;
  std::int64_t seq = 0;
  std::optional<std::int64_t> rev;
  domain::ReceiptKind kind = domain::ReceiptKind::delivered;
};
struct SyncFrame {
  std::map<Ulid, std::int64_t> conversations;
};
using ClientFrame = std::variant<AuthFrame, PingFrame, SendFrame, ReceiptFrame, SyncFrame>;

struct DecodedFrame {
  std::optional<std::string> id;  // the JSON text of the client's `id`, repeated in answers; unset where there is none
  base::Result<ClientFrame> frame;
};
// Never throws. Bounds: at most 16 levels, content 1…content_characters code points (0: no limit), client_msg_id 1…128
// code points, at most 100 mentions. A missing, mistyped or unknown thing is bad_request with a sentence naming the
// field.
[[nodiscard]] DecodedFrame decode_frame(std::string_view text, std::int64_t content_characters);

// The rules of a message that REST and WebSocket share; reads the fields of msg.send from a JSON object.
[[nodiscard]] base::Result<domain::Draft> read_draft(const base::Json& object, std::int64_t content_characters);

[[nodiscard]] base::Json to_json(const domain::Message& message);                 // without `type`
[[nodiscard]] std::string message_frame(const domain::Message& message);          // `message`
[[nodiscard]] std::string message_updated_frame(const domain::Message& message);  // `message.updated`
[[nodiscard]] base::Json to_json(const domain::Ack& ack);  // {client_msg_id, …, status: "sent", duplicate?}
[[nodiscard]] std::string ack_frame(const domain::Ack& ack, const std::optional<std::string>& id);
[[nodiscard]] std::string receipt_frame(const domain::Receipt& receipt);
[[nodiscard]] std::string pong_frame(const std::optional<std::string>& id);
[[nodiscard]] std::string ready_frame(Ulid user, std::string_view device_id, std::string_view gateway,
                                      int heartbeat_seconds, std::int64_t server_time,
                                      const std::optional<std::string>& id);
[[nodiscard]] std::string sync_done_frame(const std::map<Ulid, std::int64_t>& conversations,
                                          const std::optional<std::string>& id);
[[nodiscard]] std::string error_frame(const base::Error& error, const std::optional<std::string>& id);
[[nodiscard]] std::string maintenance_frame(std::chrono::milliseconds retry_after, std::string_view reconnect_url);
// `extra` is merged into the frame: user_id, name, role…
[[nodiscard]] std::string conversation_frame(Ulid conversation, std::string_view change, const base::Json& extra);

}  // namespace chat::protocol
