#pragma once
#include "dataplane/adapters/gathered_question.hpp"
#include "dataplane/adapters/postgres_shards.hpp"
#include "dataplane/ports/store.hpp"

namespace chat::adapters {

// The conversation side, over the functions of migrations/. Lives no longer than `shards`; one thread, like it.
class PostgresStore final : public ports::Store {
 public:
  using Ulid = base::Ulid;
  template <class T>
  using Answer = base::Task<base::Result<T>>;

  explicit PostgresStore(PostgresShards& shards)
      : shards_(shards), heads_of_each_(shards, "select * from chat_heads_of_each($1,$2,$3)") {}

  Answer<bool> create_one_on_one(Ulid id, Ulid creator, Ulid other, std::int64_t now) override;
  base::Task<base::Status> create_group(Ulid id, std::string name, Ulid owner, std::vector<Ulid> members,
                                        std::int64_t now) override;
  Answer<domain::Summary> conversation(Ulid id, Ulid viewer) override;
  Answer<domain::Head> rename(Ulid id, Ulid actor, std::string name) override;
  Answer<ports::MemberChange> remove_conversation(Ulid id, Ulid actor) override;
  Answer<std::vector<domain::Member>> members(Ulid id, Ulid viewer, std::optional<Ulid> after, int limit) override;
  Answer<ports::MemberChange> add_members(Ulid id, Ulid actor, std::vector<Ulid> users, std::int64_t most,
                                          std::int64_t now) override;
  Answer<ports::MemberChange> remove_member(Ulid id, Ulid actor, Ulid user) override;
  Answer<domain::Head> set_role(Ulid id, Ulid actor, Ulid user, domain::Role role) override;
  Answer<std::vector<domain::Summary>> summaries(Ulid user, std::vector<Ulid> conversations,
                                                 bool with_last_message) override;
  Answer<ports::Page> history(Ulid id, Ulid viewer, ports::HistoryQuery query) override;
  Answer<ports::Changes> changes(Ulid id, Ulid viewer, std::int64_t after_rev, int limit) override;
  Answer<std::vector<domain::Head>> heads(std::vector<Ulid> conversations) override;
  Answer<std::vector<domain::Head>> heads_of(Ulid user, std::vector<Ulid> conversations) override;
  Answer<ports::MembershipAnswer> membership(Ulid id, std::vector<Ulid> users) override;
  Answer<std::vector<ports::DeviceCursor>> cursors(Ulid user, std::string device_id,
                                                   std::vector<Ulid> conversations) override;
  base::Task<std::vector<base::Result<ReceiptAnswer>>> record(std::vector<domain::Receipt> receipts) override;

 private:
  Answer<bool> create(Ulid id, domain::ConversationType type, std::string name, Ulid creator, std::vector<Ulid> users,
                      domain::Role creators_role, std::int64_t now);
  Answer<ports::MemberChange> change(Ulid id, std::string function, PostgresShards::Parameters parameters,
                                     PostgresShards::Repeat repeat);
  // All rows of a question about many conversations, for one user (nullopt: for none).
  Answer<std::vector<pqxx::result>> ask_about(std::vector<Ulid> conversations, std::string sql,
                                              PostgresShards::Parameters leading);

  PostgresShards& shards_;
  GatheredQuestion heads_of_each_;
};

}  // namespace chat::adapters
