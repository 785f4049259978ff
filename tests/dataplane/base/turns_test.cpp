#include "dataplane/base/turns.hpp"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/eventually.hpp"
#include "tests/support/run_task.hpp"

namespace chat::base {
namespace {

using std::chrono::steady_clock;

class TurnsTest : public ::testing::Test {
 protected:
  // Takes a turn, notes its name, and keeps the turn until its timer is cancelled.
  Task<> work(char name, boost::asio::steady_timer& end) {
    const auto turn = co_await turns_.take(steady_clock::time_point::max());
    begun_ += name;
    (void)co_await sleep_until(end, steady_clock::time_point::max());
  }
  bool begun(const std::string& names) {
    return chat::testing::eventually(io_, [&] { return begun_ == names; });
  }

  boost::asio::io_context io_;
  Turns turns_{io_.get_executor(), 2};
  std::string begun_;
  TaskGroup tasks_{io_.get_executor()};
};

TEST_F(TurnsTest, SoManyAtATimeAndTheOthersInTheOrderTheyCame) {
  boost::asio::steady_timer a(io_), b(io_), c(io_), d(io_);
  tasks_.spawn("a", work('a', a));
  tasks_.spawn("b", work('b', b));
  tasks_.spawn("c", work('c', c));
  tasks_.spawn("d", work('d', d));
  ASSERT_TRUE(chat::testing::eventually(io_, [&] { return turns_.waiting() == 2; }));
  EXPECT_EQ(begun_, "ab");
  b.cancel();
  ASSERT_TRUE(begun("abc"));
  EXPECT_EQ(turns_.waiting(), 1U);
  a.cancel();
  ASSERT_TRUE(begun("abcd"));
  c.cancel();
  d.cancel();
  EXPECT_TRUE(chat::testing::run_task(io_, tasks_.idle(steady_clock::now() + std::chrono::seconds(5))));
}

TEST_F(TurnsTest, WhoDoesNotGetOneInTimeIsToldAndTakesNone) {
  boost::asio::steady_timer a(io_), b(io_), c(io_);
  tasks_.spawn("a", work('a', a));
  tasks_.spawn("b", work('b', b));
  ASSERT_TRUE(begun("ab"));
  EXPECT_FALSE(chat::testing::run_task(io_, turns_.take(steady_clock::now())));
  EXPECT_EQ(turns_.waiting(), 0U);
  a.cancel();
  EXPECT_TRUE(chat::testing::run_task(io_, turns_.take(steady_clock::time_point::max()))) << "and gives it back";
  tasks_.spawn("c", work('c', c));
  ASSERT_TRUE(begun("abc"));
  b.cancel();
  c.cancel();
  EXPECT_TRUE(chat::testing::run_task(io_, tasks_.idle(steady_clock::now() + std::chrono::seconds(5))));
}

}  // namespace
}  // namespace chat::base
