#include "dataplane/adapters/gateway_loads.hpp"

#include <gtest/gtest.h>

#include "dataplane/io/http/server.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/run_task.hpp"

namespace chat::adapters {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const base::SteadyTime kNow{std::chrono::hours(1)};

domain::GatewayEntry entry(const std::string& name, bool draining = false) {
  return {name, "ws://" + name + "/v1/ws", {"127.0.0.1", 1}, draining};
}

class GatewayTableTest : public ::testing::Test {
 protected:
  GatewayTableTest() { table_.adopt({entry("a"), entry("b"), entry("c")}); }
  std::string choice(base::SteadyTime now = kNow) {
    auto chosen = table_.choose(now);
    return chosen ? chosen->name : "none";
  }
  GatewayTable table_;
};

TEST_F(GatewayTableTest, chooses_none_that_never_answered) { EXPECT_EQ(choice(), "none"); }

TEST_F(GatewayTableTest, chooses_the_least_loaded) {
  table_.answered("a", 10, true, kNow);
  table_.answered("b", 3, true, kNow);
  table_.answered("c", 7, true, kNow);
  EXPECT_EQ(choice(), "b");
}

TEST_F(GatewayTableTest, whom_it_sent_somewhere_counts_as_load_for_five_seconds) {
  table_.answered("a", 0, true, kNow);
  table_.answered("b", 2, true, kNow);
  EXPECT_EQ(choice(), "a");
  EXPECT_EQ(choice(), "a");
  EXPECT_EQ(choice(), "a");  // 2 against 2: the first name
  EXPECT_EQ(choice(), "b");
  const auto later = kNow + seconds(5);
  table_.answered("a", 1, true, later);
  table_.answered("b", 2, true, later);
  EXPECT_EQ(choice(later), "a");
}

TEST_F(GatewayTableTest, many_clients_at_once_are_spread_evenly) {
  for (const char* name : {"a", "b", "c"}) table_.answered(name, 0, true, kNow);
  std::map<std::string, int> sent;
  for (int i = 0; i < 300; ++i) ++sent[choice()];
  EXPECT_EQ(sent["a"], 100);
  EXPECT_EQ(sent["b"], 100);
  EXPECT_EQ(sent["c"], 100);
}

TEST_F(GatewayTableTest, skips_who_drains_by_its_own_word_or_by_the_map_who_fails_and_who_is_silent) {
  for (const char* name : {"a", "b", "c"}) table_.answered(name, 0, true, kNow);
  table_.answered("a", 0, false, kNow);
  EXPECT_EQ(choice(), "b");
  table_.adopt({entry("a"), entry("b", true), entry("c")});
  EXPECT_EQ(choice(), "c");
  table_.failed("c");
  EXPECT_EQ(choice(), "none");
  table_.answered("c", 0, true, kNow);
  EXPECT_FALSE(table_.takes_nobody(kNow));
  EXPECT_EQ(choice(kNow + GatewayTable::kFresh), "none");
  EXPECT_TRUE(table_.takes_nobody(kNow + GatewayTable::kFresh));
}

TEST_F(GatewayTableTest, a_new_map_keeps_what_is_known_of_who_stays) {
  table_.answered("a", 5, true, kNow);
  table_.answered("b", 1, true, kNow);
  table_.adopt({entry("a")});
  EXPECT_EQ(choice(), "a");
}

TEST_F(GatewayTableTest, has_found_any_since_one_took_connections) {
  EXPECT_TRUE(GatewayTable().has_found_any()) << "there is none to find";
  EXPECT_FALSE(table_.has_found_any());
  table_.answered("a", 0, false, kNow);
  EXPECT_FALSE(table_.has_found_any());
  table_.answered("b", 0, true, kNow);
  table_.failed("b");
  EXPECT_TRUE(table_.has_found_any());
}

base::Task<io::http::Response> status_answer(io::http::Request request, std::string* seen) {
  *seen = std::string(request[io::http::field::authorization]);
  co_return io::http::reply(request, io::http::status::ok, R"({"state": "Serving", "connections": 4})",
                            "application/json");
}

TEST(GatewayLoadsTest, asks_the_admin_side_with_the_token_and_notices_when_it_goes) {
  boost::asio::io_context io;
  base::Log log("test", base::Level::error);
  std::string authorization;
  auto server = std::make_unique<io::http::Server>(io.get_executor(), log);
  const auto port = server->listen({"127.0.0.1", 0}, false);
  ASSERT_TRUE(port);
  server->serve([&authorization](io::http::Request request, io::http::Peer) {
    return status_answer(std::move(request), &authorization);
  });
  base::TaskGroup tasks(io.get_executor());
  GatewayLoads loads(io.get_executor(), tasks, log, [] { return std::string("secret"); });
  domain::ClusterMap map;
  map.gateways = {{"gateway-0", "ws://here/v1/ws", {"127.0.0.1", *port}, false}};
  loads.update(map);
  loads.start();
  ASSERT_TRUE(testing::eventually(io, [&] { return loads.choose(std::chrono::steady_clock::now()).has_value(); }));
  EXPECT_EQ(authorization, "Bearer secret");
  testing::run_task(io, server->stop(milliseconds(100)));
  EXPECT_TRUE(testing::eventually(io, [&] { return !loads.choose(std::chrono::steady_clock::now()).has_value(); }));
  loads.stop();
  EXPECT_TRUE(testing::run_task(io, tasks.idle(std::chrono::steady_clock::now() + seconds(5))));
}

}  // namespace
}  // namespace chat::adapters
