#include "dataplane/adapters/postgres_upkeep.hpp"

#include "dataplane/adapters/postgres_rows.hpp"

namespace chat::adapters {

using Parameters = PostgresShards::Parameters;

base::Task<base::Result<std::vector<ports::ShardUpkeep::Pair>>> PostgresUpkeep::members_after(std::string shard,
                                                                                              Pair last, int limit) {
  Parameters parameters{std::to_string(last.bucket), last.conversation_id.uuid_text(), last.user_id.uuid_text(),
                        std::to_string(limit)};
  auto rows =
      co_await shards_.on(std::move(shard), "select * from chat_audit_members($1,$2,$3,$4)", std::move(parameters));
  if (!rows) co_return base::fail(std::move(rows).error());
  std::vector<Pair> pairs;
  for (const auto& row : *rows) {
    pairs.push_back({static_cast<std::uint16_t>(integer(row[0])), ulid(row[1]), ulid(row[2]), integer(row[3]),
                     integer(row[4]), boolean(row[5])});
  }
  co_return pairs;
}

base::Task<base::Result<std::vector<ports::ShardUpkeep::Pair>>> PostgresUpkeep::links_after(std::string shard,
                                                                                            Pair last, int limit) {
  Parameters parameters{std::to_string(last.bucket), last.user_id.uuid_text(), last.conversation_id.uuid_text(),
                        std::to_string(limit)};
  auto rows =
      co_await shards_.on(std::move(shard), "select * from chat_audit_links($1,$2,$3,$4)", std::move(parameters));
  if (!rows) co_return base::fail(std::move(rows).error());
  std::vector<Pair> pairs;
  for (const auto& row : *rows) {
    pairs.push_back(
        {static_cast<std::uint16_t>(integer(row[0])), ulid(row[2]), ulid(row[1]), integer(row[3]), 0, boolean(row[4])});
  }
  co_return pairs;
}

base::Task<base::Result<std::vector<ports::ShardUpkeep::Side>>> PostgresUpkeep::sides(std::vector<Pair> pairs,
                                                                                      std::string sql,
                                                                                      base::Ulid Pair::*leading,
                                                                                      base::Ulid Pair::*other) {
  std::vector<std::uint16_t> buckets;
  buckets.reserve(pairs.size());
  for (const auto& pair : pairs) buckets.push_back(domain::bucket_of(pair.*leading));
  PostgresShards::Make make = [&](const std::vector<std::size_t>& items) {
    std::vector<std::uint16_t> its_buckets;
    std::vector<base::Ulid> first;
    std::vector<base::Ulid> second;
    for (auto item : items) {
      its_buckets.push_back(domain::bucket_of(pairs[item].*leading));
      first.push_back(pairs[item].*leading);
      second.push_back(pairs[item].*other);
    }
    return Parameters{array_of(its_buckets), array_of(first), array_of(second)};
  };
  auto slices = co_await shards_.spread(std::move(buckets), std::move(sql), std::move(make));
  std::vector<Side> answers(pairs.size());
  for (auto& slice : slices) {
    if (!slice.rows) co_return base::fail(std::move(slice.rows).error());
    for (std::size_t i = 0; i < slice.items.size(); ++i) {
      const auto row = (*slice.rows)[static_cast<pqxx::result::size_type>(i)];
      answers[slice.items[i]] = {boolean(row[0]), integer(row[1])};
    }
  }
  co_return answers;
}

base::Task<base::Result<std::vector<ports::ShardUpkeep::Side>>> PostgresUpkeep::links_of(std::vector<Pair> pairs) {
  co_return co_await sides(std::move(pairs), "select * from chat_links($1,$2,$3)", &Pair::user_id,
                           &Pair::conversation_id);
}

base::Task<base::Result<std::vector<ports::ShardUpkeep::Side>>> PostgresUpkeep::memberships_of(
    std::vector<Pair> pairs) {
  co_return co_await sides(std::move(pairs), "select * from chat_memberships($1,$2,$3)", &Pair::conversation_id,
                           &Pair::user_id);
}

base::Task<base::Result<std::int64_t>> PostgresUpkeep::ensure_partitions(std::string shard) {
  auto rows = co_await shards_.on(std::move(shard), "select chat_ensure_partitions()", {});
  if (!rows) co_return base::fail(std::move(rows).error());
  co_return integer((*rows)[0][0]);
}

}  // namespace chat::adapters
