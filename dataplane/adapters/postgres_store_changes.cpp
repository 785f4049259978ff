// What changes conversations and their members, and the receipts. The reads are in postgres_store_reads.cpp.
#include "dataplane/adapters/postgres_errors.hpp"
#include "dataplane/adapters/postgres_rows.hpp"
#include "dataplane/adapters/postgres_store.hpp"
#include "dataplane/domain/errors.hpp"

namespace chat::adapters {
namespace {

using Parameters = PostgresShards::Parameters;
using Repeat = PostgresShards::Repeat;
using base::Ulid;
using io::postgres::ArrayLiteral;

std::string bucket_text(const Ulid& id) { return std::to_string(domain::bucket_of(id)); }
std::string number(domain::Role role) { return std::to_string(static_cast<int>(role)); }

Parameters receipt_arrays(const std::vector<domain::Receipt>& receipts, const std::vector<std::size_t>& items) {
  ArrayLiteral buckets, conversations, users, devices, seqs, revs, kinds;
  for (auto item : items) {
    const auto& receipt = receipts[item];
    buckets.add(std::int64_t{domain::bucket_of(receipt.conversation_id)});
    conversations.add(receipt.conversation_id.uuid_text());
    users.add(receipt.user_id.uuid_text());
    devices.add(receipt.device_id);
    seqs.add(receipt.seq);
    receipt.rev ? revs.add(*receipt.rev) : revs.add_null();
    kinds.add(static_cast<std::int64_t>(receipt.kind));
  }
  return {buckets.take(), conversations.take(), users.take(), devices.take(), seqs.take(), revs.take(), kinds.take()};
}

base::Result<ports::Store::ReceiptAnswer> receipt_answer(const pqxx::row& row, const Ulid& conversation,
                                                         std::map<Ulid, std::vector<Ulid>>& members) {
  if (!row["code"].is_null()) {
    const auto code = text(row["code"]) == "not_found" ? domain::Errc::not_found : domain::Errc::bad_request;
    return base::fail(code, text(row["why"]));
  }
  ports::Store::ReceiptAnswer answer;
  answer.moved = boolean(row["moved"]);
  answer.head = head(row, 1, conversation);
  if (!row["members"].is_null()) members[conversation] = ulids(row["members"]);
  if (answer.moved) answer.members = members[conversation];
  return answer;
}

}  // namespace

PostgresStore::Answer<bool> PostgresStore::create(Ulid id, domain::ConversationType type, std::string name,
                                                  Ulid creator, std::vector<Ulid> users, domain::Role creators_role,
                                                  std::int64_t now) {
  std::erase(users, creator);
  ArrayLiteral roles;
  roles.add(static_cast<std::int64_t>(creators_role));
  for (std::size_t i = 0; i < users.size(); ++i) roles.add(static_cast<std::int64_t>(domain::Role::member));
  users.insert(users.begin(), creator);
  Parameters parameters{bucket_text(id), id.uuid_text(),      std::to_string(static_cast<int>(type)),
                        std::move(name), creator.uuid_text(), array_of(users),
                        roles.take(),    std::to_string(now)};
  auto rows = co_await shards_.at(domain::bucket_of(id), "select chat_create_conversation($1,$2,$3,$4,$5,$6,$7,$8)",
                                  std::move(parameters));
  if (!rows) co_return base::fail(std::move(rows).error());
  co_return boolean((*rows)[0][0]);
}

PostgresStore::Answer<bool> PostgresStore::create_one_on_one(Ulid id, Ulid creator, Ulid other, std::int64_t now) {
  std::vector<Ulid> users{other};
  co_return co_await create(id, domain::ConversationType::one_on_one, "", creator, std::move(users),
                            domain::Role::member, now);
}

base::Task<base::Status> PostgresStore::create_group(Ulid id, std::string name, Ulid owner, std::vector<Ulid> members,
                                                     std::int64_t now) {
  std::sort(members.begin(), members.end());
  members.erase(std::unique(members.begin(), members.end()), members.end());
  // "It is there already" is this very call's first try, whose answer was lost: the id is new.
  auto made = co_await create(id, domain::ConversationType::group, std::move(name), owner, std::move(members),
                              domain::Role::owner, now);
  if (!made) co_return base::fail(std::move(made).error());
  co_return base::Status{};
}

PostgresStore::Answer<ports::MemberChange> PostgresStore::change(Ulid id, std::string function, Parameters parameters,
                                                                 Repeat repeat) {
  parameters.insert(parameters.begin(), {bucket_text(id), id.uuid_text()});
  std::string sql = "select * from " + function + "(";
  for (std::size_t i = 1; i <= parameters.size(); ++i) sql += (i > 1 ? ",$" : "$") + std::to_string(i);
  sql += ")";
  auto rows = co_await shards_.at(domain::bucket_of(id), std::move(sql), std::move(parameters), repeat);
  if (!rows) co_return base::fail(std::move(rows).error());
  const auto row = (*rows)[0];
  ports::MemberChange changed;
  changed.head = head(row, 0, id);
  changed.changed = ulids(row["changed"]);
  changed.members = ulids(row["members"]);
  co_return changed;
}

PostgresStore::Answer<domain::Head> PostgresStore::rename(Ulid id, Ulid actor, std::string name) {
  Parameters parameters{actor.uuid_text(), std::move(name)};
  auto changed = co_await change(id, "chat_rename", std::move(parameters), Repeat::safe);
  if (!changed) co_return base::fail(std::move(changed).error());
  co_return changed->head;
}

PostgresStore::Answer<ports::MemberChange> PostgresStore::remove_conversation(Ulid id, Ulid actor) {
  Parameters parameters{actor.uuid_text()};
  co_return co_await change(id, "chat_remove_conversation", std::move(parameters), Repeat::never);
}

PostgresStore::Answer<ports::MemberChange> PostgresStore::add_members(Ulid id, Ulid actor, std::vector<Ulid> users,
                                                                      std::int64_t most, std::int64_t now) {
  Parameters parameters{actor.uuid_text(), array_of(users), std::to_string(most), std::to_string(now)};
  co_return co_await change(id, "chat_add_members", std::move(parameters), Repeat::safe);
}

PostgresStore::Answer<ports::MemberChange> PostgresStore::remove_member(Ulid id, Ulid actor, Ulid user) {
  Parameters parameters{actor.uuid_text(), user.uuid_text()};
  co_return co_await change(id, "chat_remove_member", std::move(parameters), Repeat::never);
}

PostgresStore::Answer<domain::Head> PostgresStore::set_role(Ulid id, Ulid actor, Ulid user, domain::Role role) {
  Parameters parameters{actor.uuid_text(), user.uuid_text(), number(role)};
  auto changed = co_await change(id, "chat_set_role", std::move(parameters), Repeat::never);
  if (!changed) co_return base::fail(std::move(changed).error());
  co_return changed->head;
}

base::Task<std::vector<base::Result<ports::Store::ReceiptAnswer>>> PostgresStore::record(
    std::vector<domain::Receipt> receipts) {
  std::vector<std::uint16_t> buckets;
  buckets.reserve(receipts.size());
  for (const auto& receipt : receipts) buckets.push_back(domain::bucket_of(receipt.conversation_id));
  PostgresShards::Make make = [&receipts](const std::vector<std::size_t>& items) {
    return receipt_arrays(receipts, items);
  };
  auto slices = co_await shards_.spread(std::move(buckets), "select * from chat_record_receipts($1,$2,$3,$4,$5,$6,$7)",
                                        std::move(make));
  std::vector<base::Result<ReceiptAnswer>> answers(receipts.size(), ReceiptAnswer{});
  for (const auto& slice : slices) {
    std::map<Ulid, std::vector<Ulid>> members;  // they come with a conversation's first moved receipt
    for (std::size_t i = 0; i < slice.items.size(); ++i) {
      const auto item = slice.items[i];
      if (slice.rows) {
        const auto row = (*slice.rows)[static_cast<pqxx::result::size_type>(i)];
        answers[item] = receipt_answer(row, receipts[item].conversation_id, members);
      } else {
        answers[item] = base::fail(slice.rows.error());
      }
    }
  }
  co_return answers;
}

}  // namespace chat::adapters
