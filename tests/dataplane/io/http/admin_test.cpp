#include "dataplane/io/http/admin.hpp"

#include <gmock/gmock.h>

#include "dataplane/io/http/client.hpp"
#include "tests/support/run_task.hpp"

namespace chat::io::http {
namespace {

using chat::testing::run_task;
using ::testing::HasSubstr;

class AdminTest : public ::testing::Test {
 protected:
  void start(bool with_drain = true) {
    AdminHooks hooks;
    hooks.not_ready = [this] { return not_ready_; };
    hooks.status = [] { return nlohmann::json{{"name", "gateway-0"}, {"map_version", 3}}; };
    hooks.put_map = [this](std::string_view map) -> base::Status {
      if (map == "bad") return base::fail(std::make_error_code(std::errc::invalid_argument), "no version in it");
      map_ = map;
      return {};
    };
    if (with_drain) {
      hooks.drain = [this](const nlohmann::json& request) -> base::Status {
        drain_ = request;
        return {};
      };
    }
    admin_.emplace(
        io_.get_executor(), log_, metrics_, [this] { return token_; }, std::move(hooks));
    auto port = admin_->listen({"127.0.0.1", 0});
    ASSERT_TRUE(port);
    port_ = *port;
  }
  Response ask(Request request) {
    auto response = run_task(io_, fetch({"127.0.0.1", port_}, std::move(request), std::chrono::seconds(5)));
    EXPECT_TRUE(response) << response.error().message;
    return response ? *response : Response{};
  }
  unsigned code(Request request) { return ask(std::move(request)).result_int(); }

  base::Log log_{"test", base::Level::error};
  base::Metrics metrics_;
  boost::asio::io_context io_;
  std::string token_ = "the token";
  std::string not_ready_;
  std::string map_;
  nlohmann::json drain_;
  std::optional<Admin> admin_;
  std::uint16_t port_ = 0;
};

TEST_F(AdminTest, ProbesTellLiveFromStartedFromReady) {
  start();
  EXPECT_EQ(code(get("/livez")), 200u);
  EXPECT_EQ(code(get("/startupz")), 503u);
  EXPECT_EQ(code(get("/readyz")), 503u);
  admin_->started();
  EXPECT_EQ(code(get("/startupz")), 200u);
  EXPECT_EQ(code(get("/readyz")), 200u);
  not_ready_ = "draining";
  auto response = ask(get("/readyz"));
  EXPECT_EQ(response.result_int(), 503u);
  EXPECT_THAT(response.body(), HasSubstr("draining"));
}

TEST_F(AdminTest, MetricsAreOpenAndInThePrometheusFormat) {
  start();
  metrics_.counter("chat_x_total", "X.").Increment();
  auto response = ask(get("/metrics"));
  EXPECT_EQ(response.result_int(), 200u);
  EXPECT_EQ(response[field::content_type], "text/plain; version=0.0.4");
  EXPECT_THAT(response.body(), HasSubstr("chat_x_total 1\n"));
}

TEST_F(AdminTest, ATokenThatWasChangedCountsAtOnceAndNoneLetsNobodyIn) {
  start();
  token_ = "the next one";
  EXPECT_EQ(code(get("/status", "the token")), 401u);
  EXPECT_EQ(code(get("/status", "the next one")), 200u);
  token_.clear();
  EXPECT_EQ(code(get("/status", "")), 401u);
}

TEST_F(AdminTest, TheRestNeedsTheToken) {
  start();
  for (const char* token : {"", "wrong", "the tokem", "the tokens", "the"}) {
    EXPECT_EQ(code(get("/status", token)), 401u) << token;
    EXPECT_EQ(code(put_json("/map", "{}", token)), 401u) << token;
    EXPECT_EQ(code(post_json("/drain", "{}", token)), 401u) << token;
  }
  EXPECT_EQ(map_, "");
  EXPECT_TRUE(drain_.is_null());
}

TEST_F(AdminTest, StatusMapAndDrainReachTheirHooks) {
  start();
  auto status = ask(get("/status", "the token"));
  EXPECT_EQ(nlohmann::json::parse(status.body())["map_version"], 3);
  EXPECT_EQ(code(put_json("/map", R"({"version":4})", "the token")), 204u);
  EXPECT_EQ(map_, R"({"version":4})");
  auto bad = ask(put_json("/map", "bad", "the token"));
  EXPECT_EQ(bad.result_int(), 400u);
  EXPECT_THAT(bad.body(), HasSubstr("no version in it"));
  EXPECT_EQ(code(post_json("/drain", R"({"deadline_seconds":5})", "the token")), 202u);
  EXPECT_EQ(drain_["deadline_seconds"], 5);
  EXPECT_EQ(code(post_json("/drain", "", "the token")), 202u);
  EXPECT_EQ(code(post_json("/drain", "{", "the token")), 400u);
}

TEST_F(AdminTest, RefusesOtherMethodsAndPaths) {
  start(false);
  EXPECT_EQ(code(post_json("/status", "", "the token")), 405u);
  EXPECT_EQ(code(get("/map", "the token")), 405u);
  EXPECT_EQ(code(post_json("/livez", "")), 405u);
  EXPECT_EQ(code(get("/")), 404u);
  EXPECT_EQ(code(post_json("/drain", "", "the token")), 404u);
  EXPECT_EQ(code(get("/%zz")), 400u);
}

}  // namespace
}  // namespace chat::io::http
