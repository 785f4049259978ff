#pragma once
#include "dataplane/adapters/gathered_question.hpp"
#include "dataplane/adapters/postgres_shards.hpp"
#include "dataplane/ports/directory.hpp"

namespace chat::adapters {

// The user side, over the functions of migrations/0007_users.sql. Lives no longer than `shards`; one thread, like it.
class PostgresDirectory final : public ports::Directory {
 public:
  using Ulid = base::Ulid;
  template <class T>
  using Answer = base::Task<base::Result<T>>;

  explicit PostgresDirectory(PostgresShards& shards);

  base::Task<base::Status> register_user(ports::User user, std::string password_hash) override;
  Answer<ports::Credentials> credentials(std::string username) override;
  Answer<std::vector<ports::User>> users(std::vector<Ulid> ids) override;
  Answer<std::optional<ports::User>> user_by_name(std::string username) override;
  Answer<std::vector<ports::User>> search_users(std::string prefix, int limit) override;
  Answer<ports::User> rename_user(Ulid user, std::string display_name) override;

  base::Task<base::Status> create_session(ports::Session session) override;
  Answer<ports::Session> session(Ulid user, Ulid session) override;
  Answer<bool> rotate_session(ports::Session before, std::string new_hash, std::int64_t now,
                              std::int64_t expires_at) override;
  base::Task<base::Status> revoke_session(Ulid user, Ulid session) override;

  Answer<std::vector<Ulid>> conversations_of(Ulid user, int limit) override;
  base::Task<base::Status> link(std::vector<Ulid> users, Ulid conversation, std::int64_t members_rev,
                                std::int64_t now) override;
  base::Task<base::Status> unlink(std::vector<Ulid> users, Ulid conversation, std::int64_t members_rev) override;

 private:
  struct Found {
    ports::User user;
    std::string password_hash;
  };
  base::Task<base::Status> claim_name(const ports::User& user, const std::string& name);
  Answer<bool> confirm_name(std::string name, Ulid user);
  // A call about one user that answers nothing but its success.
  base::Task<base::Status> write(Ulid user, std::string sql, PostgresShards::Parameters parameters);
  Answer<std::optional<Ulid>> owner_of_name(std::string name);
  Answer<std::vector<Found>> find(std::vector<Ulid> ids);
  base::Task<base::Status> set_linked(std::vector<Ulid> users, Ulid conversation, bool linked, std::int64_t members_rev,
                                      std::int64_t now);

  PostgresShards& shards_;
  GatheredQuestion newest_conversations_;  // of a user: the first of them
};

}  // namespace chat::adapters
