#include "operator/daemons/http_data_plane.hpp"

#include <gmock/gmock.h>

#include "dataplane/base/json.hpp"
#include "dataplane/io/http/admin.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/run_task.hpp"

namespace chatop::daemons {
namespace {

using chat::base::Json;

class HttpDataPlaneTest : public ::testing::Test {
 protected:
  HttpDataPlaneTest()
      : admin_(
            io_.get_executor(), log_, metrics_, [this] { return token_; }, hooks()) {
    auto port = admin_.listen({"127.0.0.1", 0});
    if (!port) throw std::runtime_error(port.error().message);
    where_ = {"127.0.0.1", *port};
    admin_.started();
  }
  chat::io::http::AdminHooks hooks() {
    chat::io::http::AdminHooks hooks;
    hooks.status = [] { return Json{{"state", "Serving"}, {"map_version", 7}, {"connections", 3}}; };
    hooks.put_map = [this](std::string_view map) -> chat::base::Status {
      map_ = map;
      return {};
    };
    hooks.drain = [this](const Json& request) -> chat::base::Status {
      drain_ = request;
      return {};
    };
    return hooks;
  }
  template <class T>
  T run(chat::base::Task<T> task) {
    return chat::testing::run_task(io_, std::move(task));
  }

  boost::asio::io_context io_;
  chat::base::Log log_{"test", chat::base::Level::error};
  chat::base::Metrics metrics_;
  std::string token_ = "old";
  std::string map_;
  Json drain_;
  chat::io::http::Admin admin_;
  chat::base::HostPort where_;
  HttpDataPlane daemons_{io_.get_executor(), log_};
};

TEST_F(HttpDataPlaneTest, ADaemonThatKnowsOnlyTheEarlierTokenIsAskedWithThat) {
  auto report = run(daemons_.report(where_, {"old", {}}));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->ready);
  EXPECT_EQ(report->map_version, 7);
  EXPECT_EQ(report->connections, 3);
  for (const char* theirs : {"old", "new"}) {
    token_ = theirs;
    EXPECT_TRUE(run(daemons_.report(where_, {"new", "old"})));
    map_.clear();
    EXPECT_TRUE(run(daemons_.put_map(where_, {"new", "old"}, "{}")));
    EXPECT_EQ(map_, "{}");
    EXPECT_TRUE(run(daemons_.drain(where_, {"new", "old"}, {5, 6, 7})));
    EXPECT_EQ(drain_["graceSeconds"], 5);
  }
}

TEST_F(HttpDataPlaneTest, WhereThereIsACaOnlyItsDaemonsAreAsked) {
  const chat::testing::Authority authority;
  const chat::testing::TlsFiles files(authority.issue({"daemon.demo"}), "");
  const auto certificate = chat::testing::source_of(io_, log_, files.server());
  chat::io::http::Admin secure(
      io_.get_executor(), log_, metrics_, [] { return std::string("old"); }, hooks());
  const auto port = secure.listen({"127.0.0.1", 0}, certificate.get());
  ASSERT_TRUE(port);
  const chat::base::HostPort there{"127.0.0.1", *port};
  const auto ask = [&](const chat::base::HostPort& where, const ports::Trust& trust) {
    auto report = run(daemons_.report(where, {"old", {}, trust}));
    return report ? std::string() : report.error().message;
  };
  EXPECT_EQ(ask(there, {authority.certificate(), "daemon.demo"}), "");
  // Of two authorities, one of which has taken the other's place.
  const chat::testing::Authority other;
  EXPECT_EQ(ask(there, {other.certificate() + authority.certificate(), "daemon.demo"}), "");
  EXPECT_TRUE(run(daemons_.put_map(there, {"old", {}, {authority.certificate(), "daemon.demo"}}, "{}")));
  EXPECT_NE(ask(there, {other.certificate(), "daemon.demo"}), "");
  EXPECT_NE(ask(there, {authority.certificate(), "daemon.other"}), "");
  EXPECT_NE(ask(there, {}), "");
  EXPECT_NE(ask(where_, {authority.certificate(), "daemon.demo"}), "");  // a plain one
  EXPECT_NE(ask(there, {"no certificate", "daemon.demo"}), "");
}

TEST_F(HttpDataPlaneTest, ARefusedTokenIsToldFromEverythingElse) {
  EXPECT_EQ(run(daemons_.report(where_, {"new", {}})).error().code, ports::DataPlaneErrc::refused);
  EXPECT_EQ(run(daemons_.put_map(where_, {"new", "other"}, "{}")).error().code, ports::DataPlaneErrc::refused);
  EXPECT_NE(run(daemons_.report({"127.0.0.1", 1}, {"old", {}})).error().code, ports::DataPlaneErrc::refused);
}

}  // namespace
}  // namespace chatop::daemons
