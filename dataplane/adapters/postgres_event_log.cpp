#include "dataplane/adapters/postgres_event_log.hpp"

#include <cstdlib>

#include "dataplane/adapters/postgres_rows.hpp"

namespace chat::adapters {

base::Result<bool> PostgresEventLog::claim() {
  // The key of chat_outbox_read(). Taking it again while it is held is harmless: it ends with the connection.
  auto rows = connection_.execute_prepared("select pg_try_advisory_lock(1667785077, 0)");
  if (!rows) return base::fail(std::move(rows).error());
  return boolean((*rows)[0][0]);
}

base::Result<std::vector<ports::Event>> PostgresEventLog::read(int limit) {
  auto rows = connection_.execute_prepared(
      "select id, bucket, conversation_id, kind, payload, created_ms "
      "from chat_outbox_read($1) order by id",
      {std::to_string(limit)});
  if (!rows) return base::fail(std::move(rows).error());
  std::vector<ports::Event> events;
  events.reserve(static_cast<std::size_t>(rows->size()));
  for (const auto& row : *rows) {
    events.push_back({integer(row[0]), static_cast<std::uint16_t>(integer(row[1])), ulid(row[2]), text(row[3]),
                      text(row[4]), integer(row[5])});
  }
  return events;
}

base::Status PostgresEventLog::remove(const std::vector<ports::Event>& done) {
  io::postgres::ArrayLiteral ids;
  for (const auto& event : done) ids.add(event.id);
  auto rows = connection_.execute_prepared("select chat_outbox_remove($1)", {ids.take()});
  if (!rows) return base::fail(std::move(rows).error());
  return {};
}

base::Result<ports::Lag> PostgresEventLog::lag() {
  auto rows = connection_.execute_prepared("select waiting, oldest_seconds from chat_outbox_lag()");
  if (!rows) return base::fail(std::move(rows).error());
  return ports::Lag{integer((*rows)[0][0]), std::strtod((*rows)[0][1].c_str(), nullptr)};
}

}  // namespace chat::adapters
