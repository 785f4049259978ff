#include "dataplane/gateway/turnstile.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <vector>

#include "tests/support/run_task.hpp"

namespace chat::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::run_task;

const base::SteadyTime kStart = base::SteadyTime{} + std::chrono::hours(1);

TurnstileOptions options(std::int64_t per_second, std::int64_t burst, std::size_t at_once) {
  TurnstileOptions made;
  made.per_second = made.per_second_busy = per_second;
  made.burst = burst;
  made.at_once = at_once;
  return made;
}

int entered(Pace& pace, base::SteadyTime now, bool busy = false) {
  int count = 0;
  while (pace.enter(now, busy)) ++count;
  return count;
}

double no_frames() { return 0; }

TEST(Pace, LetsInAFewAtOnceAndThenSoManyASecond) {
  Pace pace(options(500, 16, 1000));
  EXPECT_EQ(entered(pace, kStart), 16);
  EXPECT_EQ(entered(pace, kStart + milliseconds(10)), 5);
  EXPECT_EQ(entered(pace, kStart + milliseconds(20)), 5);
  EXPECT_EQ(entered(pace, kStart + milliseconds(520)), 16) << "what was not used is not kept";
}

TEST(Pace, LetsNobodyInWhileTooManyAreInside) {
  Pace pace(options(500, 16, 3));
  EXPECT_EQ(entered(pace, kStart), 3);
  EXPECT_EQ(entered(pace, kStart + std::chrono::seconds(1)), 0) << "the servers behind are slow: no more go there";
  pace.left();
  EXPECT_EQ(entered(pace, kStart + std::chrono::seconds(1)), 1);
  EXPECT_EQ(pace.inside(), 3U);
}

TEST(Pace, LetsInFewerWhileOthersChat) {
  auto both = options(1000, 32, 1000);
  both.per_second_busy = 250;
  Pace pace(both);
  EXPECT_EQ(entered(pace, kStart, true), 8) << "a burst of fewer, too";
  EXPECT_EQ(entered(pace, kStart + milliseconds(20), true), 5);
  EXPECT_EQ(entered(pace, kStart + milliseconds(40), false), 20);
  EXPECT_EQ(entered(pace, kStart + milliseconds(540), false), 32);
}

TEST(Pace, LetsThemInByTensOrOneByOneWhileOthersChat) {
  auto both = options(1000, 32, 1000);
  both.per_second_busy = 125;
  const Pace pace(both);
  EXPECT_EQ(pace.look_again(false), milliseconds(30));
  EXPECT_EQ(pace.look_again(true), milliseconds(8));
  both.per_second_busy = 5000;
  EXPECT_EQ(Pace(both).look_again(true), milliseconds(1));
}

TEST(Pace, OfNewcomersBesideOthersGrowsWithTheProcessors) {
  EXPECT_EQ(newcomers_beside_others(0), 125) << "not known";
  EXPECT_EQ(newcomers_beside_others(2), 125);
  EXPECT_EQ(newcomers_beside_others(3), 186);
  EXPECT_EQ(newcomers_beside_others(4), 248);
  EXPECT_EQ(newcomers_beside_others(64), 250);
}

TEST(Traffic, IsBusyFromTwentyFramesASecondOn) {
  Traffic traffic;
  EXPECT_TRUE(traffic.busy(1000, kStart)) << "until it is known";
  EXPECT_TRUE(traffic.busy(1000, kStart + milliseconds(199)));
  EXPECT_FALSE(traffic.busy(1003, kStart + milliseconds(200))) << "15 a second";
  EXPECT_FALSE(traffic.busy(1100, kStart + milliseconds(399))) << "looked at five times a second";
  EXPECT_TRUE(traffic.busy(1007, kStart + milliseconds(400)));
  EXPECT_TRUE(traffic.busy(1007, kStart + milliseconds(599)));
  EXPECT_FALSE(traffic.busy(1007, kStart + milliseconds(600)));
}

class TurnstileTest : public ::testing::Test {
 protected:
  // Someone who comes, and is through at once, or stays for ever.
  static base::Task<> come(Turnstile& turnstile, int who, std::vector<int>& let_in, std::vector<int>& sent_away,
                           std::vector<Turnstile::Turn>* kept) {
    auto turn = co_await turnstile.enter();
    (turn ? let_in : sent_away).push_back(who);
    if (kept != nullptr) kept->push_back(std::move(turn));
  }
  void come(Turnstile& turnstile, int who, std::vector<Turnstile::Turn>* kept = nullptr) {
    boost::asio::co_spawn(io_, come(turnstile, who, let_in_, sent_away_, kept), boost::asio::detached);
  }
  void run_for(milliseconds time) {
    io_.restart();
    io_.run_for(time);
  }

  boost::asio::io_context io_;
  std::vector<int> let_in_;
  std::vector<int> sent_away_;
};

TEST_F(TurnstileTest, LetsInTheOthersInTheOrderOfTheirComing) {
  Turnstile turnstile(io_.get_executor(), options(1000, 2, 64), no_frames);
  std::vector<int> all;
  for (int who = 0; who < 30; ++who) {
    all.push_back(who);
    come(turnstile, who);
  }
  io_.poll();
  EXPECT_EQ(let_in_.size(), 2U);
  EXPECT_EQ(turnstile.waiting(), 28U);
  run_for(milliseconds(5000));  // ends as soon as nobody waits
  EXPECT_EQ(let_in_, all);
  EXPECT_TRUE(sent_away_.empty());
  run_task(io_, turnstile.stop());
}

TEST_F(TurnstileTest, GoesByWhatItIsToldOfTheOthers) {
  auto both = options(1000, 1, 64);
  both.per_second_busy = 1;
  Turnstile calm(io_.get_executor(), both, no_frames);
  for (int who = 0; who < 30; ++who) come(calm, who);
  run_for(milliseconds(20'000));  // ends as soon as nobody waits
  EXPECT_EQ(let_in_.size(), 30U);
  run_task(io_, calm.stop());
  let_in_.clear();
  double frames = 0;
  Turnstile busy(io_.get_executor(), both, [&frames] { return frames += 1000; });  // each look finds more
  for (int who = 0; who < 30; ++who) come(busy, who);
  run_for(milliseconds(500));
  EXPECT_LT(let_in_.size(), 30U) << "that would take half a minute";
  run_task(io_, busy.stop());
}

TEST_F(TurnstileTest, SendsAwayWhoWaitedTooLong) {
  auto few = options(500, 16, 1);
  few.patience = milliseconds(50);
  Turnstile turnstile(io_.get_executor(), few, no_frames);
  std::vector<Turnstile::Turn> kept;
  come(turnstile, 0, &kept);  // and is not through
  come(turnstile, 1);
  come(turnstile, 2);
  run_for(milliseconds(1000));
  EXPECT_EQ(let_in_, (std::vector<int>{0}));
  EXPECT_EQ(sent_away_, (std::vector<int>{1, 2}));
  EXPECT_EQ(turnstile.waiting(), 0U);
  kept.clear();
  come(turnstile, 3);
  run_for(milliseconds(1000));
  EXPECT_EQ(let_in_, (std::vector<int>{0, 3})) << "whoever is through makes room";
  run_task(io_, turnstile.stop());
}

TEST_F(TurnstileTest, SaysWhenThereIsRoomForMore) {
  auto few = options(100, 1, 64);
  few.waiting = 2;
  Turnstile turnstile(io_.get_executor(), few, no_frames);
  for (int who = 0; who < 4; ++who) come(turnstile, who);
  io_.poll();
  EXPECT_EQ(turnstile.waiting(), 3U);
  run_task(io_, turnstile.room());
  EXPECT_LT(turnstile.waiting(), 2U);
  run_for(milliseconds(5000));
  EXPECT_EQ(let_in_.size(), 4U);
  run_task(io_, turnstile.room());  // at once
  run_task(io_, turnstile.stop());
}

TEST_F(TurnstileTest, NobodyWaitsForOneThatStops) {
  Turnstile turnstile(io_.get_executor(), options(500, 16, 1), no_frames);
  std::vector<Turnstile::Turn> kept;
  come(turnstile, 0, &kept);
  come(turnstile, 1);
  io_.poll();
  run_task(io_, turnstile.stop(), milliseconds(2000));
  come(turnstile, 2);
  run_for(milliseconds(1000));
  EXPECT_EQ(sent_away_, (std::vector<int>{1, 2}));
}

}  // namespace
}  // namespace chat::gateway
