#pragma once
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "dataplane/adapters/postgres_shards.hpp"

namespace chat::adapters {

// A question that many ask at the same time, each about little: a shard is asked once at a time, and what is asked
// meanwhile is asked together then, as writes do it. Where one question followed another just now, the next one waits
// for 2 ms, since those of a crowd come one shortly after the other. So a crowd costs few calls, and takes one
// connection of a shard from the other readers. Each shard has a queue of its own: one that is away concerns nobody
// else.
//
// `sql`: $1 is the buckets, then comes an array for each value of an item; the first column of its rows is the number
// of their item, from 1 on. Lives no longer than `shards`; one thread, like it.
class GatheredQuestion {
 public:
  struct Item {
    std::uint16_t bucket = 0;
    std::vector<std::string> values;
  };
  using Rows = std::vector<pqxx::row>;

  GatheredQuestion(PostgresShards& shards, std::string sql) : shards_(shards), sql_(std::move(sql)) {}
  GatheredQuestion(const GatheredQuestion&) = delete;
  GatheredQuestion& operator=(const GatheredQuestion&) = delete;

  // The rows of all items; those of one item in their order. Fails where one of its shards does; `unavailable` at once
  // where too many wait for an answer.
  [[nodiscard]] base::Task<base::Result<Rows>> ask(std::vector<Item> items);

 private:
  struct Asking;
  struct Waiting {
    Asking* of = nullptr;  // in the frame of ask(), which stays until all its items were answered
    Item item;
  };
  struct Queue {
    std::deque<Waiting> waiting;
    bool under_way = false;
    base::SteadyTime answered_at{};
  };
  base::Task<> ask_together(std::string shard);
  void go_on(const std::string& shard);
  void answer(std::vector<Waiting>& batch, PostgresShards::Slice& slice);

  PostgresShards& shards_;
  std::string sql_;
  std::map<std::string, Queue> queues_;  // by shard
};

}  // namespace chat::adapters
