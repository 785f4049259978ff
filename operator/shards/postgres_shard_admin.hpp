#pragma once
#include "dataplane/base/blocking_pool.hpp"
#include "operator/ports/shard_admin.hpp"
#include "operator/shards/migrations.hpp"

namespace chatop::shards {

// Shards that are PostgreSQL servers, reached as their superuser. A connection a call: a few a second at most.
class PostgresShardAdmin final : public ports::ShardAdmin {
 public:
  // `migrations` were loaded once: all shards get the same files, also when the folder changes meanwhile.
  PostgresShardAdmin(chat::base::BlockingPool& pool, std::vector<Migration> migrations);

  chat::base::Task<chat::base::Result<ports::ShardReport>> report(ports::ShardAccess access) override;
  chat::base::Task<chat::base::Status> migrate(ports::ShardAccess access) override;
  chat::base::Task<chat::base::Status> own(ports::ShardAccess access, std::string shard,
                                           std::vector<ports::OwnedRange> ranges) override;

 private:
  [[nodiscard]] chat::base::Result<ports::ShardReport> read_report(const ports::ShardAccess& access) const;
  [[nodiscard]] chat::base::Status make_database(const ports::ShardAccess& access) const;
  chat::base::BlockingPool& pool_;
  std::vector<Migration> migrations_;
};

}  // namespace chatop::shards
