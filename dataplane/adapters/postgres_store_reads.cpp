// The reads of PostgresStore. What changes is in postgres_store_changes.cpp.
#include "dataplane/adapters/postgres_rows.hpp"
#include "dataplane/adapters/postgres_store.hpp"
#include "dataplane/domain/errors.hpp"

namespace chat::adapters {
namespace {

using Parameters = PostgresShards::Parameters;
using base::Ulid;

constexpr std::size_t kAskedTogether = 100;  // of one user, with what others ask; more make a question of their own

constexpr const char* kMessage =
    "(x.m).message_id, (x.m).seq, (x.m).rev, (x.m).sender_id, (x.m).client_msg_id, (x.m).content, (x.m).type, "
    "(x.m).media_id, (x.m).reply_to_seq, (x.m).mentions, (x.m).created_ms, (x.m).edited_ms, (x.m).deleted";

std::string bucket_text(const Ulid& id) { return std::to_string(domain::bucket_of(id)); }

base::Error no_such_conversation() { return {domain::Errc::not_found, "there is no such conversation among yours"}; }

std::optional<std::string> number(const std::optional<std::int64_t>& value) {
  if (!value) return std::nullopt;
  return std::to_string(*value);
}

domain::Summary summary(const pqxx::row& row) {
  domain::Summary out;
  auto& conversation = out.conversation;
  conversation.conversation_id = ulid(row["conversation_id"]);
  conversation.type = static_cast<domain::ConversationType>(integer(row["type"]));
  conversation.name = text(row["name"]);
  conversation.created_by = ulid(row["created_by"]);
  conversation.created_at = integer(row["created"]);
  conversation.head = head(row, 0, conversation.conversation_id);
  out.my_role = static_cast<domain::Role>(integer(row["my_role"]));
  if (!row["other_user_id"].is_null()) out.other_user_id = ulid(row["other_user_id"]);
  out.last_read_seq = integer(row["read_seq"]);
  out.unread = integer(row["unread"]);
  out.last_activity_at = integer(row["last_ms"]);
  const int first = static_cast<int>(row.size()) - kMessageColumns;
  if (!row[first].is_null()) out.last_message = message(row, first, conversation.conversation_id);
  return out;
}

const std::string& summaries_sql() {
  static const std::string sql =
      std::string(
          "select y.last_seq, y.last_rev, y.members_rev, y.member_count, y.conversation_id, y.type, y.name, "
          "y.created_by, y.created_ms as created, y.last_ms, y.my_role, y.read_seq, y.unread, y.other_user_id, ") +
      kMessage + " from chat_summaries($1,$3,$4,$2) y cross join lateral (select y.last as m) x";
  return sql;
}

}  // namespace

PostgresStore::Answer<std::vector<pqxx::result>> PostgresStore::ask_about(std::vector<Ulid> conversations,
                                                                          std::string sql, Parameters leading) {
  std::vector<std::uint16_t> buckets;
  buckets.reserve(conversations.size());
  for (const auto& id : conversations) buckets.push_back(domain::bucket_of(id));
  PostgresShards::Make make = [&conversations, &leading](const std::vector<std::size_t>& items) {
    std::vector<std::uint16_t> its_buckets;
    std::vector<Ulid> ids;
    for (auto item : items) {
      its_buckets.push_back(domain::bucket_of(conversations[item]));
      ids.push_back(conversations[item]);
    }
    auto parameters = leading;
    parameters.emplace_back(array_of(its_buckets));
    parameters.emplace_back(array_of(ids));
    return parameters;
  };
  auto slices = co_await shards_.spread(std::move(buckets), std::move(sql), std::move(make));
  std::vector<pqxx::result> results;
  for (auto& slice : slices) {
    if (!slice.rows) co_return base::fail(std::move(slice.rows).error());
    results.push_back(std::move(*slice.rows));
  }
  co_return results;
}

PostgresStore::Answer<std::vector<domain::Summary>> PostgresStore::summaries(Ulid user, std::vector<Ulid> conversations,
                                                                             bool with_last_message) {
  Parameters leading{user.uuid_text(), with_last_message ? "t" : "f"};
  auto results = co_await ask_about(std::move(conversations), summaries_sql(), std::move(leading));
  if (!results) co_return base::fail(std::move(results).error());
  std::vector<domain::Summary> all;
  for (const auto& rows : *results)
    for (const auto& row : rows) all.push_back(summary(row));
  co_return all;
}

PostgresStore::Answer<domain::Summary> PostgresStore::conversation(Ulid id, Ulid viewer) {
  std::vector<Ulid> ids{id};
  auto found = co_await summaries(viewer, std::move(ids), true);
  if (!found) co_return base::fail(std::move(found).error());
  if (found->empty()) co_return base::fail(no_such_conversation());
  co_return std::move(found->front());
}

PostgresStore::Answer<std::vector<domain::Member>> PostgresStore::members(Ulid id, Ulid viewer,
                                                                          std::optional<Ulid> after, int limit) {
  std::optional<std::string> start;
  if (after) start = after->uuid_text();
  Parameters parameters{bucket_text(id), id.uuid_text(), viewer.uuid_text(), start, std::to_string(limit)};
  auto rows =
      co_await shards_.at(domain::bucket_of(id), "select * from chat_members($1,$2,$3,$4,$5)", std::move(parameters));
  if (!rows) co_return base::fail(std::move(rows).error());
  std::vector<domain::Member> all;
  for (const auto& row : *rows) {
    all.push_back(
        {ulid(row[0]), static_cast<domain::Role>(integer(row[1])), integer(row[2]), integer(row[3]), integer(row[4])});
  }
  co_return all;
}

PostgresStore::Answer<ports::Page> PostgresStore::history(Ulid id, Ulid viewer, ports::HistoryQuery query) {
  Parameters parameters{bucket_text(id),      id.uuid_text(),      viewer.uuid_text(),
                        number(query.before), number(query.after), std::to_string(query.limit)};
  const auto sql = std::string("select ") + kMessage + ", x.last_seq from chat_history($1,$2,$3,$4,$5,$6) x";
  auto rows = co_await shards_.at(domain::bucket_of(id), sql, std::move(parameters));
  if (!rows) co_return base::fail(std::move(rows).error());
  ports::Page page;
  for (const auto& row : *rows) page.items.push_back(message(row, 0, id));
  if (!page.items.empty()) {
    const auto last_seq = integer((*rows)[0][kMessageColumns]);
    page.has_more = query.after ? page.items.back().seq < last_seq : page.items.front().seq > 1;
  }
  co_return page;
}

PostgresStore::Answer<ports::Changes> PostgresStore::changes(Ulid id, Ulid viewer, std::int64_t after_rev, int limit) {
  Parameters parameters{bucket_text(id), id.uuid_text(), viewer.uuid_text(), std::to_string(after_rev),
                        std::to_string(limit)};
  const auto sql = std::string("select ") + kMessage +
                   ", x.last_seq, x.last_rev, x.members_rev, x.member_count, x.at_rev"
                   " from chat_changes($1,$2,$3,$4,$5) x";
  auto rows = co_await shards_.at(domain::bucket_of(id), sql, std::move(parameters));
  if (!rows) co_return base::fail(std::move(rows).error());
  ports::Changes changes;
  for (const auto& row : *rows) {
    if (row["at_rev"].is_null()) {
      changes.head = head(row, kMessageColumns, id);
      continue;
    }
    changes.items.push_back(message(row, 0, id));
    changes.items.back().rev = integer(row["at_rev"]);
  }
  co_return changes;
}

PostgresStore::Answer<std::vector<domain::Head>> PostgresStore::heads(std::vector<Ulid> conversations) {
  Parameters leading{std::nullopt};
  auto results = co_await ask_about(std::move(conversations), "select * from chat_heads($1,$2,$3)", std::move(leading));
  if (!results) co_return base::fail(std::move(results).error());
  std::vector<domain::Head> all;
  for (const auto& rows : *results)
    for (const auto& row : rows) all.push_back(head(row, 1, ulid(row[0])));
  co_return all;
}

PostgresStore::Answer<std::vector<domain::Head>> PostgresStore::heads_of(Ulid user, std::vector<Ulid> conversations) {
  std::vector<domain::Head> all;
  if (conversations.size() <= kAskedTogether) {
    std::vector<GatheredQuestion::Item> items;
    items.reserve(conversations.size());
    for (const auto& id : conversations) items.push_back({domain::bucket_of(id), {user.uuid_text(), id.uuid_text()}});
    auto rows = co_await heads_of_each_.ask(std::move(items));
    if (!rows) co_return base::fail(std::move(rows).error());
    for (const auto& row : *rows) all.push_back(head(row, 2, ulid(row[1])));
    co_return all;
  }
  Parameters leading{user.uuid_text()};
  auto results = co_await ask_about(std::move(conversations), "select * from chat_heads($1,$2,$3)", std::move(leading));
  if (!results) co_return base::fail(std::move(results).error());
  for (const auto& rows : *results)
    for (const auto& row : rows) all.push_back(head(row, 1, ulid(row[0])));
  co_return all;
}

PostgresStore::Answer<ports::MembershipAnswer> PostgresStore::membership(Ulid id, std::vector<Ulid> users) {
  Parameters parameters{bucket_text(id), id.uuid_text(), array_of(users)};
  auto rows =
      co_await shards_.at(domain::bucket_of(id), "select * from chat_membership($1,$2,$3)", std::move(parameters));
  if (!rows) co_return base::fail(std::move(rows).error());
  if (rows->empty()) co_return base::fail(no_such_conversation());
  ports::MembershipAnswer answer;
  answer.head = head((*rows)[0], 0, id);
  answer.members = ulids((*rows)[0][4]);
  co_return answer;
}

PostgresStore::Answer<std::vector<ports::DeviceCursor>> PostgresStore::cursors(Ulid user, std::string device_id,
                                                                               std::vector<Ulid> conversations) {
  Parameters leading{user.uuid_text(), std::move(device_id)};
  auto results =
      co_await ask_about(std::move(conversations), "select * from chat_cursors($1,$2,$3,$4)", std::move(leading));
  if (!results) co_return base::fail(std::move(results).error());
  std::vector<ports::DeviceCursor> all;
  for (const auto& rows : *results)
    for (const auto& row : rows) all.push_back({ulid(row[0]), integer(row[1])});
  co_return all;
}

}  // namespace chat::adapters
