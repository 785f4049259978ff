#include "dataplane/domain/conversation.hpp"

#include <array>

namespace chat::domain {
namespace {

template <class Enum, std::size_t N>
std::optional<Enum> parse(const std::array<std::string_view, N>& names, std::string_view text) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names.at(i) == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

constexpr std::array<std::string_view, 2> kConversationTypes = {"one_on_one", "group"};
constexpr std::array<std::string_view, 3> kRoles = {"owner", "admin", "member"};
constexpr std::array<std::string_view, 2> kMessageTypes = {"text", "media"};
constexpr std::array<std::string_view, 2> kReceiptKinds = {"delivered", "read"};

}  // namespace

std::string_view name(ConversationType type) { return kConversationTypes.at(static_cast<std::size_t>(type)); }
std::string_view name(Role role) { return kRoles.at(static_cast<std::size_t>(role)); }
std::string_view name(MessageType type) { return kMessageTypes.at(static_cast<std::size_t>(type)); }
std::string_view name(ReceiptKind kind) { return kReceiptKinds.at(static_cast<std::size_t>(kind)); }

std::optional<ConversationType> parse_conversation_type(std::string_view text) {
  return parse<ConversationType>(kConversationTypes, text);
}
std::optional<Role> parse_role(std::string_view text) { return parse<Role>(kRoles, text); }
std::optional<MessageType> parse_message_type(std::string_view text) { return parse<MessageType>(kMessageTypes, text); }
std::optional<ReceiptKind> parse_receipt_kind(std::string_view text) { return parse<ReceiptKind>(kReceiptKinds, text); }

}  // namespace chat::domain
