#include "dataplane/protocol/convert.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "dataplane/domain/errors.hpp"

namespace chat::protocol {
namespace {

using base::Ulid;

void set_id(const Ulid& id, std::string& out) {
  out.assign(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
}

bool read_id(const std::string& bytes, Ulid& out) {
  if (bytes.size() != out.bytes.size()) return false;
  std::memcpy(out.bytes.data(), bytes.data(), out.bytes.size());
  return true;
}

// Empty bytes are "none".
bool read_optional_id(const std::string& bytes, std::optional<Ulid>& out) {
  if (bytes.empty()) return true;
  Ulid id;
  if (!read_id(bytes, id)) return false;
  out = id;
  return true;
}

template <class Ids>
bool read_ids(const Ids& in, std::vector<Ulid>& out) {
  out.resize(static_cast<std::size_t>(in.size()));
  for (int i = 0; i < in.size(); ++i) {
    if (!read_id(in.Get(i), out[static_cast<std::size_t>(i)])) return false;
  }
  return true;
}

auto bad_id(std::string_view what) {
  return base::fail(domain::Errc::bad_request, std::string(what) + ": every id must be 16 bytes");
}

}  // namespace

std::string id_bytes(const Ulid& id) {
  std::string bytes;
  set_id(id, bytes);
  return bytes;
}

std::optional<Ulid> id_of(const std::string& bytes) {
  Ulid id;
  if (!read_id(bytes, id)) return std::nullopt;
  return id;
}

void to_pb(const domain::Message& message, pb::Message& out) {
  set_id(message.conversation_id, *out.mutable_conversation_id());
  set_id(message.message_id, *out.mutable_message_id());
  out.set_seq(message.seq);
  out.set_rev(message.rev);
  set_id(message.sender_id, *out.mutable_sender_id());
  out.set_client_msg_id(message.client_msg_id);
  out.set_content(message.content);
  out.set_type(std::string(domain::name(message.type)));
  if (message.media_id) set_id(*message.media_id, *out.mutable_media_id());
  out.set_reply_to_seq(message.reply_to_seq.value_or(0));
  for (const auto& user : message.mentions) set_id(user, *out.add_mentions());
  out.set_created_at(message.created_at);
  out.set_edited_at(message.edited_at.value_or(0));
  out.set_deleted(message.deleted);
}

base::Result<domain::Message> from_pb(const pb::Message& in) {
  domain::Message message;
  if (!read_id(in.conversation_id(), message.conversation_id) || !read_id(in.message_id(), message.message_id) ||
      !read_id(in.sender_id(), message.sender_id) || !read_optional_id(in.media_id(), message.media_id) ||
      !read_ids(in.mentions(), message.mentions)) {
    return bad_id("message");
  }
  auto type = domain::parse_message_type(in.type());
  if (!type) return base::fail(domain::Errc::bad_request, "message: unknown type " + in.type());
  message.type = *type;
  message.seq = in.seq();
  message.rev = in.rev();
  message.client_msg_id = in.client_msg_id();
  message.content = in.content();
  if (in.reply_to_seq() > 0) message.reply_to_seq = in.reply_to_seq();
  message.created_at = in.created_at();
  if (in.edited_at() > 0) message.edited_at = in.edited_at();
  message.deleted = in.deleted();
  return message;
}

void to_pb(const domain::Head& head, pb::Head& out) {
  set_id(head.conversation_id, *out.mutable_conversation_id());
  out.set_seq(head.seq);
  out.set_rev(head.rev);
  out.set_members_rev(head.members_rev);
  out.set_member_count(head.member_count);
}

base::Result<domain::Head> from_pb(const pb::Head& in) {
  domain::Head head;
  if (!read_id(in.conversation_id(), head.conversation_id)) return bad_id("head");
  head.seq = in.seq();
  head.rev = in.rev();
  head.members_rev = in.members_rev();
  head.member_count = in.member_count();
  return head;
}

void to_pb(const domain::Draft& draft, pb::SendRequest& out) {
  set_id(draft.conversation_id, *out.mutable_conversation_id());
  set_id(draft.sender_id, *out.mutable_sender_id());
  out.set_client_msg_id(draft.client_msg_id);
  out.set_content(draft.content);
  out.set_type(std::string(domain::name(draft.type)));
  if (draft.media_id) set_id(*draft.media_id, *out.mutable_media_id());
  out.set_reply_to_seq(draft.reply_to_seq.value_or(0));
  for (const auto& user : draft.mentions) set_id(user, *out.add_mentions());
}

base::Result<domain::Draft> from_pb(const pb::SendRequest& in) {
  domain::Draft draft;
  if (!read_id(in.conversation_id(), draft.conversation_id) || !read_id(in.sender_id(), draft.sender_id) ||
      !read_optional_id(in.media_id(), draft.media_id) || !read_ids(in.mentions(), draft.mentions)) {
    return bad_id("send");
  }
  auto type = domain::parse_message_type(in.type());
  if (!type) return base::fail(domain::Errc::bad_request, "send: unknown message_type " + in.type());
  draft.type = *type;
  draft.client_msg_id = in.client_msg_id();
  draft.content = in.content();
  if (in.reply_to_seq() != 0) draft.reply_to_seq = in.reply_to_seq();
  return draft;
}

void to_pb(const base::Error& error, pb::Error& out) {
  const auto told = domain::for_client(error);
  out.set_code(std::string(domain::name(static_cast<domain::Errc>(told.code.value()))));
  out.set_message(told.message);
  out.set_retry_after_ms(static_cast<std::uint32_t>(std::clamp<std::int64_t>(told.retry_after.count(), 0, UINT32_MAX)));
}

base::Error from_pb(const pb::Error& in) {
  auto code = domain::Errc::unavailable;  // also for a code that a newer server knows and we do not
  for (int i = static_cast<int>(domain::Errc::bad_request); i <= static_cast<int>(domain::Errc::unavailable); ++i) {
    if (domain::name(static_cast<domain::Errc>(i)) == in.code()) code = static_cast<domain::Errc>(i);
  }
  return {make_error_code(code), in.message(), std::chrono::milliseconds(in.retry_after_ms())};
}

}  // namespace chat::protocol
