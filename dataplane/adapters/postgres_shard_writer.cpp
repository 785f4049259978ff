#include "dataplane/adapters/postgres_shard_writer.hpp"

#include <unordered_map>

#include "dataplane/adapters/postgres_errors.hpp"
#include "dataplane/adapters/postgres_rows.hpp"
#include "dataplane/base/digest.hpp"
#include "dataplane/base/planted.hpp"
#include "dataplane/domain/bucket.hpp"

namespace chat::adapters {
namespace {

using io::postgres::ArrayLiteral;
using ports::WriteErrc;
using ports::Written;

enum Column {
  kKind,
  kSeq,
  kRev,
  kMessageId,
  kCreated,
  kMembersRev,
  kMemberCount,
  kMembers,
  kCode,
  kWhy,
  kOwner,
  kEpoch
};

constexpr const char* kWrite = "select * from chat_write($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)";

constexpr std::size_t kRandomBytes = 10;  // of a ULID, for the time that the database will give it

io::postgres::Connection::Parameters parameters_of(std::span<const domain::Draft> drafts, std::int64_t now) {
  ArrayLiteral buckets, conversations, senders, keys, contents, types, media, replies, mentions, randoms;
  const auto random = base::random_bytes(drafts.size() * kRandomBytes);
  std::string_view unused = random;
  for (const auto& draft : drafts) {
    buckets.add(std::int64_t{domain::bucket_of(draft.conversation_id)});
    conversations.add(draft.conversation_id.uuid_text());
    senders.add(draft.sender_id.uuid_text());
    keys.add(draft.client_msg_id);
    contents.add(draft.content);
    types.add(static_cast<std::int64_t>(draft.type));
    draft.media_id ? media.add(draft.media_id->uuid_text()) : media.add_null();
    draft.reply_to_seq ? replies.add(*draft.reply_to_seq) : replies.add_null();
    draft.mentions.empty() ? mentions.add_null() : mentions.add(array_of(draft.mentions));
    randoms.add(base::hex(unused.substr(0, kRandomBytes)));
    unused.remove_prefix(kRandomBytes);
  }
  return {std::to_string(now), buckets.take(), conversations.take(), senders.take(),  keys.take(),   contents.take(),
          types.take(),        media.take(),   replies.take(),       mentions.take(), randoms.take()};
}

Written refused(const pqxx::row& row) {
  Written written;
  written.kind = Written::Kind::refused;
  written.refusal = text(row[kCode]) == "not_found" ? domain::Errc::not_found : domain::Errc::bad_request;
  written.why = text(row[kWhy]);
  return written;
}

Written acknowledged(const domain::Draft& draft, const pqxx::row& row, bool duplicate) {
  Written written;
  written.kind = duplicate ? Written::Kind::duplicate : Written::Kind::stored;
  written.ack = {draft.client_msg_id,
                 draft.conversation_id,
                 ulid(row[kMessageId]),
                 integer(row[kSeq]),
                 integer(row[kRev]),
                 integer(row[kCreated]),
                 duplicate};
  if (duplicate && base::planted(base::Fault::retry_answered_anew)) ++written.ack.server_timestamp;
  if (duplicate) return written;
  written.head = {draft.conversation_id, written.ack.seq, written.ack.rev, integer(row[kMembersRev]),
                  static_cast<std::int32_t>(integer(row[kMemberCount]))};
  auto& message = written.message;
  message.conversation_id = draft.conversation_id;
  message.message_id = written.ack.message_id;
  message.seq = written.ack.seq;
  message.rev = written.ack.rev;
  message.sender_id = draft.sender_id;
  message.client_msg_id = draft.client_msg_id;
  message.content = draft.content;
  message.type = draft.type;
  message.media_id = draft.media_id;
  message.reply_to_seq = draft.reply_to_seq;
  message.mentions = draft.mentions;
  message.created_at = written.ack.server_timestamp;
  return written;
}

base::Error batch_error(const base::Error& error) {
  using io::postgres::Errc;
  if (no_room(error)) return {WriteErrc::no_room, error.message};
  const bool not_now = error.code == Errc::connect || error.code == Errc::timeout || passing(error) ||
                       error.message.find("25006") != std::string::npos;  // a standby: its primary is elsewhere
  if (not_now) return {WriteErrc::unreachable, error.message};
  const bool refused_whole = error.code == Errc::rejected || error.code == Errc::unique_violation;
  return {refused_whole ? WriteErrc::rejected : WriteErrc::unknown_outcome, error.message};
}

}  // namespace

ports::Result<std::vector<Written>> PostgresShardWriter::write(std::span<const domain::Draft> drafts,
                                                               std::int64_t now) {
  base::planted_before_write(connection_);
  auto rows = connection_.execute_prepared(kWrite, parameters_of(drafts, now));
  base::planted_after_write(connection_);
  if (!rows) return base::fail(batch_error(rows.error()));
  if (static_cast<std::size_t>(rows->size()) != drafts.size())
    return base::fail(WriteErrc::unknown_outcome, "chat_write did not answer for every draft");
  std::vector<Written> all;
  all.reserve(drafts.size());
  std::unordered_map<base::Ulid, std::vector<base::Ulid>> members;  // they come with a conversation's first message
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    const auto row = (*rows)[static_cast<pqxx::result::size_type>(i)];
    switch (static_cast<Written::Kind>(integer(row[kKind]))) {
      case Written::Kind::stored:
        all.push_back(acknowledged(drafts[i], row, false));
        if (!row[kMembers].is_null()) members[drafts[i].conversation_id] = ulids(row[kMembers]);
        all.back().members = members[drafts[i].conversation_id];
        break;
      case Written::Kind::duplicate:
        all.push_back(acknowledged(drafts[i], row, true));
        break;
      case Written::Kind::moved:
        all.emplace_back();
        all.back().kind = Written::Kind::moved;
        all.back().owner = text(row[kOwner]);
        all.back().epoch = integer(row[kEpoch]);
        break;
      case Written::Kind::refused:
        all.push_back(refused(row));
        break;
    }
  }
  return all;
}

}  // namespace chat::adapters
