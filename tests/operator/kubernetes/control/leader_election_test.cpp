#include "operator/kubernetes/control/leader_election.hpp"

#include <gtest/gtest.h>

#include "tests/operator/kubernetes/scripted_http.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/run_task.hpp"

namespace chatop::kubernetes {
namespace {

using chat::base::fail;
using chat::base::Json;
using chat::base::Result;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A server that keeps one Lease as the API server does: versions, conflicts. `away` answers nothing.
struct LeaseServer {
  std::optional<Json> lease;
  int version = 0;
  bool away = false;

  Result<Response> operator()(const Request& request) {
    if (away) return fail(ApiErrc::unreachable, "away");
    if (request.method == "GET") return lease ? ScriptedHttp::answer(200, lease->dump()) : ScriptedHttp::answer(404);
    auto body = Json::parse(request.body);
    if (request.method == "POST" && lease) return ScriptedHttp::answer(409);
    if (request.method == "PUT" &&
        (!lease || (*lease)["metadata"]["resourceVersion"] != body["metadata"]["resourceVersion"]))
      return ScriptedHttp::answer(409);
    body["metadata"]["resourceVersion"] = std::to_string(++version);
    lease = body;
    return ScriptedHttp::answer(200, body.dump());
  }
  [[nodiscard]] std::string holder() const {
    return lease ? (*lease)["spec"]["holderIdentity"].get<std::string>() : "none";
  }
};

class LeaderElectionTest : public ::testing::Test {
 protected:
  struct Candidate {
    Candidate(LeaderElectionTest& test, const std::string& identity)
        : http(test.io_.get_executor()),
          election(http, test.clock_, test.io_.get_executor(), options(identity), test.log_) {
      http.on_send = [&test, this](const Request& request) -> Result<Response> {
        if (cut) return fail(ApiErrc::unreachable, "cut off");
        return test.server_(request);
      };
    }
    LeaderElection::Options options(const std::string& identity) {
      LeaderElection::Options options{"chat", "operator", identity, {}, {}, {}};
      // Longer than this thread may stand still on a busy machine.
      options.terms = {seconds(3), seconds(2), milliseconds(50), milliseconds(20), milliseconds(500)};
      options.won = [this](std::int64_t epoch) { told.push_back(epoch); };
      options.lost = [this] { told.push_back(-1); };
      return options;
    }
    bool cut = false;
    std::vector<std::int64_t> told;
    ScriptedHttp http;
    LeaderElection election;
  };
  void start(Candidate& candidate) { group_.spawn("election", candidate.election.run()); }
  void end(std::vector<Candidate*> all) {
    for (auto* candidate : all) candidate->election.stop();
    EXPECT_TRUE(chat::testing::run_task(io_, group_.idle(clock_.steady() + seconds(10))));
  }
  template <class Predicate>
  [[nodiscard]] bool soon(Predicate predicate) {
    return chat::testing::eventually(io_, predicate, seconds(20));
  }

  boost::asio::io_context io_;
  chat::base::SystemClock clock_;
  chat::base::Log log_{"test", chat::base::Level::error};
  LeaseServer server_;
  chat::base::TaskGroup group_{io_.get_executor()};
};

TEST_F(LeaderElectionTest, OneOfTwoLeadsAndTheOtherFollowsARelease) {
  Candidate a(*this, "a");
  Candidate b(*this, "b");
  start(a);
  ASSERT_TRUE(soon([&] { return a.election.leads(); }));
  start(b);
  ASSERT_TRUE(soon([&] { return b.http.requests.size() > 3; }));
  EXPECT_FALSE(b.election.leads());
  auto epoch = a.election.epoch();
  a.election.stop();
  chat::testing::run_task(io_, a.election.release());
  EXPECT_FALSE(a.election.leads());
  EXPECT_EQ(server_.holder(), "");
  ASSERT_TRUE(soon([&] { return b.election.leads(); }));
  EXPECT_EQ(b.election.epoch(), epoch + 1);
  EXPECT_EQ(b.told, (std::vector<std::int64_t>{epoch + 1}));
  end({&a, &b});
}

TEST_F(LeaderElectionTest, WhoIsCutOffStopsBeforeTheOtherBegins) {
  Candidate a(*this, "a");
  Candidate b(*this, "b");
  start(a);
  ASSERT_TRUE(soon([&] { return a.election.leads(); }));
  start(b);
  a.cut = true;
  bool both = false;
  ASSERT_TRUE(soon([&] {
    both = both || (a.election.leads() && b.election.leads());
    return b.election.leads();
  }));
  EXPECT_FALSE(both);
  EXPECT_EQ(a.told.back(), -1);
  EXPECT_GT(b.election.epoch(), a.told.front());
  a.cut = false;
  ASSERT_TRUE(soon([&] { return a.http.requests.size() > 20; }));
  EXPECT_FALSE(a.election.leads()) << "it stands behind the other now";
  end({&a, &b});
}

TEST_F(LeaderElectionTest, AfterTheServerWasAwayTheSameOneLeadsInANewEpoch) {
  Candidate a(*this, "a");
  start(a);
  ASSERT_TRUE(soon([&] { return a.election.leads(); }));
  server_.away = true;
  ASSERT_TRUE(soon([&] { return a.told.back() == -1; }));
  auto epoch = a.told[a.told.size() - 2];
  server_.away = false;
  ASSERT_TRUE(soon([&] { return a.election.leads(); }));
  EXPECT_GT(a.told.back(), epoch);
  end({&a});
}

}  // namespace
}  // namespace chatop::kubernetes
