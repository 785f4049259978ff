#include "operator/controllers/operator_loop.hpp"

#include <gtest/gtest.h>

#include "tests/operator/controllers/fakes.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/run_task.hpp"

namespace chatop::controllers {
namespace {

using api::ConditionStatus;
using chat::testing::eventually;
using Steady = std::chrono::steady_clock;
using namespace std::chrono_literals;

class Loop : public ::testing::Test {
 protected:
  Loop() { store_.add("demo"); }
  ~Loop() override { end(); }
  void begin() {
    loop_ = std::make_unique<OperatorLoop>(environment_);
    tasks_ = std::make_unique<chat::base::TaskGroup>(io_.get_executor());
    tasks_->spawn("loop", loop_->run());
  }
  // As SIGTERM does: nothing is ended but the operator.
  void end() {
    if (!loop_) return;
    chat::testing::run_task(io_, loop_->close(Steady::now() + 5s));
    EXPECT_TRUE(chat::testing::run_task(io_, tasks_->idle(Steady::now() + 5s)));
    loop_.reset();
  }
  bool reaches(std::function<bool()> state) { return eventually(io_, std::move(state), 10s); }
  bool available() {
    return reaches([this] {
      return store_.is("demo", "Available", ConditionStatus::True) &&
             store_.is("demo", "Progressing", ConditionStatus::False);
    });
  }
  std::map<std::string, std::int64_t> pids() {
    std::map<std::string, std::int64_t> pids;
    for (const auto& [name, process] : machine_.running) pids[name] = process.pid;
    return pids;
  }

  boost::asio::io_context io_;
  chat::base::Log log_{"test", chat::base::Level::error};
  chat::base::Metrics metrics_;
  chat::base::SystemClock clock_;
  testing::FakeStore store_;
  testing::FakeMachine machine_;
  testing::FakeDataPlane data_plane_{machine_};
  testing::FakeShards shards_;
  Environment environment_{io_.get_executor(),
                           log_,
                           metrics_,
                           clock_,
                           store_,
                           data_plane_,
                           shards_,
                           [this](const std::string&, std::function<void()> changed) {
                             return std::make_unique<testing::FakePlatform>(machine_, std::move(changed));
                           },
                           "1.0"};
  std::unique_ptr<OperatorLoop> loop_;
  std::unique_ptr<chat::base::TaskGroup> tasks_;
};

TEST_F(Loop, BringsADocumentToServeAndThenWritesNothing) {
  begin();
  ASSERT_TRUE(available());
  EXPECT_EQ(machine_.running.size(), 2U + 1 + 1 + 1 + 1 + 2);
  const int writes = store_.writes;
  const auto acts = machine_.acts.size();
  EXPECT_FALSE(eventually(
      io_, [&] { return store_.writes != writes || machine_.acts.size() != acts; }, 2500ms));
}

TEST_F(Loop, WhatIsGoneFromAStoreThatKnowsItIsLeftAlone) {
  store_.absent_is_gone = true;
  begin();
  ASSERT_TRUE(available());
  const auto acts = machine_.acts.size();
  const auto running = pids();
  store_.clusters.clear();
  loop_->wake();
  EXPECT_FALSE(eventually(
      io_, [&] { return machine_.acts.size() != acts; }, 500ms));
  EXPECT_EQ(pids(), running);
  machine_.kill("gateway-0");  // nobody looks after it any more
  EXPECT_FALSE(eventually(
      io_, [&] { return machine_.running.contains("gateway-0"); }, 1500ms));
  store_.add("demo");  // a new one of that name is looked after
  loop_->wake();
  EXPECT_TRUE(reaches([this] { return machine_.running.contains("gateway-0"); }));
}

TEST_F(Loop, WithoutTheRightToActNothingIsBegunOrWritten) {
  bool may_act = false;
  environment_.may_act = [&may_act] { return may_act; };
  begin();
  EXPECT_FALSE(eventually(
      io_, [this] { return store_.writes > 0 || !machine_.acts.empty(); }, 1500ms));
  may_act = true;
  EXPECT_TRUE(available());
}

TEST_F(Loop, WhatIsWellIsAskedAsOftenAsThePaceSays) {
  environment_.pace.share = 4000ms;
  begin();
  ASSERT_TRUE(available());
  auto reports = data_plane_.reports;
  // What was under way when it became Available comes to rest.
  while (eventually(
      io_, [&] { return data_plane_.reports != reports; }, 1000ms))
    reports = data_plane_.reports;
  EXPECT_TRUE(reaches([&] { return data_plane_.reports >= reports + 5; }));
  EXPECT_TRUE(store_.is("demo", "Available", ConditionStatus::True));
}

TEST(Pace, WithManyEachIsAskedSeldomAndNotAllAtOnce) {
  Pace pace;
  pace.rest = 5000ms;
  pace.share = 250ms;
  EXPECT_EQ(pace.at_rest(4, "demo"), 5000ms);
  std::set<std::chrono::milliseconds> all;
  for (int i = 0; i < 100; ++i) all.insert(pace.at_rest(1000, "chat/demo-" + std::to_string(i)));
  EXPECT_GT(all.size(), 30U);
  EXPECT_GT(*all.begin(), 187'000ms);
  EXPECT_LE(*all.rbegin(), 250'000ms);
  EXPECT_EQ(pace.at_work(4), 200ms);
  EXPECT_EQ(pace.at_work(1000), 2000ms);
}

TEST_F(Loop, AStatusThatWasNotWrittenIsWrittenAgainThoughNothingElseHappens) {
  environment_.pace.share = std::chrono::minutes(10);
  store_.takes_no_status = true;
  begin();
  ASSERT_TRUE(reaches([this] { return machine_.running.size() == 8; }));
  auto reports = data_plane_.reports;
  while (eventually(
      io_, [&] { return data_plane_.reports != reports; }, 1000ms))
    reports = data_plane_.reports;
  EXPECT_EQ(store_.writes, 0);
  store_.takes_no_status = false;
  EXPECT_TRUE(available());
}

TEST_F(Loop, BeginsWhenItIsItsTurn) {
  chat::base::Turns beginnings(io_.get_executor(), 1);
  environment_.beginnings = &beginnings;
  auto other = chat::testing::run_task(io_, beginnings.take(Steady::now()));
  ASSERT_TRUE(other);
  begin();
  ASSERT_TRUE(reaches([&] { return beginnings.waiting() == 1; }));
  EXPECT_EQ(data_plane_.reports, 0);
  EXPECT_TRUE(machine_.acts.empty());
  other.reset();
  EXPECT_TRUE(available());
  EXPECT_TRUE(chat::testing::run_task(io_, beginnings.take(Steady::now()))) << "it gave its turn back";
  end();
}

TEST_F(Loop, StartsAgainWhatDiesAndLeavesTheOthersAlone) {
  begin();
  ASSERT_TRUE(available());
  auto before = pids();
  machine_.kill("api-0");
  ASSERT_TRUE(reaches([this] { return machine_.running.contains("api-0"); }));
  ASSERT_TRUE(available());
  auto after = pids();
  EXPECT_NE(after["api-0"], before["api-0"]);
  before.erase("api-0");
  after.erase("api-0");
  EXPECT_EQ(after, before);
}

TEST_F(Loop, TheNextOperatorTakesOverWithoutTouchingAnything) {
  begin();
  ASSERT_TRUE(available());
  const auto before = pids();
  const auto since = api::find_condition(store_.clusters["demo"].cluster.status, "Available")->last_transition_time;
  end();
  machine_.cluster_prepared = false;  // each operator prepares for itself
  const auto acts = machine_.acts.size();
  begin();
  ASSERT_TRUE(reaches([&] { return machine_.acts.size() > acts; }));
  ASSERT_TRUE(available());
  EXPECT_EQ(pids(), before);
  EXPECT_EQ(machine_.acts.size(), acts + 1);
  EXPECT_EQ(api::find_condition(store_.clusters["demo"].cluster.status, "Available")->last_transition_time, since);
}

TEST_F(Loop, TheNextOperatorFinishesWhatWasHalfDone) {
  begin();
  ASSERT_TRUE(reaches([this] { return machine_.running.contains("shard-0"); }));
  end();
  EXPECT_FALSE(store_.is("demo", "Available", ConditionStatus::True));
  begin();
  EXPECT_TRUE(available());
}

TEST_F(Loop, AProcessThatCanNotStartIsSaidAndHoldsUpNoOther) {
  machine_.fails = "worker-0";
  begin();
  ASSERT_TRUE(reaches([this] { return machine_.running.contains("gateway-1"); }));
  ASSERT_TRUE(reaches([this] { return store_.is("demo", "Degraded", ConditionStatus::True); }));
  EXPECT_FALSE(store_.is("demo", "Available", ConditionStatus::True));
  machine_.fails.clear();
  store_.clusters["demo"].cluster.metadata.generation = 2;  // somebody mended it and applied
  loop_->wake();
  EXPECT_TRUE(available());
}

TEST_F(Loop, PushesTheMapToEveryDaemonWhenALimitChanges) {
  begin();
  ASSERT_TRUE(available());
  const auto before = pids();
  store_.clusters["demo"].cluster.spec.limits.message_burst = 3;
  store_.clusters["demo"].cluster.metadata.generation = 2;
  loop_->wake();
  ASSERT_TRUE(reaches([this] {
    return std::all_of(machine_.running.begin(), machine_.running.end(), [this](const auto& entry) {
      const auto role = entry.second.spec.role;
      return role == ports::Role::shard || role == ports::Role::redis || data_plane_.maps[entry.first] == 2;
    });
  }));
  EXPECT_EQ(pids(), before);
}

TEST_F(Loop, ADocumentThatIsGoneOrUnreadableEndsNothing) {
  begin();
  ASSERT_TRUE(available());
  const auto before = pids();
  store_.broken = true;
  loop_->wake();
  EXPECT_FALSE(eventually(
      io_, [&] { return pids() != before; }, 1500ms));
  store_.broken = false;
  store_.clusters.erase("demo");
  loop_->wake();
  EXPECT_FALSE(eventually(
      io_, [&] { return pids() != before; }, 1500ms));
}

TEST_F(Loop, DeletionEndsEverythingThenTheDocument) {
  begin();
  ASSERT_TRUE(available());
  store_.clusters["demo"].deleting = true;
  loop_->wake();
  ASSERT_TRUE(reaches([this] { return store_.clusters.empty(); }));
  EXPECT_TRUE(machine_.running.empty());
  EXPECT_TRUE(machine_.removed);
  // A new one of the same name begins anew.
  machine_ = {};
  store_.add("demo");
  loop_->wake();
  EXPECT_TRUE(available());
}

TEST_F(Loop, DownEndsEverythingAndKeepsTheDocument) {
  begin();
  ASSERT_TRUE(available());
  end();
  loop_ = std::make_unique<OperatorLoop>(environment_);
  tasks_ = std::make_unique<chat::base::TaskGroup>(io_.get_executor());
  EXPECT_TRUE(chat::testing::run_task(io_, loop_->stop_everything({"demo"}, Steady::now() + 10s)));
  EXPECT_TRUE(machine_.running.empty());
  EXPECT_FALSE(machine_.removed);
  EXPECT_EQ(api::find_condition(store_.clusters["demo"].cluster.status, "Available")->reason, "Stopped");
}

TEST_F(Loop, ADaemonThatDoesNotAnswerIsNotReadyAndThenStartedAgain) {
  begin();
  ASSERT_TRUE(available());
  data_plane_.silent.insert("api-0");
  const auto pid = machine_.pid("api-0");
  ASSERT_TRUE(reaches([this] { return !store_.is("demo", "Available", ConditionStatus::True); }));
  EXPECT_EQ(machine_.pid("api-0"), pid);
  // It has answered before: silent for ten seconds it is taken for hung, and started again.
  EXPECT_TRUE(eventually(
      io_, [&] { return machine_.pid("api-0") != pid; }, 15s));
  data_plane_.silent.clear();
  EXPECT_TRUE(available());
}

}  // namespace
}  // namespace chatop::controllers
