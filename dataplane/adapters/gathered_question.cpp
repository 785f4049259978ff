#include "dataplane/adapters/gathered_question.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>

#include "dataplane/adapters/postgres_rows.hpp"
#include "dataplane/domain/errors.hpp"

namespace chat::adapters {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kMostTogether = 200;
constexpr std::size_t kMostWaiting = 20'000;       // items, for each shard
constexpr std::chrono::milliseconds kJustNow{50};  // who comes so soon after others is seldom the last
constexpr std::chrono::milliseconds kForOthers{2};
constexpr std::chrono::minutes kLongest{10};  // far above any: statements have deadlines of their own

PostgresShards::Parameters parameters_of(const std::vector<const GatheredQuestion::Item*>& items) {
  io::postgres::ArrayLiteral buckets;
  std::vector<io::postgres::ArrayLiteral> values(items.front()->values.size());
  for (const auto* item : items) {
    buckets.add(std::int64_t{item->bucket});
    for (std::size_t i = 0; i < values.size(); ++i) values[i].add(item->values[i]);
  }
  PostgresShards::Parameters parameters{buckets.take()};
  for (auto& value : values) parameters.emplace_back(value.take());
  return parameters;
}

}  // namespace

// One call of ask().
struct GatheredQuestion::Asking {
  explicit Asking(const boost::asio::any_io_executor& executor) : answered(executor), calls(executor) {}
  std::size_t open = 0;  // items without an answer
  Rows rows;
  std::optional<base::Error> error;
  boost::asio::steady_timer answered;  // cancelled with the last answer
  base::TaskGroup calls;               // those that it makes, also for others
};

base::Task<base::Result<GatheredQuestion::Rows>> GatheredQuestion::ask(std::vector<Item> items) {
  const auto executor = co_await boost::asio::this_coro::executor;
  Asking asking(executor);
  std::vector<std::string> concerned;
  for (auto& item : items) {
    const auto shard = shards_.owner(item.bucket);
    auto& queue = queues_[shard];
    if (queue.waiting.size() >= kMostWaiting) {
      asking.error = base::Error{make_error_code(domain::Errc::unavailable), "too many questions wait for " + shard,
                                 std::chrono::seconds(1)};
      continue;
    }
    queue.waiting.push_back({&asking, std::move(item)});
    ++asking.open;
    concerned.push_back(shard);
  }
  for (const auto& shard : concerned) {
    if (!queues_[shard].under_way) go_on(shard);
  }
  while (asking.open > 0) co_await base::sleep_until(asking.answered, steady_clock::now() + kLongest);
  while (!co_await asking.calls.idle(steady_clock::now() + kLongest)) {
  }
  if (asking.error) co_return base::fail(std::move(*asking.error));
  co_return std::move(asking.rows);
}

// Whoever waits first makes the next call, for itself and those behind it.
void GatheredQuestion::go_on(const std::string& shard) {
  auto& queue = queues_[shard];
  queue.under_way = !queue.waiting.empty();
  if (queue.under_way) queue.waiting.front().of->calls.spawn("ask_together", ask_together(shard));
}

base::Task<> GatheredQuestion::ask_together(std::string shard) {
  auto& queue = queues_[shard];
  if (const auto now = steady_clock::now(); now < queue.answered_at + kJustNow) {
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
    co_await base::sleep_until(timer, now + kForOthers);
  }
  const auto count = static_cast<std::ptrdiff_t>(std::min(queue.waiting.size(), kMostTogether));
  std::vector<Waiting> batch(std::make_move_iterator(queue.waiting.begin()),
                             std::make_move_iterator(queue.waiting.begin() + count));
  queue.waiting.erase(queue.waiting.begin(), queue.waiting.begin() + count);
  std::vector<std::uint16_t> buckets;
  buckets.reserve(batch.size());
  for (const auto& one : batch) buckets.push_back(one.item.bucket);
  PostgresShards::Make make = [&batch](const std::vector<std::size_t>& places) {
    std::vector<const Item*> items;
    items.reserve(places.size());
    for (auto place : places) items.push_back(&batch[place].item);
    return parameters_of(items);
  };
  auto slices = co_await shards_.spread(std::move(buckets), sql_, std::move(make));
  for (auto& slice : slices) answer(batch, slice);
  queue.answered_at = steady_clock::now();
  go_on(shard);
}

void GatheredQuestion::answer(std::vector<Waiting>& batch, PostgresShards::Slice& slice) {
  if (slice.rows) {
    for (const auto& row : *slice.rows) {
      const auto number = integer(row[0]);
      if (number < 1 || static_cast<std::size_t>(number) > slice.items.size()) continue;
      batch[slice.items[static_cast<std::size_t>(number) - 1]].of->rows.push_back(row);
    }
  }
  for (auto place : slice.items) {
    auto& asking = *batch[place].of;
    if (!slice.rows && !asking.error) asking.error = slice.rows.error();
    if (--asking.open == 0) asking.answered.cancel();
  }
}

}  // namespace chat::adapters
