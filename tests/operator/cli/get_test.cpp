#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "dataplane/base/clock.hpp"
#include "operator/local/resource_directory.hpp"
#include "tests/operator/cli/run_chatctl.hpp"

namespace {

using namespace chatop::cli;
using namespace chatop::api;
using chatop::local::ResourceDirectory;
using testing::HasSubstr;

std::string ago(std::int64_t seconds) {
  return chat::base::rfc3339(chat::base::SystemClock().now_milliseconds() - seconds * 1000);
}

ChatClusterStatus serving() {
  ChatClusterStatus status;
  status.observed_generation = 1;
  status.conditions = {{"Available", ConditionStatus::True, "Serving", "Everything serves.", ago(7230), 1},
                       {"Durable", ConditionStatus::False, "SingleMember", "Each shard has one member.", ago(7230), 1}};
  status.endpoints = {"ws://127.0.0.1:4000/v1/ws", "http://127.0.0.1:4001"};
  status.map_version = 3;
  status.gateways = {2, 2, 17, {{"gateway-0", GatewayState::Serving, 9}, {"gateway-1", GatewayState::Serving, 8}}};
  status.messages = status.api = status.workers = {1, 1};
  status.shards = {{"shard-0", "0-2047", ShardState::Serving, "shard-0", 1, 0, 12, 8000000},
                   {"shard-1", "2048-4095", ShardState::Serving, "shard-1", 1, 0, 9, 7000000}};
  status.scaling = {{"gateways", 1, 2, "spec.gateways.replicas.min is 2", ago(60)}};
  return status;
}
ChatClusterStatus broken() {
  auto status = serving();
  status.conditions[0] = {"Available", ConditionStatus::False, "ShardDown", "shard-1 takes no writes.", ago(7810), 1};
  status.shards[1].primary = "";
  return status;
}

class Shown : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(directory_.run({"apply", "-f", directory_.file("demo.yaml", document("demo"))}).code, 0);
  }
  void status_is(const ChatClusterStatus& status) {
    ASSERT_TRUE(ResourceDirectory(directory_.state()).write_status("demo", status));
  }
  StateDirectory directory_;
};

TEST(Get, AnEmptyDirectoryHasNone) {
  StateDirectory directory;
  auto ran = directory.run({"get", "chatclusters"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, "");
  EXPECT_THAT(ran.err, HasSubstr("no ChatCluster in"));
  EXPECT_EQ(nlohmann::json::parse(directory.run({"get", "chat", "-o", "json"}).out)["items"].size(), 0u);
}

TEST_F(Shown, AsATable) {
  auto pending = directory_.run({"get", "chat"});
  EXPECT_THAT(pending.out, testing::MatchesRegex("NAME   READY     GATEWAYS   CONNECTIONS   SHARDS   AGE\n"
                                                 "demo   Pending   0/0        0             0/2      [0-9]+s\n"));
  status_is(serving());
  EXPECT_THAT(directory_.run({"get", "chatcluster", "demo"}).out,
              testing::MatchesRegex("NAME   READY   GATEWAYS   CONNECTIONS   SHARDS   AGE\n"
                                    "demo   True    2/2        17            2/2      [0-9]+s\n"));
  status_is(broken());
  EXPECT_THAT(directory_.run({"get", "chatcluster/demo"}).out,
              HasSubstr("demo   False   2/2        17            1/2"));
  EXPECT_THAT(directory_.run({"get", "chat", "-o", "wide"}).out, HasSubstr("ws://127.0.0.1:4000/v1/ws\n"));
}

TEST_F(Shown, AsJsonWithItsStatusInTheContractsOrder) {
  status_is(serving());
  auto ran = directory_.run({"get", "chatcluster", "demo", "-o", "json"});
  ASSERT_EQ(ran.code, 0);
  auto json = nlohmann::ordered_json::parse(ran.out);
  EXPECT_EQ(json["status"]["endpoints"].dump(),
            R"({"websocket":"ws://127.0.0.1:4000/v1/ws","api":"http://127.0.0.1:4001"})");
  EXPECT_EQ(json["status"]["gateways"]["members"][1].dump(),
            R"({"name":"gateway-1","state":"Serving","connections":8})");
  EXPECT_EQ(json["spec"]["shards"]["storage"]["size"], "10Gi");
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  EXPECT_THAT(keys, testing::ElementsAre("apiVersion", "kind", "metadata", "spec", "status"));
  keys.clear();
  for (const auto& [key, value] : json["status"].items()) keys.push_back(key);
  EXPECT_THAT(keys, testing::ElementsAre("observedGeneration", "conditions", "endpoints", "mapVersion", "gateways",
                                         "messages", "api", "workers", "servingShards", "shards", "scaling"));
}

TEST_F(Shown, AnUnknownNameNamesTheKnownOnes) {
  auto ran = directory_.run({"get", "chatcluster", "nobody"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.err, "chatctl: there is no ChatCluster \"nobody\": there are: demo\n");
  EXPECT_EQ(directory_.run({"get", "chatcluster", "../demo"}).code, 1);
  EXPECT_EQ(directory_.run({"describe", "chatcluster", "nobody"}).code, 1);
  EXPECT_EQ(directory_.run({"status", "nobody"}).code, 1);
}

TEST_F(Shown, AFileEditedIntoNonsenseHidesNoOther) {
  ASSERT_EQ(directory_.run({"apply", "-f", directory_.file("b.yaml", document("b"))}).code, 0);
  std::ofstream(directory_.state() / "resources/chatclusters/demo.yaml") << "kind: [";
  auto ran = directory_.run({"get", "chat"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, HasSubstr("demo.yaml: the document is not valid YAML"));
  EXPECT_THAT(ran.out, HasSubstr("b      Pending"));
}

TEST_F(Shown, ABrokenStatusFileIsAsGoodAsNone) {
  std::ofstream(directory_.state() / "resources/chatclusters/demo.status.json") << "{";
  EXPECT_THAT(directory_.run({"get", "chat"}).out, HasSubstr("Pending"));
}

TEST_F(Shown, AnEqualStatusIsNotWrittenAgain) {
  ResourceDirectory resources(directory_.state());
  EXPECT_TRUE(resources.write_status("demo", serving()).value());
  auto same = resources.read("demo")->cluster.status;
  EXPECT_FALSE(resources.write_status("demo", same).value());
  same.map_version = 4;
  EXPECT_TRUE(resources.write_status("demo", same).value());
}

TEST_F(Shown, DescribeTellsEverything) {
  status_is(broken());
  auto ran = directory_.run({"describe", "chat", "demo"});
  ASSERT_EQ(ran.code, 0);
  for (auto piece :
       {"Operator:     not running: nothing is repaired until one is", "2 at creation, 1 member each, 10Gi of storage",
        "Available   False    2h10m   ShardDown      shard-1 takes no writes.", "1/2 serving: shard-1 has no primary",
        "gateway-1   Serving   8", "shard-0   Serving   0-2047      shard-0   1", "http://127.0.0.1:4001",
        "gateways   1 -> 2   spec.gateways.replicas.min is 2"})
    EXPECT_THAT(ran.out, HasSubstr(piece));
}

TEST_F(Shown, StatusSaysFirstWhatIsWrongSinceWhenAndWhatToDo) {
  status_is(broken());
  std::filesystem::create_directories(directory_.state() / "clusters/demo/logs");
  std::ofstream(directory_.state() / "clusters/demo/logs/shard-1.log") << "PANIC\n";
  auto ran = directory_.run({"status", "demo"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, R"(demo   NOT AVAILABLE   for 2h10m   generation 1   operator not running
  ! No operator runs here: what is shown is what the last one saw, and nothing is repaired.
    do: chatctl up FILE --detach
  ! Available is not so for 2h10m (ShardDown): shard-1 takes no writes.
    do: chatctl logs shard-1 --cluster demo --tail 50
    do: chatctl describe chatcluster demo
  - Each shard has one member.
  !   shards      1/2 serving: shard-1 has no primary
      messages    1/1 ready
      api         1/1 ready
      workers     1/1 ready
      gateways    2/2 ready                             17 connections
      web, api    http://127.0.0.1:4001
      websocket   ws://127.0.0.1:4000/v1/ws
)");
}

TEST_F(Shown, StatusOfAStoppedClusterIsNoAlarm) {
  auto status = serving();
  status.conditions[0] = {"Available", ConditionStatus::False, "Stopped", "It was stopped.", ago(7810), 1};
  status_is(status);
  EXPECT_EQ(directory_.run({"status"}).out, R"(demo   STOPPED   for 2h10m   generation 1   operator not running
  - It was stopped.
    do: chatctl up FILE --detach
)");
}

TEST_F(Shown, StatusNeedsNoNameWhereThereIsOneCluster) {
  EXPECT_THAT(directory_.run({"status"}).out, HasSubstr("demo   NOT STARTED YET"));
  StateDirectory empty;
  EXPECT_EQ(empty.run({"status"}).code, 1);
}

}  // namespace
