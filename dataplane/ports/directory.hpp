#pragma once
#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/result.hpp"
#include "dataplane/base/task.hpp"
#include "dataplane/base/ulid.hpp"

namespace chat::ports {

struct User {
  base::Ulid user_id;
  std::string username;  // as it was registered; unique whatever the case
  std::string display_name;
  std::int64_t created_at = 0;
};

struct Credentials {
  base::Ulid user_id;
  std::string username;
  std::string password_hash;
};

// One login of one device. Tokens are kept as SHA-256 only.
struct Session {
  base::Ulid session_id;
  base::Ulid user_id;
  std::string device_id;
  std::string refresh_hash;   // of the cookie that is good now
  std::string previous_hash;  // of the one before it; empty at first
  std::int64_t rotated_at = 0;
  std::int64_t expires_at = 0;
  bool revoked = false;
};

// The user side of the shards: rows live in the bucket of the user, names in the bucket of the name.
class Directory {
 public:
  virtual ~Directory() = default;
  // Claims the name, then writes the user: conflict where the name is taken. A claim whose registration died before it
  // wrote the user can be taken over after a minute.
  virtual base::Task<base::Status> register_user(User user, std::string password_hash) = 0;
  virtual base::Task<base::Result<Credentials>> credentials(std::string username) = 0;         // not_found
  virtual base::Task<base::Result<std::vector<User>>> users(std::vector<base::Ulid> ids) = 0;  // unknown ones left out
  virtual base::Task<base::Result<std::optional<User>>> user_by_name(std::string username) = 0;  // exact, any case
  // Names that start with `prefix` (any case), at most `limit`: asks every shard.
  virtual base::Task<base::Result<std::vector<User>>> search_users(std::string prefix, int limit) = 0;
  virtual base::Task<base::Result<User>> rename_user(base::Ulid user, std::string display_name) = 0;

  virtual base::Task<base::Status> create_session(Session session) = 0;
  virtual base::Task<base::Result<Session>> session(base::Ulid user, base::Ulid session) = 0;  // not_found
  // Compare-and-swap on refresh_hash; false where another rotation came first.
  virtual base::Task<base::Result<bool>> rotate_session(Session before, std::string new_hash, std::int64_t now,
                                                        std::int64_t expires_at) = 0;
  virtual base::Task<base::Status> revoke_session(base::Ulid user, base::Ulid session) = 0;

  // The index "conversations of this user", newest joined first, at most `limit` (bounded by the caller).
  virtual base::Task<base::Result<std::vector<base::Ulid>>> conversations_of(base::Ulid user, int limit) = 0;
  // Idempotent; written at once by whoever changed a membership, and again by the worker's repair.
  // `members_rev` decides between an add and a remove that cross: the higher one wins.
  virtual base::Task<base::Status> link(std::vector<base::Ulid> users, base::Ulid conversation,
                                        std::int64_t members_rev, std::int64_t now) = 0;
  virtual base::Task<base::Status> unlink(std::vector<base::Ulid> users, base::Ulid conversation,
                                          std::int64_t members_rev) = 0;
};

}  // namespace chat::ports
