#include "dataplane/services/outbox_watch.hpp"

namespace chat::services {
namespace {

constexpr std::chrono::seconds kEvery{2};

}  // namespace

OutboxWatch::OutboxWatch(boost::asio::any_io_executor executor, base::Metrics& metrics, Open open)
    : metrics_(metrics), open_(std::move(open)), timer_(executor), thread_("outbox watch", 1, 4), tasks_(executor) {}

void OutboxWatch::update(const domain::ClusterMap& map) {
  std::erase_if(shards_, [&](const auto& watched) { return map.shard(watched.first) == nullptr; });
  for (const auto& shard : map.shards) {
    auto& watched = shards_[shard.name];
    const bool same = watched.address.host == shard.address.host && watched.address.port == shard.address.port;
    if (watched.log && same) continue;
    watched.address = shard.address;
    watched.log = open_(shard);
  }
}

base::Task<> OutboxWatch::run() {
  while (!stopping_) {
    const auto round = shards_;  // the map may change while a question is under way
    for (const auto& [shard, watched] : round) {
      if (!stopping_) co_await look(shard, watched.log);
    }
    if (stopping_) break;
    (void)co_await base::sleep_until(timer_, std::chrono::steady_clock::now() + kEvery);
  }
}

base::Task<> OutboxWatch::look(std::string shard, std::shared_ptr<ports::EventLog> log) {
  auto lag = co_await thread_.run([&log] { return log->lag(); });
  if (!lag) co_return;
  const base::Metrics::Labels labels{{"shard", shard}};
  metrics_.gauge("chat_outbox_rows", "events that wait in the shard's outbox, counted up to 100,000", labels)
      .Set(static_cast<double>(lag->rows));
  metrics_.gauge("chat_outbox_oldest_seconds", "age of the oldest of them", labels).Set(lag->oldest_seconds);
}

base::Task<> OutboxWatch::stop() {
  stopping_ = true;
  timer_.cancel();
  (void)co_await tasks_.idle(base::SteadyTime::max());
}

}  // namespace chat::services
