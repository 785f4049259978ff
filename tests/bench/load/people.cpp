#include "tests/bench/load/people.hpp"

#include <stdexcept>

#include "dataplane/adapters/postgres_directory.hpp"
#include "dataplane/adapters/postgres_event_log.hpp"
#include "dataplane/adapters/postgres_store.hpp"
#include "dataplane/base/config.hpp"
#include "dataplane/domain/bucket.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/run_task.hpp"

namespace chat::bench {
namespace {

using base::Ulid;

constexpr std::chrono::minutes kPatience{3};
constexpr std::int64_t kTokenMilliseconds = 3'600'000;  // longer than any run

template <class R>
auto must(R result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<typename R::value_type>) return std::move(*result);
}

std::string name_of(const Ulid& id) { return "bench_" + id.text(); }

}  // namespace

Population::Population(const std::filesystem::path& cluster) {
  map_ = must(domain::parse_cluster_map(must(base::read_secret(cluster / "map.json"))));
  options_.password = must(base::read_secret(cluster / "secrets" / "postgres_chat_password"));
  options_.application = "bench";
  options_.statement_timeout = kPatience;
  superuser_ = options_;
  superuser_.user = "postgres";
  superuser_.password = must(base::read_secret(cluster / "secrets" / "postgres_superuser_password"));
  shards_ = std::make_unique<adapters::PostgresShards>(map_, options_);
  adapters::JwtOptions keys;
  keys.keys_dir = cluster / "secrets" / "jwt";
  keys.issuer = adapters::jwt_issuer(map_.cluster);
  signer_ = must(adapters::JwtSigner::load(keys));
}

void Population::write(const std::string& sql, const std::vector<Row>& rows) {
  std::vector<std::uint16_t> buckets;
  buckets.reserve(rows.size());
  for (const auto& row : rows) buckets.push_back(row.bucket);
  auto make = [&rows](const std::vector<std::size_t>& items) {
    std::vector<io::postgres::ArrayLiteral> columns(1 + rows[items[0]].fields.size());
    for (const auto item : items) {
      columns[0].add(std::int64_t{rows[item].bucket});
      for (std::size_t i = 0; i < rows[item].fields.size(); ++i) columns[i + 1].add(rows[item].fields[i]);
    }
    adapters::PostgresShards::Parameters parameters;
    for (auto& column : columns) parameters.emplace_back(column.take());
    return parameters;
  };
  for (const auto& slice : testing::run_task(shards_->spread(buckets, sql, make), kPatience)) must(slice.rows);
}

std::vector<Person> Population::people(std::size_t count) {
  const auto now = clock_.now_milliseconds();
  const auto now_text = std::to_string(now);
  std::vector<Person> people;
  std::vector<Row> names;
  std::vector<Row> users;
  for (std::size_t i = 0; i < count; ++i) {
    ports::Identity identity;
    identity.user_id = base::new_ulid(now);
    identity.username = name_of(identity.user_id);
    identity.device_id = "bench-device";
    identity.session_id = base::new_ulid(now);
    identity.expires_at = now + kTokenMilliseconds;
    people.push_back({identity.user_id, signer_->sign(identity, now)});
    std::string lower = identity.username;
    for (auto& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    names.push_back({domain::bucket_of_name(lower), {lower, identity.user_id.uuid_text(), now_text}});
    users.push_back({domain::bucket_of(identity.user_id), {identity.user_id.uuid_text(), identity.username, now_text}});
  }
  write(
      "select chat_claim_name(b, n, u, t, null) from unnest($1::smallint[], $2::text[], $3::uuid[], $4::bigint[]) "
      "as q(b, n, u, t)",
      names);
  write(
      "select chat_create_user(b, u, n, n, '', t) from unnest($1::smallint[], $2::uuid[], $3::text[], $4::bigint[]) "
      "as q(b, u, n, t)",
      users);
  write(
      "select chat_confirm_name(b, n, u) from unnest($1::smallint[], $2::text[], $3::uuid[], $4::bigint[]) "
      "as q(b, n, u, t)",
      names);
  return people;
}

std::vector<Ulid> Population::pair_up(const std::vector<Person>& people) {
  const auto now = std::to_string(clock_.now_milliseconds());
  std::vector<Ulid> talks;
  std::vector<Row> made;
  std::vector<Row> linked;
  for (std::size_t i = 0; i + 1 < people.size(); i += 2) {
    const auto left = people[i].user_id;
    const auto right = people[i + 1].user_id;
    const auto talk = domain::one_on_one_id(left, right);
    talks.push_back(talk);
    made.push_back({domain::bucket_of(talk), {talk.uuid_text(), left.uuid_text(), right.uuid_text(), now}});
    for (const auto& user : {left, right})
      linked.push_back({domain::bucket_of(user), {user.uuid_text(), talk.uuid_text(), now}});
  }
  write(
      "select chat_create_conversation(b, c, 0::smallint, '', l, array[l, r], array[2, 2]::smallint[], t) "
      "from unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[]) as q(b, c, l, r, t)",
      made);
  write(
      "select chat_link(array[b], array[u], c, true, 1, t) "
      "from unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::bigint[]) as q(b, u, c, t)",
      linked);
  return talks;
}

Ulid Population::group(const std::vector<Person>& people) {
  const auto now = clock_.now_milliseconds();
  const auto id = base::new_ulid(now);
  std::vector<Ulid> members;
  members.reserve(people.size());
  for (const auto& person : people) members.push_back(person.user_id);
  adapters::PostgresStore store(*shards_);
  must(testing::run_task(store.create_group(id, "bench", members.front(), members, now), kPatience));
  adapters::PostgresDirectory directory(*shards_);
  must(testing::run_task(directory.link(members, id, 1, now), kPatience));
  return id;
}

void Population::await_workers(const domain::Shard& shard) {
  adapters::PostgresEventLog events(adapters::shard_target(options_, shard));
  const auto written = std::chrono::steady_clock::now();
  const auto worked_off = [&] {
    const auto lag = must(events.lag());
    const std::chrono::duration<double> since = std::chrono::steady_clock::now() - written;
    return lag.rows == 0 || lag.oldest_seconds < since.count();
  };
  if (!testing::eventually(worked_off, kPatience))
    throw std::runtime_error("the workers do not come after what was prepared");
}

void Population::come_to_rest() {
  for (const auto& shard : map_.shards) await_workers(shard);
  for (const auto& shard : map_.shards)
    must(io::postgres::Connection(adapters::shard_target(superuser_, shard)).execute("vacuum (analyze)"));
}

}  // namespace chat::bench
