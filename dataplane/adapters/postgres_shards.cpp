#include "dataplane/adapters/postgres_shards.hpp"

#include <boost/asio/this_coro.hpp>
#include <numeric>

#include "dataplane/adapters/postgres_errors.hpp"
#include "dataplane/adapters/postgres_rows.hpp"
#include "dataplane/domain/errors.hpp"

namespace chat::adapters {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr int kMostMoves = 5;
constexpr int kMostTries = 4;
constexpr auto kNoRepeatAfter = 2s;    // a server that took so long is not just restarting
constexpr auto kSharp = 500ms;         // a clock that was read more slowly says nothing about a drift of a second
constexpr auto kLongestCalls = 10min;  // far above any: statements have deadlines of their own

base::Task<> pause(std::chrono::milliseconds time) {
  auto executor = co_await boost::asio::this_coro::executor;
  boost::asio::steady_timer timer(executor);
  co_await base::sleep_until(timer, steady_clock::now() + time);
}

bool worth_repeating(const base::Error& error, PostgresShards::Repeat repeat) {
  if (error.code == io::postgres::Errc::connect || passing(error)) return true;
  return error.code == io::postgres::Errc::unknown_outcome && repeat == PostgresShards::Repeat::safe;
}

}  // namespace

io::postgres::Target shard_target(const PostgresOptions& options, const domain::Shard& shard) {
  io::postgres::Target target;
  target.host = shard.address.host;
  target.port = shard.address.port;
  target.user = options.user;
  target.password = options.password;
  target.password_file = options.password_file;
  target.database = options.database;
  target.application = options.application;
  target.ca_file = options.ca_file;
  target.sslmode = options.sslmode;
  target.statement_timeout = options.statement_timeout;
  return target;
}

PostgresShards::PostgresShards(domain::ClusterMap map, PostgresOptions options)
    : router_(std::move(map)), options_(std::move(options)) {}
PostgresShards::~PostgresShards() = default;

void PostgresShards::update(const domain::ClusterMap& map) {
  if (!router_.adopt(map)) return;
  std::erase_if(pools_, [this](const auto& entry) {
    const auto* shard = router_.map().shard(entry.first);
    return shard == nullptr || shard_target(options_, *shard) != entry.second->target();
  });
}

std::vector<std::string> PostgresShards::shard_names() const {
  std::vector<std::string> names;
  for (const auto& shard : router_.map().shards) names.push_back(shard.name);
  return names;
}

PostgresShards::Pool PostgresShards::pool(const std::string& shard) {
  if (auto found = pools_.find(shard); found != pools_.end()) return found->second;
  const auto* known = router_.map().shard(shard);
  if (known == nullptr) return nullptr;
  auto made =
      std::make_shared<io::postgres::Pool>(shard_target(options_, *known), options_.connections, options_.queue_bound);
  pools_.emplace(shard, made);
  return made;
}

void PostgresShards::learn(const Moved& moved) {
  for (int bucket = moved.low; bucket <= moved.high; ++bucket)
    router_.learn(static_cast<std::uint16_t>(bucket), moved.owner, moved.epoch);
}

// One call of one shard, repeated shortly where it can not have happened (or may happen twice).
base::Task<PostgresShards::Rows> PostgresShards::call(std::string shard, std::string sql, Parameters parameters,
                                                      Repeat repeat) {
  const auto begun = steady_clock::now();
  for (int attempt = 1;; ++attempt) {
    auto its_pool = pool(shard);
    if (!its_pool) {
      co_return base::fail(domain::Errc::unavailable, "the shard \"" + shard + "\" is not in the cluster map yet", 1s);
    }
    auto work = [&sql, &parameters](io::postgres::Connection& connection) {
      return connection.execute_prepared(sql, parameters);
    };
    auto rows = co_await its_pool->run(work);
    if (rows) co_return rows;
    const bool again =
        attempt < kMostTries && steady_clock::now() - begun < kNoRepeatAfter && worth_repeating(rows.error(), repeat);
    if (!again) {
      auto error = std::move(rows).error();
      if (!moved_in(error)) error = translate(std::move(error));
      co_return base::fail(std::move(error));
    }
    co_await pause(20ms * (1 << (2 * (attempt - 1))));
  }
}

base::Task<PostgresShards::Rows> PostgresShards::at(std::uint16_t bucket, std::string sql, Parameters parameters,
                                                    Repeat repeat) {
  for (int moves = 0; moves < kMostMoves; ++moves) {
    const auto shard = router_.owner(bucket);
    auto rows = co_await call(shard, sql, parameters, repeat);
    if (rows) co_return rows;
    const auto moved = moved_in(rows.error());
    if (!moved) co_return rows;
    learn(*moved);
    // Two shards that point at each other: a switch is under way.
    if (router_.owner(bucket) == shard) co_await pause(50ms * (1 << moves));
  }
  co_return base::fail(domain::Errc::unavailable, "no shard owns bucket " + std::to_string(bucket) + " at this moment",
                       1s);
}

base::Task<> PostgresShards::call_into(std::string shard, std::string sql, Parameters parameters, Rows* into) {
  *into = co_await call(std::move(shard), std::move(sql), std::move(parameters), Repeat::safe);
}

base::Task<std::vector<PostgresShards::Slice>> PostgresShards::spread(std::vector<std::uint16_t> buckets,
                                                                      std::string sql, Make make) {
  std::vector<Slice> done;
  std::vector<std::size_t> open(buckets.size());
  std::iota(open.begin(), open.end(), std::size_t{0});
  for (int moves = 0; !open.empty(); ++moves) {
    std::map<std::string, std::vector<std::vector<std::size_t>>> by_shard;
    for (auto item : open) {
      auto& slices = by_shard[router_.owner(buckets[item])];
      if (slices.empty() || slices.back().size() >= kSliceItems) slices.emplace_back();
      slices.back().push_back(item);
    }
    std::vector<std::string> shards;
    std::vector<Slice> round;
    for (auto& [shard, slices] : by_shard) {
      for (auto& items : slices) {
        shards.push_back(shard);
        round.push_back({std::move(items), pqxx::result()});
      }
    }
    if (round.size() == 1) {
      auto parameters = make(round.front().items);
      co_await call_into(shards.front(), sql, std::move(parameters), &round.front().rows);
    } else {
      base::TaskGroup calls(co_await boost::asio::this_coro::executor);
      for (std::size_t i = 0; i < round.size(); ++i)
        calls.spawn("spread", call_into(shards[i], sql, make(round[i].items), &round[i].rows));
      while (!co_await calls.idle(steady_clock::now() + kLongestCalls)) {
      }
    }
    open.clear();
    for (auto& slice : round) {
      const auto moved = slice.rows ? std::nullopt : moved_in(slice.rows.error());
      if (!moved) {
        done.push_back(std::move(slice));
        continue;
      }
      learn(*moved);
      if (moves < kMostMoves) {
        open.insert(open.end(), slice.items.begin(), slice.items.end());
      } else {
        slice.rows = base::fail(domain::Errc::unavailable, "no shard owns these buckets at this moment", 1s);
        done.push_back(std::move(slice));
      }
    }
    if (!open.empty() && moves > 0) co_await pause(20ms * (1 << moves));
  }
  co_return done;
}

base::Task<PostgresShards::Rows> PostgresShards::on(std::string shard, std::string sql, Parameters parameters) {
  co_return co_await call(std::move(shard), std::move(sql), std::move(parameters), Repeat::safe);
}

base::Task<base::Result<std::vector<pqxx::result>>> PostgresShards::everywhere(std::string sql, Parameters parameters) {
  const auto shards = shard_names();
  std::vector<Rows> answers(shards.size(), pqxx::result());
  base::TaskGroup calls(co_await boost::asio::this_coro::executor);
  for (std::size_t i = 0; i < shards.size(); ++i)
    calls.spawn("everywhere", call_into(shards[i], sql, parameters, &answers[i]));
  while (!co_await calls.idle(steady_clock::now() + kLongestCalls)) {
  }
  std::vector<pqxx::result> results;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    if (!answers[i]) {
      auto error = std::move(answers[i]).error();
      error.message = shards[i] + ": " + error.message;
      co_return base::fail(std::move(error));
    }
    results.push_back(std::move(*answers[i]));
  }
  co_return results;
}

base::Task<base::Result<std::int64_t>> PostgresShards::clock_drift(const base::Clock& clock) {
  const auto shards = shard_names();
  base::Error last{domain::Errc::unavailable, "the cluster map names no shard"};
  for (const auto& shard : shards) {
    const auto before = clock.now_milliseconds();
    const auto asked = clock.steady();
    auto rows = co_await on(shard, "select (extract(epoch from clock_timestamp()) * 1000)::bigint", {});
    const bool sharp = clock.steady() - asked < kSharp;
    if (rows && !rows->empty() && sharp) co_return integer((*rows)[0][0]) - (before + clock.now_milliseconds()) / 2;
    last = rows ? base::Error{domain::Errc::unavailable, shard + " took too long to tell its time"} : rows.error();
  }
  co_return base::fail(std::move(last));
}

base::Task<base::Status> PostgresShards::ping() {
  auto answers = co_await everywhere("select 1", {});
  if (!answers) co_return base::fail(std::move(answers).error());
  co_return base::Status{};
}

}  // namespace chat::adapters
