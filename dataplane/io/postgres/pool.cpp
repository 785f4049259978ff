#include "dataplane/io/postgres/pool.hpp"

namespace chat::io::postgres {

Pool::Pool(Target target, std::size_t connections, std::size_t queue_bound)
    : target_(std::move(target)), threads_("the database", connections, queue_bound) {}

Connection Pool::take() {
  {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      Connection connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  return Connection(target_);
}

void Pool::give(Connection connection) {
  std::lock_guard lock(mutex_);
  idle_.push_back(std::move(connection));
}

}  // namespace chat::io::postgres
