#pragma once
#include <array>
#include <span>
#include <string>
#include <vector>

#include "dataplane/base/result.hpp"
#include "dataplane/base/task.hpp"
#include "dataplane/domain/conversation.hpp"
#include "dataplane/domain/errors.hpp"

namespace chat::ports {

using base::Result;
using base::Status;
using base::Task;
using base::Ulid;

// What became of one draft of a batch.
struct Written {
  enum class Kind { stored, duplicate, refused, moved };
  Kind kind = Kind::refused;
  domain::Ack ack;            // stored and duplicate
  domain::Message message;    // stored: as everyone will see it
  domain::Head head;          // stored: after this message
  std::vector<Ulid> members;  // stored: all of them where there are at most kMembersPublishedSingly, else empty
  domain::Errc refusal = domain::Errc::unavailable;
  std::string why;         // refused: a sentence
  std::string owner;       // moved: the shard that owns the bucket now…
  std::int64_t epoch = 0;  // …since this epoch
};

// How a batch as a whole can fail. `rejected`: the database refused the statement and stored nothing; one of the drafts
// is such that it can not be written, so the others succeed without it. `unknown_outcome`: it may have been stored.
// `unreachable`: nothing was stored, and the same batch may succeed later. `no_room`: the same, but a write of nothing
// succeeds meanwhile (its disk is full). Other codes count as unknown_outcome.
enum class WriteErrc { rejected = 1, unknown_outcome, unreachable, no_room };
std::error_code make_error_code(WriteErrc code);

// The write path into one shard: one call is one transaction. Blocking, one thread. `now` is the caller's clock; the
// database keeps created_at ascending even where it steps back. Errors: WriteErrc, of the whole batch; where its
// outcome is unknown, calling again with the same drafts finds out (duplicates get their first answer). No drafts at
// all store nothing and prove that the shard can be written to.
class ShardWriter {
 public:
  virtual ~ShardWriter() = default;
  [[nodiscard]] virtual Result<std::vector<Written>> write(std::span<const domain::Draft> drafts, std::int64_t now) = 0;
};

struct Page {
  std::vector<domain::Message> items;
  bool has_more = false;
};

// `changes`: message as it is now, under the rev that is answered (an earlier rev of a message that was changed since
// carries the present content). Ascending by rev, gap-free from after_rev + 1.
struct Changes {
  std::vector<domain::Message> items;
  domain::Head head;
};

struct MembershipAnswer {
  domain::Head head;
  std::vector<Ulid> members;  // those of the asked users who are members
};

struct HistoryQuery {
  std::optional<std::int64_t> before;
  std::optional<std::int64_t> after;
  int limit = 50;
};

// Where a device stands in a conversation: what it last confirmed.
struct DeviceCursor {
  Ulid conversation_id;
  std::int64_t rev = 0;
};

struct MemberChange {
  domain::Head head;
  std::vector<Ulid> changed;  // who really was added (or removed): those that already were are left out
  std::vector<Ulid> members;  // after the change, where at most kMembersPublishedSingly; else empty
};

// The conversation side of the shards. Every call finds the owner of the conversation's bucket, follows "moved", and
// checks membership where the data is: not_found for conversations that are not, or no longer, the viewer's.
class Store {
 public:
  virtual ~Store() = default;

  // True where this call made it; false where it was there.
  virtual Task<Result<bool>> create_one_on_one(Ulid id, Ulid creator, Ulid other, std::int64_t now) = 0;
  virtual Task<Status> create_group(Ulid id, std::string name, Ulid owner, std::vector<Ulid> members,
                                    std::int64_t now) = 0;
  virtual Task<Result<domain::Summary>> conversation(Ulid id, Ulid viewer) = 0;
  virtual Task<Result<domain::Head>> rename(Ulid id, Ulid actor, std::string name) = 0;  // owner or admin of a group
  virtual Task<Result<MemberChange>> remove_conversation(Ulid id, Ulid actor) = 0;       // owner of a group
  virtual Task<Result<std::vector<domain::Member>>> members(Ulid id, Ulid viewer, std::optional<Ulid> after,
                                                            int limit) = 0;
  // `most`: limits.groupMembers, 0 for none.
  virtual Task<Result<MemberChange>> add_members(Ulid id, Ulid actor, std::vector<Ulid> users, std::int64_t most,
                                                 std::int64_t now) = 0;
  virtual Task<Result<MemberChange>> remove_member(Ulid id, Ulid actor, Ulid user) = 0;  // leaving: actor == user
  virtual Task<Result<domain::Head>> set_role(Ulid id, Ulid actor, Ulid user, domain::Role role) = 0;

  // One request a shard. Conversations that are not the user's are left out; any order.
  virtual Task<Result<std::vector<domain::Summary>>> summaries(Ulid user, std::vector<Ulid> conversations,
                                                               bool with_last_message) = 0;
  virtual Task<Result<Page>> history(Ulid id, Ulid viewer, HistoryQuery query) = 0;
  virtual Task<Result<Changes>> changes(Ulid id, Ulid viewer, std::int64_t after_rev, int limit) = 0;
  // Heads without a viewer, for gateways: one request a shard; unknown conversations are left out.
  virtual Task<Result<std::vector<domain::Head>>> heads(std::vector<Ulid> conversations) = 0;
  // Heads of those conversations that are the user's: one request a shard.
  virtual Task<Result<std::vector<domain::Head>>> heads_of(Ulid user, std::vector<Ulid> conversations) = 0;
  virtual Task<Result<MembershipAnswer>> membership(Ulid id, std::vector<Ulid> users) = 0;
  // What the device last confirmed; conversations it never confirmed anything of are left out.
  virtual Task<Result<std::vector<DeviceCursor>>> cursors(Ulid user, std::string device_id,
                                                          std::vector<Ulid> conversations) = 0;
  // Stores what is further than before. Answers per receipt, in order: whether it moved and whom to tell (members,
  // where at most kMembersPublishedSingly), or the error.
  struct ReceiptAnswer {
    bool moved = false;
    domain::Head head;
    std::vector<Ulid> members;
  };
  virtual Task<std::vector<Result<ReceiptAnswer>>> record(std::vector<domain::Receipt> receipts) = 0;
};

}  // namespace chat::ports

template <>
struct std::is_error_code_enum<chat::ports::WriteErrc> : std::true_type {};
