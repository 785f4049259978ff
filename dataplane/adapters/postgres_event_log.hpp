#pragma once
#include "dataplane/io/postgres/connection.hpp"
#include "dataplane/ports/event_log.hpp"

namespace chat::adapters {

// One shard's outbox, over migrations/0008_outbox_and_audit.sql. Blocking, one thread, a connection of its own: the
// claim is that connection's session lock. A read whose connection was remade claims again, and fails where another
// reader was faster.
class PostgresEventLog final : public ports::EventLog {
 public:
  explicit PostgresEventLog(io::postgres::Target target) : connection_(std::move(target)) {}
  [[nodiscard]] base::Result<bool> claim() override;
  [[nodiscard]] base::Result<std::vector<ports::Event>> read(int limit) override;
  [[nodiscard]] base::Status remove(const std::vector<ports::Event>& done) override;
  [[nodiscard]] base::Result<ports::Lag> lag() override;

 private:
  io::postgres::Connection connection_;
};

}  // namespace chat::adapters
