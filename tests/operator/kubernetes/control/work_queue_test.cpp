#include "operator/kubernetes/control/work_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/support/eventually.hpp"
#include "tests/support/run_task.hpp"

namespace chatop::kubernetes {
namespace {

using std::chrono::seconds;

// A handler that holds each key until the test lets it go.
class WorkQueueTest : public ::testing::Test {
 protected:
  WorkQueueTest()
      : queue_(clock_, io_.get_executor(), [this](std::string key) { return work(std::move(key)); }, {3, 100}) {}
  chat::base::Task<Outcome> work(std::string key) {
    EXPECT_TRUE(running_.insert(key).second) << key << " is worked on twice at once";
    most_ = std::max(most_, running_.size());
    ++begun_;
    boost::asio::steady_timer timer(io_);
    while (held_) co_await chat::base::sleep_until(timer, clock_.steady() + std::chrono::milliseconds(1));
    running_.erase(key);
    auto outcome = outcomes_.contains(key) ? outcomes_.extract(key).mapped() : Outcome{};
    co_return outcome;
  }
  template <class Predicate>
  [[nodiscard]] bool soon(Predicate predicate) {
    return chat::testing::eventually(io_, predicate);
  }
  [[nodiscard]] bool stop(seconds within) {
    return chat::testing::run_task(io_, queue_.stop(clock_.steady() + within));
  }

  boost::asio::io_context io_;
  chat::base::SystemClock clock_;
  bool held_ = false;
  std::set<std::string> running_;
  std::size_t most_ = 0;
  int begun_ = 0;
  std::map<std::string, Outcome> outcomes_;
  WorkQueue queue_;
};

TEST_F(WorkQueueTest, WorksOnAsManyKeysAsThereAreWorkersAndOnEachByOne) {
  held_ = true;
  queue_.start();
  io_.poll();  // all wait
  for (const char* key : {"a", "b", "c", "d", "a", "b"}) queue_.add(key, Urgency::change);
  ASSERT_TRUE(soon([&] { return running_.size() == 3; })) << "one wakes the next";
  queue_.add("a", Urgency::change);
  held_ = false;
  ASSERT_TRUE(soon([&] { return begun_ == 5 && running_.empty(); }));
  EXPECT_EQ(most_, 3U);
  EXPECT_TRUE(stop(seconds(5)));
}

TEST_F(WorkQueueTest, AnOutcomeBringsAKeyBack) {
  outcomes_["a"] = {Outcome::Kind::later, std::chrono::milliseconds(5)};
  queue_.start();
  io_.poll();
  queue_.add("a", Urgency::change);
  EXPECT_TRUE(soon([&] { return begun_ == 2; }));
  EXPECT_TRUE(stop(seconds(5)));
}

TEST_F(WorkQueueTest, AnEarlierKeyIsNotMissedBehindADelayedOne) {
  queue_.start();
  io_.poll();
  queue_.add("late", Urgency::resync, std::chrono::hours(1));
  io_.poll();
  queue_.add("soon", Urgency::change, std::chrono::milliseconds(5));
  EXPECT_TRUE(soon([&] { return begun_ == 1; }));
  EXPECT_TRUE(stop(seconds(5)));
}

TEST_F(WorkQueueTest, StopWaitsForWhatRuns) {
  held_ = true;
  queue_.start();
  queue_.add("a", Urgency::change);
  queue_.add("b", Urgency::change, std::chrono::hours(1));
  ASSERT_TRUE(soon([&] { return begun_ == 1; }));
  EXPECT_FALSE(stop(seconds(0)));
  held_ = false;
  EXPECT_TRUE(stop(seconds(5)));
  EXPECT_EQ(begun_, 1);
}

}  // namespace
}  // namespace chatop::kubernetes
