#pragma once
#include "dataplane/base/blocking_pool.hpp"
#include "dataplane/io/postgres/connection.hpp"

#include <mutex>

namespace chat::io::postgres {

// A bounded set of connections to one database behind awaitable calls. Connections are made on demand, at most
// `connections`; calls beyond `queue_bound` waiting ones fail at once with base::PoolErrc::full.
class Pool {
 public:
  Pool(Target target, std::size_t connections, std::size_t queue_bound);

  // `work` gets a connection to itself on a pool thread and returns a Result.
  template <class Work>
  auto run(Work work) -> base::Task<std::invoke_result_t<Work&, Connection&>> {
    co_return co_await threads_.run([this, &work] {
      auto connection = take();
      auto result = work(connection);
      give(std::move(connection));
      return result;
    });
  }
  [[nodiscard]] const Target& target() const { return target_; }

 private:
  Connection take();
  void give(Connection connection);
  Target target_;
  std::mutex mutex_;
  std::vector<Connection> idle_;
  base::BlockingPool threads_;
};

}  // namespace chat::io::postgres
