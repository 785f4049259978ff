#include "dataplane/domain/cluster_map.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <set>

namespace chat::domain {
namespace {

using base::Json;

Json good() {
  return Json::parse(R"({"version": 3, "cluster": "demo",
    "shards": [{"name": "shard-0", "address": "127.0.0.1:5433"}, {"name": "shard-1", "address": "[::1]:5434"}],
    "buckets": [{"low": 2048, "high": 4095, "shard": "shard-1", "epoch": 2}, {"low": 0, "high": 2047, "shard": "shard-0", "epoch": 1}],
    "gateways": [{"name": "gateway-0", "url": "ws://127.0.0.1:7001/v1/ws", "admin": "127.0.0.1:9001", "draining": true},
                 {"name": "gateway-1", "url": "ws://127.0.0.1:7002/v1/ws", "admin": "127.0.0.1:9002"}],
    "messages": [{"name": "messages-0", "address": "127.0.0.1:7101"}],
    "limits": {"messagesPerMinutePerUser": 7, "contentCharacters": 10, "trustedProxies": ["10.0.0.0/8"],
               "vipUsers": {"names": ["ann"], "factor": 3}}, "later": "ignored"})");
}

ClusterMap map_of(std::int64_t version, std::int64_t epoch = 1) {
  auto document = good();
  document["version"] = version;
  document["buckets"][0]["epoch"] = epoch;
  document["buckets"][1]["epoch"] = epoch;
  return parse_cluster_map(document.dump()).value();
}

TEST(ClusterMap, ReadsWhatTheOperatorWrites) {
  const auto map = parse_cluster_map(good().dump());
  ASSERT_TRUE(map) << map.error().message;
  EXPECT_EQ(map->version, 3);
  EXPECT_EQ(map->cluster, "demo");
  EXPECT_EQ(map->range_of(0).shard, "shard-0");
  EXPECT_EQ(map->range_of(2047).shard, "shard-0");
  EXPECT_EQ(map->range_of(2048).shard, "shard-1");
  EXPECT_EQ(map->range_of(4095).epoch, 2);
  ASSERT_NE(map->shard("shard-1"), nullptr);
  EXPECT_EQ(map->shard("shard-1")->address.host, "::1");
  EXPECT_EQ(map->shard("shard-9"), nullptr);
  EXPECT_TRUE(map->gateways[0].draining);
  EXPECT_FALSE(map->gateways[1].draining);
  EXPECT_EQ(map->limits.messages_per_minute_per_user, 7);
  EXPECT_EQ(map->limits.content_characters, 10);
  EXPECT_EQ(map->limits.message_burst, 100) << "the default";
  EXPECT_EQ(map->limits.trusted_proxies.size(), 1u);
  EXPECT_TRUE(map->limits.vip_users.contains("ann"));
  EXPECT_EQ(map->limits.vip_factor, 3);
}

TEST(ClusterMap, RefusesAWrongDocumentAndNamesThePath) {
  struct Row {
    std::function<void(Json&)> spoil;
    const char* says;
  };
  const Row rows[] = {
      {[](Json& d) { d.erase("version"); }, "version"},
      {[](Json& d) { d["version"] = 0; }, "version"},
      {[](Json& d) { d["version"] = "3"; }, "version"},
      {[](Json& d) { d["version"] = 1.5; }, "version"},
      {[](Json& d) { d["cluster"] = nullptr; }, "cluster"},
      {[](Json& d) { d["shards"] = Json::object(); }, "shards"},
      {[](Json& d) { d["shards"][0] = "shard-0"; }, "shards[0]"},
      {[](Json& d) { d["shards"][1]["address"] = "no port"; }, "shards[1].address"},
      {[](Json& d) { d["buckets"][0].erase("epoch"); }, "buckets[0].epoch"},
      {[](Json& d) { d["buckets"][0]["epoch"] = 0; }, "buckets[0].epoch"},
      {[](Json& d) { d["buckets"][0]["high"] = 4096; }, "buckets[0].high"},
      {[](Json& d) { d["buckets"][0]["low"] = -1; }, "buckets[0].low"},
      {[](Json& d) { d["buckets"][0]["low"] = 2049; }, "bucket 2048 is missing"},
      {[](Json& d) { d["buckets"][0]["low"] = 2047; }, "bucket 2048"},
      {[](Json& d) { d["buckets"][0]["high"] = 4094; }, "4095"},
      {[](Json& d) { d["buckets"][0]["shard"] = "shard-9"; }, "shard-9"},
      {[](Json& d) { d["buckets"] = Json::array(); }, "4095"},
      {[](Json& d) { d["gateways"][0].erase("url"); }, "gateways[0].url"},
      {[](Json& d) { d["messages"][0]["address"] = "h:99999"; }, "messages[0].address"},
      {[](Json& d) { d["limits"] = 3; }, "limits"},
      {[](Json& d) { d["limits"]["messageBurst"] = -1; }, "limits.messageBurst"},
      {[](Json& d) { d["limits"]["vipUsers"]["factor"] = 0; }, "limits.vipUsers.factor"},
  };
  for (const auto& row : rows) {
    auto document = good();
    row.spoil(document);
    const auto map = parse_cluster_map(document.dump());
    ASSERT_FALSE(map) << row.says;
    EXPECT_NE(map.error().message.find(row.says), std::string::npos) << map.error().message;
  }
  for (const char* text : {"", "[]", "null", "{", "3"}) EXPECT_FALSE(parse_cluster_map(text)) << text;
}

TEST(Router, TakesOnlyNewerMaps) {
  Router router(map_of(5));
  EXPECT_FALSE(router.adopt(map_of(5)));
  EXPECT_FALSE(router.adopt(map_of(4)));
  EXPECT_TRUE(router.adopt(map_of(6)));
  EXPECT_EQ(router.map().version, 6);
}

TEST(Router, BelievesAShardThatKnowsBetterUntilTheMapDoes) {
  Router router(map_of(5, 1));
  router.learn(7, "shard-1", 3);
  EXPECT_EQ(router.owner(7), "shard-1");
  EXPECT_EQ(router.owner(8), "shard-0") << "others are not concerned";
  router.learn(7, "shard-0", 2);
  EXPECT_EQ(router.owner(7), "shard-1") << "an older answer came late";
  EXPECT_TRUE(router.adopt(map_of(6, 2)));
  EXPECT_EQ(router.owner(7), "shard-1") << "the map is newer, its epoch is not";
  EXPECT_TRUE(router.adopt(map_of(7, 3)));
  EXPECT_EQ(router.owner(7), "shard-0");
}

TEST(Router, IgnoresAnAnswerThatIsNoNewerThanTheMap) {
  Router router(map_of(5, 4));
  router.learn(7, "shard-1", 4);
  router.learn(7, "shard-1", 3);
  EXPECT_EQ(router.owner(7), "shard-0");
}

TEST(Rendezvous, ChangesOnlyWhatTheGoneOneHad) {
  const std::vector<std::string> three = {"messages-0", "messages-1", "messages-2"};
  const std::vector<std::string> two = {"messages-0", "messages-2"};
  std::array<int, 3> shares{};
  for (int bucket = 0; bucket < kBuckets; ++bucket) {
    const auto b = static_cast<std::uint16_t>(bucket);
    const auto chosen = rendezvous(b, three);
    ++shares.at(chosen);
    if (chosen == 1) continue;
    EXPECT_EQ(two[rendezvous(b, two)], three[chosen]) << bucket;
  }
  for (int share : shares) EXPECT_NEAR(share, kBuckets / 3.0, 200);
}

TEST(Rendezvous, DoesNotDependOnTheOrderOfNames) {
  const std::vector<std::string> names = {"a", "b", "c"};
  const std::vector<std::string> turned = {"c", "a", "b"};
  for (int bucket = 0; bucket < kBuckets; ++bucket) {
    const auto b = static_cast<std::uint16_t>(bucket);
    ASSERT_EQ(names[rendezvous(b, names)], turned[rendezvous(b, turned)]);
  }
  EXPECT_EQ(rendezvous(1, {"only"}), 0u);
}

}  // namespace
}  // namespace chat::domain
