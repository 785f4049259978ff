#pragma once
#include "dataplane/io/postgres/connection.hpp"
#include "dataplane/ports/store.hpp"

namespace chat::adapters {

// One shard's write path: the function chat_write of migrations/0003_write_messages.sql. Blocking, one thread, a
// connection of its own that is opened when first used and again after it was lost.
class PostgresShardWriter final : public ports::ShardWriter {
 public:
  explicit PostgresShardWriter(io::postgres::Target target) : connection_(std::move(target)) {}
  [[nodiscard]] ports::Result<std::vector<ports::Written>> write(std::span<const domain::Draft> drafts,
                                                                 std::int64_t now) override;

 private:
  io::postgres::Connection connection_;
};

}  // namespace chat::adapters
