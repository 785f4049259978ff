#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/adapters/jwt.hpp"
#include "dataplane/adapters/postgres_shards.hpp"
#include "dataplane/base/clock.hpp"

namespace chat::bench {

struct Person {
  base::Ulid user_id;
  std::string token;
};

// Makes people and their conversations for a load, faster than REST would: bcrypt at cost 12 allows a few
// registrations a second. The rows are written through the same functions of the database, as the daemons' own user,
// and the tokens are signed with the cluster's own key: every check of the servers stays in force. Such people have no
// password, so they can not log in over REST.
class Population {
 public:
  // `cluster`: the ChatCluster's folder in local mode, DIR/clusters/NAME. Throws where it can not be read.
  explicit Population(const std::filesystem::path& cluster);

  [[nodiscard]] std::vector<Person> people(std::size_t count);
  // A one-on-one conversation of each two neighbours; answers their ids.
  std::vector<base::Ulid> pair_up(const std::vector<Person>& people);
  // One group of all of them, owned by the first.
  base::Ulid group(const std::vector<Person>& people);
  // To be called when all are made: returns when the workers have done what these ask for, and PostgreSQL has tidied up
  // after them (it would do so within a minute, and the first to read a new row would write for it). What comes then is
  // the load's alone.
  void come_to_rest();

 private:
  struct Row {
    std::uint16_t bucket = 0;
    std::vector<std::string> fields;
  };
  // One statement for many rows: its parameters are arrays, first that of the buckets.
  void write(const std::string& sql, const std::vector<Row>& rows);
  void await_workers(const domain::Shard& shard);

  base::SystemClock clock_;
  std::unique_ptr<adapters::JwtSigner> signer_;
  domain::ClusterMap map_;
  adapters::PostgresOptions options_;
  adapters::PostgresOptions superuser_;
  std::unique_ptr<adapters::PostgresShards> shards_;
};

}  // namespace chat::bench
