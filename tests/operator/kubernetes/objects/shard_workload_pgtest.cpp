#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "dataplane/io/postgres/connection.hpp"
#include "tests/operator/kubernetes/objects/pod_on_this_machine.hpp"
#include "tests/support/eventually.hpp"

namespace chatop::kubernetes::objects {
namespace {

using ports::Role;

class ShardPod : public ::testing::Test {
 protected:
  bool accepts() { return pod_.run(pod_.server().at("readinessProbe").at("exec").at("command")) == 0; }
  bool lives() { return pod_.run(pod_.server().at("livenessProbe").at("exec").at("command")) == 0; }
  bool comes_up() {
    return chat::testing::eventually([this] { return accepts(); }, PodOnThisMachine::kLongest);
  }
  chat::io::postgres::Target target(const std::string& password) const {
    chat::io::postgres::Target target;
    target.host = "127.0.0.1";
    target.port = pod_.port();
    target.user = "postgres";
    target.password = password;
    target.database = "postgres";
    target.application = "test";
    return target;
  }

  PodOnThisMachine pod_{kDemo, Role::shard, "postgres"};
};

TEST_F(ShardPod, MakesItsDataOnceAndServesWhoHasThePassword) {
  ASSERT_EQ(pod_.run(pod_.initialiser().at("command")), 0) << pod_.log();
  const auto made = std::filesystem::last_write_time(pod_.volume() / "pgdata" / "PG_VERSION");
  ASSERT_EQ(pod_.run(pod_.initialiser().at("command")), 0) << pod_.log();
  EXPECT_EQ(std::filesystem::last_write_time(pod_.volume() / "pgdata" / "PG_VERSION"), made);

  EXPECT_FALSE(lives()) << "nothing runs yet";
  auto server = pod_.start(pod_.server().at("command"));
  ASSERT_TRUE(comes_up()) << pod_.log();
  EXPECT_TRUE(lives());
  chat::io::postgres::Connection connection(target("the superuser's password"));
  const auto shown = connection.execute(
      "SELECT current_setting('data_checksums') || current_setting('max_connections') "
      "|| current_setting('wal_level')");
  ASSERT_TRUE(shown) << shown.error().message;
  EXPECT_STREQ((*shown)[0][0].c_str(), "on100logical");
  EXPECT_FALSE(chat::io::postgres::Connection(target("another password")).execute("SELECT 1"));

  // kubelet's preStop ends it at once, whoever is connected.
  EXPECT_EQ(pod_.run(pod_.server().at("lifecycle").at("preStop").at("exec").at("command")), 0) << pod_.log();
  EXPECT_EQ(server->wait(PodOnThisMachine::kLongest), 0);
  EXPECT_FALSE(lives());
}

TEST_F(ShardPod, HalfMadeDataIsMadeAgain) {
  const auto half = pod_.volume() / "pgdata.new";
  ASSERT_EQ(pod_.run(Json::array({"mkdir", half.string()})), 0);
  ASSERT_EQ(pod_.run(Json::array({"touch", (half / "leftover").string()})), 0);
  ASSERT_EQ(pod_.run(pod_.initialiser().at("command")), 0) << pod_.log();
  EXPECT_TRUE(std::filesystem::exists(pod_.volume() / "pgdata" / "PG_VERSION"));
  EXPECT_FALSE(std::filesystem::exists(pod_.volume() / "pgdata" / "leftover"));
}

TEST_F(ShardPod, DataThatIsNotOursIsLeftAlone) {
  ASSERT_EQ(pod_.run(Json::array({"mkdir", (pod_.volume() / "pgdata").string()})), 0);
  ASSERT_EQ(pod_.run(Json::array({"touch", (pod_.volume() / "pgdata" / "somebodys").string()})), 0);
  EXPECT_NE(pod_.run(pod_.initialiser().at("command")), 0);
  EXPECT_TRUE(std::filesystem::exists(pod_.volume() / "pgdata" / "somebodys"));
}

TEST_F(ShardPod, OneThatRefusesConnectionsLives) {
  ASSERT_EQ(pod_.run(pod_.initialiser().at("command")), 0) << pod_.log();
  auto server = pod_.start(pod_.server().at("command"));
  ASSERT_TRUE(comes_up()) << pod_.log();
  chat::io::postgres::Connection connection(target("the superuser's password"));
  ASSERT_TRUE(connection.execute("SELECT 1"));
  server->signal(SIGTERM);  // waits for the connection, and takes no other
  ASSERT_TRUE(chat::testing::eventually([this] { return !accepts(); }, PodOnThisMachine::kLongest));
  EXPECT_TRUE(lives());
  EXPECT_TRUE(server->running());
  server->signal(SIGINT);
  EXPECT_EQ(server->wait(PodOnThisMachine::kLongest), 0);
}

TEST_F(ShardPod, ASecondServerOnItsVolumeWaitsForTheLastProcessOfTheFirst) {
  ASSERT_EQ(pod_.run(pod_.initialiser().at("command")), 0) << pod_.log();
  auto first = pod_.start(pod_.server().at("command"));
  ASSERT_TRUE(comes_up()) << pod_.log();
  auto second = pod_.start(pod_.server().at("command"));
  EXPECT_FALSE(chat::testing::eventually([&] { return !second->running(); }, std::chrono::seconds(1))) << pod_.log();
  EXPECT_TRUE(first->running());
  first->signal(SIGKILL);
  first->wait(PodOnThisMachine::kLongest);
  ASSERT_TRUE(comes_up()) << pod_.log();
  EXPECT_TRUE(second->running());
}

TEST(ShardPodWithTls, TakesNobodyWithout) {
  PodOnThisMachine pod(kEverything, Role::shard, "postgres");
  ASSERT_EQ(pod.run(pod.initialiser().at("command")), 0) << pod.log();
  auto server = pod.start(pod.server().at("command"));
  const auto& ready = pod.server().at("readinessProbe").at("exec").at("command");
  ASSERT_TRUE(chat::testing::eventually([&] { return pod.run(ready) == 0; }, PodOnThisMachine::kLongest)) << pod.log();
  const auto asked = [&pod](const std::string& how) {
    const auto where = "host=everything-shard-0.chat.svc hostaddr=127.0.0.1 user=postgres dbname=postgres port=" +
                       std::to_string(pod.port()) + " " + how;
    return pod.run(Json::array({"env", "PGPASSWORD=the superuser's password", "psql", where, "-c", "SELECT 1"}));
  };
  EXPECT_EQ(asked("sslmode=verify-full sslrootcert=" + pod.ca().string()), 0) << pod.log();
  EXPECT_EQ(asked(""), 0) << "TLS is what a client tries first: " << pod.log();
  EXPECT_EQ(pod.run(ready), 0);
  EXPECT_THAT(pod.log(), testing::Not(testing::HasSubstr("no pg_hba.conf entry"))) << "probes would fill the log";
  EXPECT_NE(asked("sslmode=disable"), 0);
  server->signal(SIGINT);
  EXPECT_EQ(server->wait(PodOnThisMachine::kLongest), 0);
}

}  // namespace
}  // namespace chatop::kubernetes::objects
