#pragma once
#include "dataplane/base/blocking_pool.hpp"

#include <map>
#include <mutex>
#include <optional>

#include "dataplane/base/clock.hpp"
#include "dataplane/io/postgres/connection.hpp"
#include "operator/ports/shard_admin.hpp"
#include "operator/shards/migrations.hpp"

namespace chatop::shards {

// Shards that are PostgreSQL servers, reached as their superuser, or, where somebody else runs them, as the user that
// owns (or may make) the database chat and made (or may make) the role chat. Reports come every few seconds and share a
// connection: signing on costs a server more than all the questions. After half a minute it is made anew, so that a
// login that would not work any more is noticed. Other calls have connections of their own.
class PostgresShardAdmin final : public ports::ShardAdmin {
 public:
  // `migrations` were loaded once: all shards get the same files, also when the folder changes meanwhile.
  PostgresShardAdmin(chat::base::BlockingPool& pool, std::vector<Migration> migrations);

  chat::base::Task<chat::base::Result<ports::ShardReport>> report(ports::ShardAccess access) override;
  chat::base::Task<chat::base::Status> migrate(ports::ShardAccess access) override;
  chat::base::Task<chat::base::Status> restore_login(ports::ShardAccess access) override;
  chat::base::Task<chat::base::Status> own(ports::ShardAccess access, std::string shard,
                                           std::vector<ports::OwnedRange> ranges) override;

 private:
  using Connection = chat::io::postgres::Connection;
  struct Kept {
    Connection connection;
    chat::base::SteadyTime made;
    std::string login;  // of the daemons: as it was when it was proven to work; empty: never
  };
  [[nodiscard]] std::optional<Kept> take(const ports::ShardAccess& access);
  void give(const ports::ShardAccess& access, Kept kept);
  [[nodiscard]] chat::base::Result<ports::ShardReport> read_report(const ports::ShardAccess& access);
  [[nodiscard]] chat::base::Status read_database(const ports::ShardAccess& access, Kept& kept,
                                                 ports::ShardReport& report) const;
  [[nodiscard]] static chat::base::Status try_login(const ports::ShardAccess& access, Kept& kept,
                                                    ports::ShardReport& report);
  [[nodiscard]] static std::string login_problem(const ports::ShardAccess& access);
  [[nodiscard]] static bool login_works(const ports::ShardAccess& access);
  [[nodiscard]] chat::base::Status make_database(const ports::ShardAccess& access) const;
  chat::base::BlockingPool& pool_;
  std::vector<Migration> migrations_;
  std::mutex mutex_;  // reports run on the pool's threads, of one shard one at a time
  std::map<std::string, Kept> kept_;
};

}  // namespace chatop::shards
