#pragma once
#include "dataplane/adapters/postgres_shards.hpp"
#include "dataplane/ports/shard_upkeep.hpp"

namespace chat::adapters {

// Over migrations/0008_outbox_and_audit.sql. Lives no longer than `shards`; one thread, like it.
class PostgresUpkeep final : public ports::ShardUpkeep {
 public:
  explicit PostgresUpkeep(PostgresShards& shards) : shards_(shards) {}

  base::Task<base::Result<std::vector<Pair>>> members_after(std::string shard, Pair last, int limit) override;
  base::Task<base::Result<std::vector<Pair>>> links_after(std::string shard, Pair last, int limit) override;
  base::Task<base::Result<std::vector<Side>>> links_of(std::vector<Pair> pairs) override;
  base::Task<base::Result<std::vector<Side>>> memberships_of(std::vector<Pair> pairs) override;
  base::Task<base::Result<std::int64_t>> ensure_partitions(std::string shard) override;

 private:
  // `leading` is the id whose bucket says where a pair's other side is.
  base::Task<base::Result<std::vector<Side>>> sides(std::vector<Pair> pairs, std::string sql, base::Ulid Pair::*leading,
                                                    base::Ulid Pair::*other);
  PostgresShards& shards_;
};

}  // namespace chat::adapters
