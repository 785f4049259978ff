#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/clock.hpp"
#include "dataplane/base/json.hpp"
#include "dataplane/base/log.hpp"
#include "dataplane/domain/limits.hpp"
#include "dataplane/ports/directory.hpp"
#include "dataplane/ports/message_path.hpp"
#include "dataplane/ports/presence.hpp"
#include "dataplane/ports/store.hpp"

namespace chat::services {

using base::Result;
using base::Status;
using base::Task;
using base::Ulid;

// Where a page of "my conversations" ended; text form for clients is opaque.
struct ListPosition {
  std::int64_t last_activity_at = 0;
  Ulid conversation_id;
};
[[nodiscard]] std::string to_cursor(const ListPosition& position);
[[nodiscard]] std::optional<ListPosition> parse_cursor(std::string_view text);

using Names = std::map<Ulid, ports::User>;

struct ConversationPage {
  std::vector<domain::Summary> items;  // newest activity first
  Names others;                        // of the one-on-ones in it
  std::optional<ListPosition> next;
};
struct MemberPage {
  std::vector<domain::Member> items;
  Names users;
  std::optional<Ulid> next;
};
struct Details {
  domain::Summary summary;
  MemberPage members;  // the first ones
};
struct Created {
  Details details;
  bool fresh = true;
};

// Conversations and who is in them. The truth is written first (Store), then the users' indexes, so that people read
// their own writes, then it is announced to those online; announcing is best effort: it is logged, and gateways find
// out by comparing heads. One thread; refers to its ports for as long as it lives.
class Conversations {
 public:
  struct Parts {
    ports::Store& store;
    ports::Directory& directory;
    ports::MessagePath& messages;
    ports::RateLimiter& limiter;
    const base::Clock& clock;
    const base::Log& log;
  };
  struct Actor {
    Ulid user_id;
    std::int64_t limit_factor = 1;  // of limits.vipUsers
  };
  explicit Conversations(Parts parts) : parts_(parts) {}

  [[nodiscard]] Task<Result<Created>> create_one_on_one(Actor actor, Ulid other);
  [[nodiscard]] Task<Result<Details>> create_group(Actor actor, std::string name, std::vector<Ulid> members,
                                                   domain::Limits limits);
  [[nodiscard]] Task<Result<ConversationPage>> list(Ulid user, std::optional<ListPosition> after, int limit);
  [[nodiscard]] Task<Result<Details>> details(Ulid id, Ulid viewer);
  [[nodiscard]] Task<Result<Details>> rename(Ulid id, Ulid actor, std::string name);
  [[nodiscard]] Task<Status> remove(Ulid id, Ulid actor);

  [[nodiscard]] Task<Result<MemberPage>> members(Ulid id, Ulid viewer, std::optional<Ulid> after, int limit);
  // Answers who was added; those that were members already are left out.
  [[nodiscard]] Task<Result<std::vector<Ulid>>> add_members(Ulid id, Ulid actor, std::vector<Ulid> users,
                                                            domain::Limits limits);
  [[nodiscard]] Task<Status> remove_member(Ulid id, Ulid actor, Ulid user);
  [[nodiscard]] Task<Status> set_role(Ulid id, Ulid actor, Ulid user, domain::Role role);

  static constexpr int kMostConversations = 10'000;  // of one user, that a listing looks at
  static constexpr std::size_t kMostMembersPerCall = 10'000;
  static constexpr int kMembersInDetails = 100;

 private:
  [[nodiscard]] Task<Result<Names>> names_of(std::vector<Ulid> ids);
  [[nodiscard]] Task<Status> all_exist(std::vector<Ulid> users);
  [[nodiscard]] Task<Status> link(Ulid actor, std::vector<Ulid> users, const domain::Head& head);
  [[nodiscard]] Task<> link_others(std::vector<Ulid> users, const domain::Head& head);
  [[nodiscard]] Task<> unlink(std::vector<Ulid> users, const domain::Head& head);
  [[nodiscard]] Task<> announce_created(const Details& details, Ulid creator, std::vector<Ulid> members);
  // About one person each, as long as they are few; else one for all.
  [[nodiscard]] Task<> announce_members(const ports::MemberChange& change, std::string_view what, Ulid actor);
  Task<bool> announce(ports::MessagePath::Announcement announcement);  // true where it got through

  Parts parts_;
};

}  // namespace chat::services
