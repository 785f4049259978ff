#pragma once
#include "dataplane/base/task.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/base/clock.hpp"
#include "dataplane/domain/cluster_map.hpp"
#include "dataplane/io/postgres/pool.hpp"

namespace chat::adapters {

struct PostgresOptions {
  std::string user = "chat";
  std::string password;
  std::string password_file = {};  // as io/postgres says
  std::string database = "chat";
  std::string application;  // shows in pg_stat_activity
  std::string ca_file;      // TLS, with a server whose certificate is of it; empty: as io/postgres says
  std::string sslmode = "verify-full";
  std::size_t connections = 4;    // to each shard
  std::size_t queue_bound = 512;  // calls that may wait for one of them
  std::chrono::milliseconds statement_timeout{5000};
};
[[nodiscard]] io::postgres::Target shard_target(const PostgresOptions& options, const domain::Shard& shard);

// All shards behind one question: what is asked about a bucket finds the shard that owns it. Where the map is behind,
// the shard asked says who owns the bucket (I5): that is kept, and asked there, a bounded number of times.
//
// One thread: everything is called on the executor's; only the statements run on the pools' threads. Destroy it when
// no call is under way.
class PostgresShards {
 public:
  using Parameters = io::postgres::Connection::Parameters;
  using Rows = base::Result<pqxx::result>;
  // Whether a call whose outcome is not known may be made again. Where it may not, such an error is the answer.
  enum class Repeat { safe, never };

  PostgresShards(domain::ClusterMap map, PostgresOptions options);
  ~PostgresShards();
  PostgresShards(const PostgresShards&) = delete;
  PostgresShards& operator=(const PostgresShards&) = delete;

  void update(const domain::ClusterMap& map);

  [[nodiscard]] base::Task<Rows> at(std::uint16_t bucket, std::string sql, Parameters parameters,
                                    Repeat repeat = Repeat::safe);

  // One question about many buckets: a call for each shard (and for each kSliceItems of it), all at once. `make` builds
  // the parameters for the items (indices into `buckets`) of one call. Every item is in exactly one slice.
  struct Slice {
    std::vector<std::size_t> items;
    Rows rows;
  };
  using Make = std::function<Parameters(const std::vector<std::size_t>&)>;
  static constexpr std::size_t kSliceItems = 500;
  [[nodiscard]] base::Task<std::vector<Slice>> spread(std::vector<std::uint16_t> buckets, std::string sql, Make make);

  // A shard by its name; and all of them.
  [[nodiscard]] base::Task<Rows> on(std::string shard, std::string sql, Parameters parameters);
  [[nodiscard]] base::Task<base::Result<std::vector<pqxx::result>>> everywhere(std::string sql, Parameters parameters);

  // Postgres's clock minus `clock`, in milliseconds, as good as half a round trip.
  [[nodiscard]] base::Task<base::Result<std::int64_t>> clock_drift(const base::Clock& clock);
  // Every shard answers; else the first failure, which names the shard.
  [[nodiscard]] base::Task<base::Status> ping();

  [[nodiscard]] std::string owner(std::uint16_t bucket) const { return router_.owner(bucket); }
  [[nodiscard]] std::vector<std::string> shard_names() const;

 private:
  using Pool = std::shared_ptr<io::postgres::Pool>;  // shared with calls under way when the map takes a shard away

  Pool pool(const std::string& shard);
  void learn(const struct Moved& moved);
  base::Task<Rows> call(std::string shard, std::string sql, Parameters parameters, Repeat repeat);
  base::Task<> call_into(std::string shard, std::string sql, Parameters parameters, Rows* into);

  domain::Router router_;
  PostgresOptions options_;
  std::map<std::string, Pool> pools_;
};

}  // namespace chat::adapters
