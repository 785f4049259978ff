#include "dataplane/io/postgres/pool.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/eventually.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/run_task.hpp"

namespace chat::io::postgres {
namespace {

using chat::testing::PostgresServer;
using chat::testing::run_task;

base::Result<int> backend(Connection& connection, const std::string& sql) {
  auto result = connection.execute(sql);
  if (!result) return base::fail(result.error());
  return (*result)[0][0].as<int>();
}

base::Task<> call(Pool& pool, std::string sql, std::vector<base::Result<int>>& results) {
  auto work = [&sql](Connection& connection) { return backend(connection, sql); };
  auto result = co_await pool.run(work);
  results.push_back(std::move(result));
}

class PoolTest : public ::testing::Test {
 protected:
  std::vector<base::Result<int>> run(Pool& pool, const std::string& sql, int calls) {
    std::vector<base::Result<int>> results;
    for (int i = 0; i < calls; ++i) group_.spawn("call", call(pool, sql, results));
    auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    EXPECT_TRUE(run_task(io_, group_.idle(deadline)));
    return results;
  }
  PostgresServer server_;
  boost::asio::io_context io_;
  base::TaskGroup group_{io_.get_executor()};
};

TEST_F(PoolTest, OpensNoMoreConnectionsThanItMayAndUsesThemAgain) {
  Pool pool(server_.target(), 3, 100);
  std::set<int> backends;
  for (int round = 0; round < 3; ++round) {
    for (const auto& result : run(pool, "SELECT pg_backend_pid() FROM pg_sleep(0.02)", 10)) {
      ASSERT_TRUE(result) << result.error().message;
      backends.insert(*result);
    }
  }
  EXPECT_LE(backends.size(), 3u);
  EXPECT_GE(backends.size(), 2u);
}

TEST_F(PoolTest, ShedsWhatItsQueueDoesNotHold) {
  Pool pool(server_.target(), 1, 2);
  int ok = 0;
  int full = 0;
  for (const auto& result : run(pool, "SELECT 1 FROM pg_sleep(0.3)", 10)) {
    if (result) ++ok;
    if (!result && result.error().code == base::PoolErrc::full) ++full;
  }
  EXPECT_GE(ok, 2);
  EXPECT_LE(ok, 3);
  EXPECT_EQ(ok + full, 10);
}

TEST_F(PoolTest, ServesAgainAfterTheServerWasKilled) {
  Pool pool(server_.target(), 4, 100);
  for (const auto& result : run(pool, "SELECT 1 FROM pg_sleep(0.02)", 8)) ASSERT_TRUE(result);
  server_.kill9();
  for (const auto& result : run(pool, "SELECT 1", 8)) EXPECT_FALSE(result);
  server_.start();
  for (const auto& result : run(pool, "SELECT 1", 8)) EXPECT_TRUE(result) << result.error().message;
}

}  // namespace
}  // namespace chat::io::postgres
