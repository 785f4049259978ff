#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/ulid.hpp"

namespace chat::domain {

using base::Ulid;

// Times are milliseconds since 1970, UTC. seq and rev count from 1 without a gap (I3, I4).
enum class ConversationType { one_on_one, group };
enum class Role { owner, admin, member };
enum class MessageType { text, media };
enum class ReceiptKind { delivered, read };

[[nodiscard]] std::string_view name(ConversationType type);
[[nodiscard]] std::string_view name(Role role);
[[nodiscard]] std::string_view name(MessageType type);
[[nodiscard]] std::string_view name(ReceiptKind kind);
[[nodiscard]] std::optional<ConversationType> parse_conversation_type(std::string_view text);
[[nodiscard]] std::optional<Role> parse_role(std::string_view text);
[[nodiscard]] std::optional<MessageType> parse_message_type(std::string_view text);
[[nodiscard]] std::optional<ReceiptKind> parse_receipt_kind(std::string_view text);

// A message as people see it. After a change `rev` is the change's; content is the present one.
struct Message {
  Ulid conversation_id;
  Ulid message_id;
  std::int64_t seq = 0;
  std::int64_t rev = 0;
  Ulid sender_id;
  std::string client_msg_id;
  std::string content;  // empty where deleted
  MessageType type = MessageType::text;
  std::optional<Ulid> media_id;
  std::optional<std::int64_t> reply_to_seq;
  std::vector<Ulid> mentions;
  std::int64_t created_at = 0;
  std::optional<std::int64_t> edited_at;
  bool deleted = false;
};

// What a sender asks to be written; bounds are checked by domain/message_rules before it gets here.
struct Draft {
  Ulid conversation_id;
  Ulid sender_id;
  std::string client_msg_id;
  std::string content;
  MessageType type = MessageType::text;
  std::optional<Ulid> media_id;
  std::optional<std::int64_t> reply_to_seq;
  std::vector<Ulid> mentions;
};

struct Ack {
  std::string client_msg_id;
  Ulid conversation_id;
  Ulid message_id;
  std::int64_t seq = 0;
  std::int64_t rev = 0;
  std::int64_t server_timestamp = 0;
  bool duplicate = false;
};

// How far a conversation is, and which version of its membership that was.
struct Head {
  Ulid conversation_id;
  std::int64_t seq = 0;
  std::int64_t rev = 0;
  std::int64_t members_rev = 0;  // grows with every change of members
  std::int32_t member_count = 0;
};

struct Member {
  Ulid user_id;
  Role role = Role::member;
  std::int64_t joined_at = 0;
  std::int64_t delivered_seq = 0;
  std::int64_t read_seq = 0;
};

struct Conversation {
  Ulid conversation_id;
  ConversationType type = ConversationType::one_on_one;
  std::string name;
  Ulid created_by;
  std::int64_t created_at = 0;
  Head head;
};

// One line of "my conversations".
struct Summary {
  Conversation conversation;
  Role my_role = Role::member;
  std::optional<Ulid> other_user_id;  // of a one-on-one
  std::int64_t last_read_seq = 0;
  std::int64_t unread = 0;            // others' messages after last_read_seq
  std::int64_t last_activity_at = 0;  // of the last message, or the creation
  std::optional<Message> last_message;
};

struct Receipt {
  Ulid conversation_id;
  Ulid user_id;
  std::string device_id;
  std::int64_t seq = 0;
  std::optional<std::int64_t> rev;  // with `delivered`: what this device has confirmed
  ReceiptKind kind = ReceiptKind::delivered;
  std::int64_t at = 0;
};

// Groups above this size are published once, to their own channel, instead of to every member's.
inline constexpr std::int32_t kMembersPublishedSingly = 32;

}  // namespace chat::domain
