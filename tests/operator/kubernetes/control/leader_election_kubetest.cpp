#include "operator/kubernetes/control/event_recorder.hpp"
#include "operator/kubernetes/control/leader_election.hpp"
#include "tests/operator/kubernetes/real_cluster.hpp"

namespace chatop::kubernetes {
namespace {

using chat::base::Json;
using std::chrono::milliseconds;
using std::chrono::seconds;

class LeaderOnRealCluster : public RealCluster {
 protected:
  // An operator with a network of its own.
  struct Candidate {
    Candidate(LeaderOnRealCluster& test, const std::string& identity)
        : proxy(server_port()),
          connection(test.connect(admin_through(proxy.port()))),
          election(connection->http, test.clock_, test.io_.get_executor(), options(test, identity), test.log_) {
      test.group_.spawn("election", election.run());
    }
    LeaderElection::Options options(LeaderOnRealCluster& test, const std::string& identity) {
      LeaderElection::Options options{test.name_space_, "chat-operator", identity, {}, {}, {}};
      options.won = [this](std::int64_t epoch) { told.push_back(epoch); };
      options.lost = [this] { told.push_back(-1); };
      return options;
    }
    chat::testing::TcpProxy proxy;
    std::unique_ptr<Connection> connection;
    std::vector<std::int64_t> told;
    LeaderElection election;
  };
  void end(const std::vector<Candidate*>& all) {
    for (auto* candidate : all) candidate->election.stop();
    EXPECT_TRUE(run(group_.idle(clock_.steady() + seconds(60))));
  }
  Json lease() {
    auto found =
        run(client().get({{"coordination.k8s.io", "v1", "leases", "Lease", true}, name_space_, "chat-operator"}));
    return found ? *found : Json();
  }
  chat::base::TaskGroup group_{io_.get_executor()};
};

TEST_F(LeaderOnRealCluster, TwoFightOneLeadsAndAReleaseHandsOver) {
  Candidate a(*this, "a");
  Candidate b(*this, "b");
  ASSERT_TRUE(soon([&] {
    EXPECT_FALSE(a.election.leads() && b.election.leads());
    return a.election.leads() || b.election.leads();
  }));
  auto& first = a.election.leads() ? a : b;
  auto& second = a.election.leads() ? b : a;
  EXPECT_EQ(lease()["spec"]["leaseTransitions"], 1);
  first.election.stop();
  auto asked = clock_.steady();
  run(first.election.release());
  ASSERT_TRUE(soon([&] { return second.election.leads(); }));
  RecordProperty("takeover_after_release_ms", static_cast<int>((clock_.steady() - asked) / milliseconds(1)));
  EXPECT_EQ(second.election.epoch(), 2);
  EXPECT_EQ(lease()["spec"]["leaseTransitions"], 2);
  end({&a, &b});
}

TEST_F(LeaderOnRealCluster, WhoIsCutOffIsFencedBeforeTheOtherBegins) {
  Candidate a(*this, "a");
  ASSERT_TRUE(soon([&] { return a.election.leads(); }));
  Client::Options fenced;
  fenced.writes_until = [&] { return a.election.writes_until(); };
  auto writer = connect(admin(), fenced);  // its own way to the server still works
  ASSERT_TRUE(run(writer->client.apply(map("a"), map_body("a"), {})));
  Candidate b(*this, "b");
  a.proxy.refuse(true);
  a.proxy.cut();
  ASSERT_TRUE(soon([&] {
    EXPECT_FALSE(a.election.leads() && b.election.leads());
    return b.election.leads();
  }));
  EXPECT_EQ(run(writer->client.apply(map("a"), map_body("a"), {})).error().code, ApiErrc::fenced);
  EXPECT_GE(b.election.epoch(), 2);
  ASSERT_TRUE(soon([&] { return a.told.size() >= 2; }));
  EXPECT_EQ(a.told.back(), -1);
  end({&a, &b});
}

TEST_F(LeaderOnRealCluster, EventsAreSeriesThatTheServerTakes) {
  ASSERT_TRUE(run(client().create(map("a"), map_body("a"))));
  auto object = *run(client().get(map("a")));
  Happening happening;
  happening.regarding = {{"apiVersion", "v1"},
                         {"kind", "ConfigMap"},
                         {"namespace", name_space_},
                         {"name", "a"},
                         {"uid", object["metadata"]["uid"]}};
  happening.reason = "Tried";
  happening.action = "Try";
  happening.note = "it was tried";
  // Time goes on as told: a minute later the count is written.
  EventSeries series("chatcluster.io/test", "test-1", {});
  auto now = clock_.now_milliseconds();
  auto write = [&](std::int64_t at) {
    auto event = series.take(at);
    if (!event) return chat::base::Result<Json>(chat::base::fail(ApiErrc::invalid, "nothing to write"));
    ObjectRef place{{"events.k8s.io", "v1", "events", "Event", true}, event->name_space, event->name};
    return event->create ? run(client().create(place, event->body)) : run(client().merge(place, event->body, ""));
  };
  series.add(happening, now);
  auto made = write(now);
  ASSERT_TRUE(made) << made.error().message;
  for (int i = 0; i < 3; ++i) series.add(happening, now + 1'000);
  auto counted = write(now + 61'000);
  ASSERT_TRUE(counted) << counted.error().message;
  EXPECT_EQ((*counted)["series"]["count"], 4);
  EXPECT_EQ((*counted)["metadata"]["name"], (*made)["metadata"]["name"]);

  EventRecorder recorder(client(), clock_, io_.get_executor(), "test-2", log_);
  chat::base::TaskGroup group(io_.get_executor());
  group.spawn("events", recorder.run());
  recorder.record(happening);
  ListRequest events{{"events.k8s.io", "v1", "events", "Event", true}, name_space_, "", "", 250};
  EXPECT_TRUE(chat::testing::eventually(
      io_,
      [&] {
        auto all = run(client().list(events, [](Json event) { return event; }));
        return all && all->items.size() == 2;
      },
      seconds(60)));
  recorder.stop();
  EXPECT_TRUE(run(group.idle(clock_.steady() + seconds(10))));
}

}  // namespace
}  // namespace chatop::kubernetes
