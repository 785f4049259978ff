#include "dataplane/base/task.hpp"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "dataplane/base/blocking_pool.hpp"
#include "dataplane/base/callback.hpp"
#include "dataplane/base/tcp.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/run_task.hpp"

namespace chat::base {
namespace {

using chat::testing::eventually;
using chat::testing::run_task;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

Task<> wait_for(boost::asio::steady_timer& timer, bool& ended) {
  co_await sleep_until(timer, steady_clock::time_point::max());
  ended = true;
}

Task<> throws() {
  throw std::runtime_error("a broken invariant");
  co_return;
}

TEST(TaskGroup, IdleWaitsForItsCoroutines) {
  boost::asio::io_context io;
  TaskGroup group(io.get_executor());
  boost::asio::steady_timer timer(io);
  bool ended = false;
  EXPECT_TRUE(run_task(io, group.idle(steady_clock::now())));
  group.spawn("waits", wait_for(timer, ended));
  EXPECT_EQ(group.size(), 1u);
  EXPECT_FALSE(run_task(io, group.idle(steady_clock::now() + milliseconds(20))));
  boost::asio::post(io, [&timer] { timer.cancel(); });
  EXPECT_TRUE(run_task(io, group.idle(steady_clock::now() + std::chrono::seconds(5))));
  EXPECT_TRUE(ended);
  EXPECT_EQ(group.size(), 0u);
}

TEST(TaskGroupDeathTest, AThrowingCoroutineIsLoggedAndEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        boost::asio::io_context io;
        TaskGroup group(io.get_executor());
        group.spawn("the broken one", throws());
        io.run();
      },
      "coroutine_threw.*the broken one.*a broken invariant");
}

Task<std::pair<std::thread::id, std::thread::id>> threads_of(BlockingPool& pool) {
  std::thread::id worker;
  auto work = [&worker]() -> Result<int> {
    worker = std::this_thread::get_id();
    return 1;
  };
  auto result = co_await pool.run(work);
  EXPECT_EQ(*result, 1);
  co_return std::pair(worker, std::this_thread::get_id());
}

TEST(BlockingPool, WorkRunsOnAPoolThreadAndTheCoroutineResumesOnItsOwn) {
  boost::asio::io_context io;
  BlockingPool pool("pool", 2, 10);
  auto [worker, resumed] = run_task(io, threads_of(pool));
  EXPECT_NE(worker, std::this_thread::get_id());
  EXPECT_EQ(resumed, std::this_thread::get_id());
}

struct Gate {
  std::mutex mutex;
  std::condition_variable opened;
  bool open = false;
  std::atomic<int> entered{0};
  Result<int> pass() {
    ++entered;
    std::unique_lock lock(mutex);
    opened.wait(lock, [this] { return open; });
    return 1;
  }
  void let_through() {
    std::lock_guard lock(mutex);
    open = true;
    opened.notify_all();
  }
};

Task<> pass_gate(BlockingPool& pool, Gate& gate, int& passed) {
  auto work = [&gate] { return gate.pass(); };
  auto result = co_await pool.run(work);
  if (result) ++passed;
}

Task<Result<int>> one_more(BlockingPool& pool) {
  auto work = []() -> Result<int> { return 2; };
  co_return co_await pool.run(work);
}

TEST(BlockingPool, OneCallTooManyFailsAtOnce) {
  boost::asio::io_context io;
  BlockingPool pool("the database", 1, 2);
  TaskGroup group(io.get_executor());
  Gate gate;
  int passed = 0;
  group.spawn("runs", pass_gate(pool, gate, passed));
  EXPECT_TRUE(eventually(io, [&] { return gate.entered == 1; }));
  group.spawn("waits", pass_gate(pool, gate, passed));
  group.spawn("waits", pass_gate(pool, gate, passed));
  EXPECT_TRUE(eventually(io, [&] { return pool.waiting() == 2; }));
  auto refused = run_task(io, one_more(pool));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, PoolErrc::full);
  EXPECT_GT(refused.error().retry_after.count(), 0);
  gate.let_through();
  EXPECT_TRUE(run_task(io, group.idle(steady_clock::now() + std::chrono::seconds(5))));
  EXPECT_EQ(passed, 3);
  EXPECT_EQ(pool.waiting(), 0u);
  EXPECT_TRUE(run_task(io, one_more(pool)));
}

TEST(AwaitCallback, ResumesWithTheValueThatTheCallbackGot) {
  boost::asio::io_context io;
  auto start = [&io](std::function<void(std::string)> done) {
    boost::asio::post(io, [done = std::move(done)] { done("value"); });
  };
  EXPECT_EQ(run_task(io, await_callback<std::string>(start)), "value");
}

TEST(ConnectTcp, SaysWhyItFailed) {
  auto deadline = steady_clock::now() + std::chrono::seconds(2);
  auto refused = run_task(connect_tcp({"127.0.0.1", chat::testing::free_port()}, deadline));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, TcpErrc::connect);
}

Task<bool> accepts_none(boost::asio::ip::tcp::acceptor& acceptor) {
  auto socket = co_await accept_tcp(acceptor);
  co_return !socket;
}

TEST(AcceptTcp, EndsWhenTheAcceptorIsClosed) {
  boost::asio::io_context io;
  auto acceptor = listen_tcp(io.get_executor(), {"127.0.0.1", 0}, false);
  ASSERT_TRUE(acceptor);
  boost::asio::post(io, [&acceptor] { acceptor->close(); });
  EXPECT_TRUE(run_task(io, accepts_none(*acceptor)));
}

TEST(ListenTcp, AnAddressInUseIsAnErrorUnlessItIsShared) {
  boost::asio::io_context io;
  auto first = listen_tcp(io.get_executor(), {"127.0.0.1", 0}, true);
  ASSERT_TRUE(first);
  auto port = first->local_endpoint().port();
  auto second = listen_tcp(io.get_executor(), {"127.0.0.1", port}, false);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, TcpErrc::listen);
  EXPECT_TRUE(listen_tcp(io.get_executor(), {"127.0.0.1", port}, true));
}

}  // namespace
}  // namespace chat::base
