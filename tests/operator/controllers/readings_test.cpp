#include "operator/controllers/readings.hpp"

#include <gtest/gtest.h>

#include "tests/operator/controllers/fakes.hpp"
#include "tests/support/run_task.hpp"

namespace chatop::controllers {
namespace {

using chat::base::Task;
using namespace std::chrono_literals;

Task<> until_cancelled(boost::asio::steady_timer& gate) {
  (void)co_await chat::base::sleep_until(gate, std::chrono::steady_clock::time_point::max());
}

ports::ProcessView api(int ordinal, std::int64_t pid, const std::string& answers_at) {
  ports::ProcessView view;
  view.role = ports::Role::api;
  view.ordinal = ordinal;
  view.name = ports::process_name(view.role, ordinal);
  view.running = true;
  view.pid = pid;
  view.admin = {answers_at, 1};
  return view;
}

// A Pod that takes the place of an older one has its name from then on, while somebody still waits for that one.
TEST(Readings, AnAnswerBelongsToTheLifeThatWasAsked) {
  boost::asio::io_context io;
  const chat::base::Log log("test", chat::base::Level::error);
  chat::base::Metrics metrics;
  const chat::base::SystemClock clock;
  testing::FakeStore store;
  testing::FakeMachine machine;
  testing::FakePlatform platform(machine, [] {});
  testing::FakeDataPlane daemons(machine);
  testing::FakeShards shards;
  const Environment environment{io.get_executor(), log, metrics, clock, store, daemons, shards, {}, "1.0"};
  Readings readings(environment, platform, [] {});
  ports::PlatformView view;
  for (const char* name : {"older", "younger"}) machine.running[name] = {};
  view.processes = {api(0, 11, "older"), api(1, 22, "younger")};
  readings.ask(view, 0ms);
  chat::testing::run_task(io, readings.settled());

  boost::asio::steady_timer gate(io);
  daemons.before_answer = [&gate] { return until_cancelled(gate); };
  view.processes[0].news = 1;  // asked, and does not answer yet
  readings.ask(view, 1h);
  io.restart();
  io.poll();
  machine.running.erase("older");
  view.processes = {api(0, 22, "younger")};
  readings.ask(view, 1h);
  gate.cancel();
  chat::testing::run_task(io, readings.settled());

  plan::Observed seen;
  seen.platform = view;
  readings.add_to(seen);
  ASSERT_TRUE(seen.daemons.contains("api-0"));
  EXPECT_EQ(seen.daemons["api-0"].pid, 22);
  EXPECT_TRUE(seen.daemons["api-0"].report);
  EXPECT_EQ(seen.daemons["api-0"].misses, 0U);
}

}  // namespace
}  // namespace chatop::controllers
