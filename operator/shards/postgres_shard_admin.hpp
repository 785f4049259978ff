#pragma once
#include "dataplane/base/blocking_pool.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "dataplane/base/clock.hpp"
#include "dataplane/io/postgres/connection.hpp"
#include "operator/ports/shard_admin.hpp"
#include "operator/shards/memory_file.hpp"
#include "operator/shards/migrations.hpp"

namespace chatop::shards {

// With the file that libpq reads whom to trust from, kept for as long as a connection may be made again. Shared among
// the shards of one CA. nullptr: without TLS.
struct SecuredAccess : ports::ShardAccess {
  std::shared_ptr<const MemoryFile> ca;
};

// Shards that are PostgreSQL servers, reached as their superuser, or, where somebody else runs them, as the user that
// owns (or may make) the database chat and made (or may make) the role chat. Reports that come every few seconds share
// a connection: signing on costs a server more than all the questions. After half a minute it is made anew, so that a
// login that would not work any more is noticed. Only so many are kept, of those that were asked last: with many shards
// each is asked seldom, and a connection costs memory on both sides. Other calls have connections of their own.
class PostgresShardAdmin final : public ports::ShardAdmin {
 public:
  static constexpr std::size_t kMostKept = 64;
  // `migrations` were loaded once: all shards get the same files, also when the folder changes meanwhile.
  PostgresShardAdmin(chat::base::BlockingPool& pool, std::vector<Migration> migrations,
                     std::size_t most_kept = kMostKept);

  chat::base::Task<chat::base::Result<ports::ShardReport>> report(ports::ShardAccess access) override;
  chat::base::Task<chat::base::Status> migrate(ports::ShardAccess access) override;
  chat::base::Task<chat::base::Status> restore_login(ports::ShardAccess access) override;
  chat::base::Task<chat::base::Status> own(ports::ShardAccess access, std::string shard,
                                           std::vector<ports::OwnedRange> ranges) override;

 private:
  using Connection = chat::io::postgres::Connection;
  struct Kept {
    Connection connection;
    std::shared_ptr<const MemoryFile> ca;
    chat::base::SteadyTime made;
  };
  struct Proven {
    std::size_t login = 0;  // a hash of the daemons' login that worked
    chat::base::SteadyTime at;
  };
  [[nodiscard]] chat::base::Result<SecuredAccess> secured(ports::ShardAccess access);
  [[nodiscard]] std::optional<Kept> take(const SecuredAccess& access);
  void give(const SecuredAccess& access, Kept kept);
  [[nodiscard]] chat::base::Result<ports::ShardReport> read_report(const SecuredAccess& access);
  [[nodiscard]] chat::base::Status read_database(const SecuredAccess& access, Connection& connection,
                                                 ports::ShardReport& report);
  [[nodiscard]] chat::base::Status try_login(const SecuredAccess& access, Connection& connection,
                                             ports::ShardReport& report);
  [[nodiscard]] static std::string login_problem(const SecuredAccess& access);
  [[nodiscard]] static bool login_works(const SecuredAccess& access);
  [[nodiscard]] chat::base::Status make_database(const SecuredAccess& access) const;
  chat::base::BlockingPool& pool_;
  std::vector<Migration> migrations_;
  std::size_t most_kept_;
  std::mutex mutex_;  // reports run on the pool's threads, of one shard one at a time
  std::map<std::string, Kept> kept_;
  std::map<std::string, Proven> proven_;                          // by shard
  std::map<std::string, std::weak_ptr<const MemoryFile>> files_;  // by their text
};

}  // namespace chatop::shards
