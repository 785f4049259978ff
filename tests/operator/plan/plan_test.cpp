#include "operator/plan/plan.hpp"

#include <gmock/gmock.h>

#include "operator/plan/restart.hpp"
#include "tests/operator/plan/world.hpp"

namespace chatop::plan {
namespace {

using testing::HasSubstr;

TEST(Plan, BringsAClusterUpInTheOrderItsPartsNeedEachOther) {
  World world;
  ASSERT_TRUE(world.settle());
  EXPECT_EQ(world.condition("Available").status, api::ConditionStatus::True);
  EXPECT_LT(world.at("prepare shard-0"), world.at("start shard-0"));
  EXPECT_LT(world.at("start shard-0"), world.at("migrate shard-0"));
  EXPECT_LT(world.at("migrate shard-0"), world.at("tell shard-0 its buckets"));
  EXPECT_LT(world.at("tell shard-1 its buckets"), world.at("publish the cluster map"));
  EXPECT_LT(world.at("publish the cluster map"), world.at("start messages-0"));
  EXPECT_TRUE(world.did("start gateway-1"));
  EXPECT_EQ(world.last.status.gateways.ready, 2);
  EXPECT_EQ(world.map().version, 1);
}

TEST(Plan, DoesNothingWhenEverythingIsAsWanted) {
  World world;
  ASSERT_TRUE(world.settle());
  const auto status = world.last.status;
  world.seen.now_ms += 60'000;
  EXPECT_TRUE(world.decide_once().actions.empty());
  EXPECT_EQ(world.last.status, status);
}

TEST(Plan, SplitsTheBucketsEvenlyAndCoversEachOnce) {
  for (int shards = 1; shards <= 7; ++shards) {
    const auto ranges = even_split(shards);
    int next = 0;
    for (const auto& range : ranges) {
      EXPECT_EQ(range.low, next);
      EXPECT_LE(std::abs((range.high - range.low + 1) * shards - kBuckets), shards);
      EXPECT_EQ(range.epoch, 1);
      next = range.high + 1;
    }
    EXPECT_EQ(next, kBuckets);
  }
}

TEST(Plan, AFailedShardHoldsUpTheFirstStartButNotTheOtherShards) {
  World world;
  world.frozen = true;
  world.seen.failures["process shard-0"] = {"could not prepare shard-0", "NeedsAttention", 1, world.seen.now_ms};
  ASSERT_TRUE(world.settle());
  EXPECT_TRUE(world.runs("shard-1"));
  EXPECT_TRUE(world.runs("redis"));
  EXPECT_FALSE(world.runs("gateway-0"));
  EXPECT_EQ(world.condition("Available").reason, "NeedsAttention");
  EXPECT_THAT(world.condition("Available").message, HasSubstr("could not prepare shard-0"));
}

TEST(Plan, ADeadProcessIsStartedAgainAndTheOthersAreLeftAlone) {
  for (const char* name : {"gateway-1", "api-0", "messages-0", "worker-0", "redis", "shard-1"}) {
    World world;
    ASSERT_TRUE(world.settle());
    std::map<std::string, std::int64_t> pids;
    for (const auto& process : world.seen.platform.processes) pids[process.name] = process.pid;
    world.kill(name);
    world.done.clear();
    if (std::string(name) == "shard-1") {  // its data is still there
      world.decide_once();
      EXPECT_EQ(world.condition("Available").reason, "ShardUnavailable");
    }
    ASSERT_TRUE(world.settle()) << name;
    EXPECT_EQ(world.done.front(), std::string("start ") + name);
    for (const auto& process : world.seen.platform.processes) {
      EXPECT_TRUE(process.running) << process.name;
      EXPECT_EQ(process.pid == pids[process.name], process.name != name) << process.name;
    }
  }
}

TEST(Plan, RestartsWaitLongerEachTime) {
  EXPECT_EQ(restart_wait(1).count(), 0);
  EXPECT_EQ(restart_wait(2).count(), 500);
  EXPECT_EQ(restart_wait(3).count(), 1000);
  EXPECT_EQ(restart_wait(8).count(), 30'000);
  EXPECT_EQ(restart_wait(1000).count(), 30'000);
  World world;
  ASSERT_TRUE(world.settle());
  for (int i = 0; i < 3; ++i) world.kill("api-0");
  world.decide_once();
  EXPECT_TRUE(world.last.actions.empty());
  EXPECT_EQ(world.last.wake_at_ms, world.seen.now_ms + 1000);
}

TEST(Plan, ACrashLoopIsSaidWithTheLastLineOfItsLog) {
  World world;
  world.frozen = true;
  ASSERT_TRUE(world.settle());
  for (int i = 0; i < 5; ++i) world.kill("worker-0");
  world.find("worker-0")->last_lines = {"first", "no space left on device"};
  world.decide_once();
  EXPECT_EQ(world.condition("Degraded").reason, "CrashLoop");
  EXPECT_THAT(world.condition("Degraded").message, HasSubstr("no space left on device"));
}

TEST(Plan, ADaemonThatNoLongerAnswersIsEnded) {
  World world;
  ASSERT_TRUE(world.settle());
  auto ended = [&world](unsigned misses, std::int64_t silent_ms) {
    world.seen.daemons["api-0"].misses = misses;
    world.seen.daemons["api-0"].report_ms = world.seen.now_ms - silent_ms;
    return !world.decide_once().actions.empty();
  };
  EXPECT_FALSE(ended(4, 60'000));
  EXPECT_FALSE(ended(50, 9'999));
  ASSERT_TRUE(ended(5, 10'000));
  EXPECT_EQ(key_of(world.last.actions[0]), "process api-0");
  EXPECT_TRUE(std::holds_alternative<Kill>(world.last.actions[0]));
}

TEST(Plan, ADaemonThatStartsSlowlyIsNotTakenForHung) {
  World world;
  ASSERT_TRUE(world.settle());
  world.seen.daemons["api-0"].report.reset();
  world.seen.daemons["api-0"].misses = 20;
  EXPECT_TRUE(world.decide_once().actions.empty());
}

TEST(Plan, WhatNobodyReachesIsNotReadyYet) {
  World world;
  ASSERT_TRUE(world.settle());
  for (const char* name : {"gateway-0", "gateway-1"}) world.find(name)->reachable = false;
  EXPECT_TRUE(world.decide_once().actions.empty());
  EXPECT_EQ(world.condition("Available").reason, "DaemonUnavailable");
  EXPECT_EQ(world.last.status.gateways.ready, 0);
  world.find("gateway-1")->reachable = true;
  world.decide_once();
  EXPECT_EQ(world.condition("Available").status, api::ConditionStatus::True);
  EXPECT_EQ(world.condition("Progressing").message, "gateway-0 is starting");
}

TEST(Plan, PausedObservesAndChangesNothing) {
  World world;
  ASSERT_TRUE(world.settle());
  world.cluster.spec.paused = true;
  world.cluster.spec.gateways.replicas.min = 5;
  world.kill("api-0");
  EXPECT_TRUE(world.decide_once().actions.empty());
  EXPECT_EQ(world.condition("Progressing").reason, "Paused");
  EXPECT_EQ(world.condition("Available").reason, "DaemonUnavailable");
}

TEST(Plan, WhatIsNotServedStartsNothingAndNamesTheField) {
  const std::vector<std::pair<const char*, std::function<void(api::ChatClusterSpec&)>>> table{
      {"spec.shards.members", [](auto& spec) { spec.shards.members = 2; }},
      {"spec.shards.external",
       [](auto& spec) {
         spec.shards.external.push_back({"a", "b"});
       }},
      {"spec.redis.external", [](auto& spec) { spec.redis.external.emplace(); }},
      {"spec.events.backend", [](auto& spec) { spec.events.backend = api::EventsBackend::Kafka; }},
      {"spec.media.backend", [](auto& spec) { spec.media.backend = api::MediaBackend::S3; }},
      {"spec.auth.mode", [](auto& spec) { spec.auth.mode = api::AuthMode::ExternalJWT; }},
      {"spec.tls.secretName", [](auto& spec) { spec.tls.secret_name = "cert"; }},
      {"spec.version", [](auto& spec) { spec.version = "9.9"; }}};
  for (const auto& [field, change] : table) {
    World world;
    change(world.cluster.spec);
    EXPECT_TRUE(world.decide_once().actions.empty()) << field;
    EXPECT_EQ(world.condition("Available").reason, "Unsupported") << field;
    EXPECT_THAT(world.condition("Available").message, HasSubstr(field));
  }
}

TEST(Plan, AClusterThatServesKeepsServingWhenSomethingNotServedIsAskedOfIt) {
  World world;
  ASSERT_TRUE(world.settle());
  world.cluster.spec.shards.members = 3;
  world.kill("gateway-0");
  ASSERT_TRUE(world.settle());
  EXPECT_TRUE(world.runs("gateway-0"));
  EXPECT_EQ(world.condition("Available").status, api::ConditionStatus::True);
  EXPECT_EQ(world.condition("Degraded").reason, "Unsupported");
}

TEST(Plan, AChangedMigrationIsNotRunAndSaid) {
  World world;
  world.frozen = true;
  for (int i = 0; i < 3; ++i) {
    world.decide_once();
    world.settle(2);
  }
  ASSERT_TRUE(world.settle());
  world.seen.shards["shard-0"].report->migrated = false;
  world.seen.shards["shard-0"].report->migration_problem = "migration 2 has run here, and its file was changed since";
  world.done.clear();
  world.decide_once();
  EXPECT_TRUE(world.last.actions.empty());
  EXPECT_EQ(world.condition("Degraded").reason, "MigrationRefused");
  EXPECT_EQ(world.condition("Available").status, api::ConditionStatus::True);  // the schema of before serves on
}

TEST(Plan, BucketsOfANewerEpochThanOursAreNotTakenBackSilently) {
  World world;
  ASSERT_TRUE(world.settle());
  // shard-0 forgot: told again, with the epoch that the map knows.
  world.seen.shards["shard-0"].report->ranges.clear();
  world.decide_once();
  ASSERT_EQ(world.last.actions.size(), 1U);
  const auto& assign = std::get<AssignBuckets>(world.last.actions[0]);
  EXPECT_EQ(assign.ranges, joined(even_split(2)));
}

TEST(Plan, TheMapVersionGrowsOnlyWhenItsContentChanges) {
  World world;
  ASSERT_TRUE(world.settle());
  world.kill("gateway-0");
  ASSERT_TRUE(world.settle());
  EXPECT_EQ(world.map().version, 1);
  world.cluster.spec.limits.message_burst = 7;
  world.done.clear();
  ASSERT_TRUE(world.settle());
  EXPECT_EQ(world.map().version, 2);
  EXPECT_EQ(world.map().limits.message_burst, 7);
  EXPECT_TRUE(world.did("push the cluster map to gateway-0"));
  EXPECT_FALSE(world.did("stop gateway-0"));
}

TEST(Plan, AMapOfAnEarlierVersionIsGoneOnFrom) {
  World world;
  ASSERT_TRUE(world.settle());
  auto& text = world.seen.memory.map;
  const auto at = text.find("\"messageBurst\"");
  text.erase(at, text.find('\n', at) - at + 1);  // that version had no such limit
  ASSERT_EQ(world.map().version, 1);
  ASSERT_TRUE(world.settle());
  EXPECT_EQ(parse_map(to_json(world.map())).limits, world.cluster.spec.limits);
  EXPECT_EQ(world.map().buckets, joined(even_split(2)));
}

TEST(Plan, AMapReadsBackAsItWasWritten) {
  ClusterMap map;
  map.version = 7;
  map.cluster = "demo";
  map.shards = {{"shard-0", {"127.0.0.1", 5433}}};
  map.buckets = even_split(1);
  map.gateways = {{"gateway-0", "ws://127.0.0.1:1/v1/ws", {"127.0.0.1", 2}, true}};
  map.messages = {{"messages-0", {"127.0.0.1", 3}}};
  map.limits.group_members = 9;
  map.limits.trusted_proxies = {"10.0.0.0/8"};
  map.limits.vip_users = {{"alice \"x\""}, 3};
  EXPECT_EQ(to_json(parse_map(to_json(map))), to_json(map));
  for (const char* broken : {"", "{", "[]", "{\"version\": 3}", "{\"version\": \"3\"}"})
    EXPECT_EQ(parse_map(broken).version, 0);
}

TEST(Plan, ALostMapIsMadeAgainAboveWhatDaemonsSawAndFromTheShardsTruth) {
  World world;
  ASSERT_TRUE(world.settle());
  std::vector<ports::OwnedRange> moved{{0, 99, "shard-1", 2}, {100, 2047, "shard-0", 1}, {2048, 4095, "shard-1", 1}};
  for (const char* shard : {"shard-0", "shard-1"}) world.seen.shards[shard].report->ranges = moved;
  for (auto& [name, daemon] : world.seen.daemons) daemon.report->map_version = 41;
  world.seen.memory.map.clear();
  ASSERT_TRUE(world.settle());
  EXPECT_EQ(world.map().version, 42);
  EXPECT_EQ(world.map().buckets, moved);
}

TEST(Plan, TearsDownPeopleFirstAndTheTruthLast) {
  World world;
  ASSERT_TRUE(world.settle());
  world.seen.objective = Objective::stop;
  world.done.clear();
  ASSERT_TRUE(world.settle());
  EXPECT_TRUE(world.last.at_rest);
  EXPECT_LT(world.at("stop gateway-1"), world.at("stop messages-0"));
  EXPECT_LT(world.at("stop api-0"), world.at("stop messages-0"));
  EXPECT_LT(world.at("stop messages-0"), world.at("stop shard-0"));
  EXPECT_EQ(world.condition("Available").reason, "Stopped");
  EXPECT_FALSE(world.did("remove the cluster"));
}

TEST(Plan, DeletionKeepsTheDataUnlessToldOtherwise) {
  for (bool keep : {true, false}) {
    World world;
    ASSERT_TRUE(world.settle());
    if (!keep) world.cluster.spec.shards.storage.when_deleted = api::WhenDeleted::Delete;
    world.seen.objective = Objective::remove;
    bool removed = false;
    for (int i = 0; i < 20 && !removed; ++i) {
      world.decide_once();
      for (const auto& action : world.last.actions) {
        if (const auto* remove = std::get_if<RemoveCluster>(&action)) {
          EXPECT_EQ(remove->keep_data, keep);
          removed = true;
        }
      }
      world.settle(1);
    }
    EXPECT_TRUE(removed);
  }
}

TEST(Plan, AFailedActIsTriedAgainLaterAndAnActUnderWayIsNotBegunTwice) {
  World world;
  world.decide_once();
  ASSERT_EQ(world.last.actions.size(), 1U);
  world.seen.acting.insert("cluster");
  EXPECT_TRUE(world.decide_once().actions.empty());
  world.seen.acting.clear();
  world.seen.failures["cluster"] = {"could not", "", 1, world.seen.now_ms};
  EXPECT_TRUE(world.decide_once().actions.empty());
  ASSERT_TRUE(world.last.wake_at_ms.has_value());
  world.seen.now_ms = *world.last.wake_at_ms;
  EXPECT_EQ(world.decide_once().actions.size(), 1U);
}

TEST(Plan, FiguresAloneAreWrittenEvery15Seconds) {
  api::ChatClusterStatus written;
  written.gateways.members.push_back({"gateway-0", api::GatewayState::Serving, 5});
  auto next = written;
  EXPECT_FALSE(worth_writing(written, next, 1'000'000));
  next.gateways.members[0].connections = 6;
  next.gateways.connections = 6;
  EXPECT_FALSE(worth_writing(written, next, 14'999));
  EXPECT_TRUE(worth_writing(written, next, 15'000));
  next.gateways.members[0].state = api::GatewayState::Draining;
  EXPECT_TRUE(worth_writing(written, next, 1));
}

TEST(Plan, TheTimeOfAConditionChangesWithItsStatusOnly) {
  World world;
  ASSERT_TRUE(world.settle());
  const auto since = world.condition("Available").last_transition_time;
  world.seen.now_ms += 5000;
  world.seen.wall_ms += 5000;
  world.decide_once();
  EXPECT_EQ(world.condition("Available").last_transition_time, since);
  world.seen.redis_answers = false;
  world.decide_once();
  EXPECT_NE(world.condition("Available").last_transition_time, since);
  EXPECT_EQ(world.condition("Available").reason, "RedisUnavailable");
}

}  // namespace
}  // namespace chatop::plan
