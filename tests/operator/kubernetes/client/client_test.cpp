#include "operator/kubernetes/client/client.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/operator/kubernetes/scripted_http.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/run_task.hpp"

namespace chatop::kubernetes {
namespace {

using chat::base::Json;
using chat::base::Result;

const Kind kMaps{"", "v1", "configmaps", "ConfigMap", true};

class ClientTest : public ::testing::Test {
 protected:
  ClientTest() : http_(io_.get_executor()), client_(http_, clock_, io_.get_executor(), options()) {}
  Client::Options options() {
    Client::Options options;
    options.patience = 0.001;
    options.most_items = 10;
    options.writes_until = [this] { return writes_until_; };
    return options;
  }
  // Each request gets the next one.
  void answers(std::vector<Result<Response>> all) {
    auto left = std::make_shared<std::deque<Result<Response>>>(all.begin(), all.end());
    http_.on_send = [left](const Request&) -> Result<Response> {
      if (left->empty()) return chat::base::fail(ApiErrc::invalid, "the script has ended");
      auto next = left->front();
      left->pop_front();
      return next;
    };
  }
  template <class T>
  T run(chat::base::Task<T> task) {
    return chat::testing::run_task(io_, std::move(task));
  }
  static Json keep(Json object) { return object; }
  static ObjectRef demo() { return {kMaps, "chat", "demo"}; }
  static Response ok(std::string body = "{}") { return ScriptedHttp::answer(200, std::move(body)); }
  static Response status(int code) { return ScriptedHttp::answer(code, "{}"); }

  boost::asio::io_context io_;
  chat::base::SystemClock clock_;
  chat::base::SteadyTime writes_until_ = chat::base::SteadyTime::max();
  ScriptedHttp http_;
  Client client_;
};

TEST_F(ClientTest, ListsAllPagesAndKeepsWhatItsConsumerKeeps) {
  answers(
      {ok(R"({"metadata":{"resourceVersion":"7","continue":"a/b="},"items":[{"metadata":{"name":"1"},"data":{}}]})"),
       ok(R"({"metadata":{"resourceVersion":"7"},"items":[{"metadata":{"name":"2"},"data":{}}]})")});
  auto listed = run(client_.list({kMaps, "chat", "app=chat", "", 250}, [](Json object) {
    object.erase("data");
    return object;
  }));
  ASSERT_TRUE(listed) << listed.error().message;
  EXPECT_EQ(listed->resource_version, "7");
  EXPECT_EQ(Json(listed->items).dump(), R"([{"metadata":{"name":"1"}},{"metadata":{"name":"2"}}])");
  EXPECT_EQ(http_.requests.at(0).target, "/api/v1/namespaces/chat/configmaps?labelSelector=app%3Dchat&limit=250");
  EXPECT_EQ(http_.requests.at(1).target,
            "/api/v1/namespaces/chat/configmaps?labelSelector=app%3Dchat&limit=250&continue=a%2Fb%3D");
}

TEST_F(ClientTest, AListThatFailsHalfwayIsAnErrorAndNoPart) {
  auto first = ok(R"({"metadata":{"resourceVersion":"7","continue":"x"},"items":[{"metadata":{"name":"1"}}]})");
  for (int code : {403, 410, 400}) {
    answers({first, status(code)});
    EXPECT_EQ(run(client_.list({kMaps, "chat", "", "", 250}, keep)).error().code, error_of_answer(code, "", "").code);
  }
  answers({first, ok("not json")});
  EXPECT_EQ(run(client_.list({kMaps, "chat", "", "", 250}, keep)).error().code, ApiErrc::malformed);
  answers({first, ok(R"({"metadata":{}})")});
  EXPECT_EQ(run(client_.list({kMaps, "chat", "", "", 250}, keep)).error().code, ApiErrc::malformed);
}

TEST_F(ClientTest, APageThatFailedForAMomentIsAskedForAgain) {
  answers({ok(R"({"metadata":{"resourceVersion":"7","continue":"x"},"items":[]})"), status(503),
           ok(R"({"metadata":{"resourceVersion":"7"},"items":[]})")});
  EXPECT_TRUE(run(client_.list({kMaps, "chat", "", "", 250}, keep)));
}

TEST_F(ClientTest, AListIsBounded) {
  std::string eleven;
  for (int i = 0; i < 11; ++i) eleven += (i == 0 ? "" : ",") + std::string("{}");
  answers({ok(R"({"metadata":{"resourceVersion":"7"},"items":[)" + eleven + "]}")});
  EXPECT_EQ(run(client_.list({kMaps, "chat", "", "", 250}, keep)).error().code, ApiErrc::malformed);
}

TEST_F(ClientTest, ATokenThatIsNotKnownIsReadAgainOnce) {
  answers({status(401), ok()});
  EXPECT_TRUE(run(client_.get(demo())));
  EXPECT_EQ(http_.refreshed, 1);
  answers({status(401), status(401), ok()});
  EXPECT_EQ(run(client_.get(demo())).error().code, ApiErrc::unauthorized);
}

TEST_F(ClientTest, AnApplyIsRepeatedAndACreateIsNot) {
  answers({status(500), chat::base::fail(ApiErrc::unreachable, "gone"), ok()});
  EXPECT_TRUE(run(client_.apply(demo(), Json::object(), {})));
  EXPECT_EQ(http_.requests.at(0).content_type, "application/apply-patch+yaml");
  EXPECT_EQ(http_.requests.at(0).target,
            "/api/v1/namespaces/chat/configmaps/demo?fieldManager=chat-operator&force=true");
  answers({status(500), ok()});
  EXPECT_EQ(run(client_.create(demo(), Json::object())).error().code, ApiErrc::server);
  answers({status(429), ok()});
  EXPECT_TRUE(run(client_.create(demo(), Json::object()))) << "it was turned away before anything happened";
}

TEST_F(ClientTest, GivesUpAtItsDeadline) {
  http_.on_send = [](const Request&) -> Result<Response> {
    return Response{503, "{}", "30"};  // longer than the call may take
  };
  auto eager = options();
  eager.patience = 1;
  Client client(http_, clock_, io_.get_executor(), eager);
  EXPECT_EQ(run(client.get(demo())).error().code, ApiErrc::server);
  EXPECT_EQ(http_.requests.size(), 1U);
}

TEST_F(ClientTest, ADeleteNamesTheUidAndIsContentWithWhatIsGone) {
  answers({ok()});
  EXPECT_TRUE(run(client_.remove(demo(), "u-1")));
  auto body = Json::parse(http_.requests.at(0).body);
  EXPECT_EQ(body.at("preconditions").at("uid"), "u-1");
  EXPECT_EQ(body.at("propagationPolicy"), "Background");
  answers({status(404)});
  EXPECT_TRUE(run(client_.remove(demo(), "u-1")));
  answers({status(409)});
  EXPECT_EQ(run(client_.remove(demo(), "u-1")).error().code, ApiErrc::conflict) << "a namesake stands there";
}

TEST_F(ClientTest, WhoDoesNotLeadDoesNotWrite) {
  answers({ok(), ok(), ok()});
  writes_until_ = clock_.steady();
  EXPECT_EQ(run(client_.apply(demo(), Json::object(), {})).error().code, ApiErrc::fenced);
  EXPECT_EQ(run(client_.remove(demo(), "u")).error().code, ApiErrc::fenced);
  EXPECT_TRUE(http_.requests.empty());
  EXPECT_TRUE(run(client_.get(demo()))) << "reading harms nobody";
  writes_until_ = clock_.steady() + std::chrono::seconds(1);
  EXPECT_TRUE(run(client_.apply(demo(), Json::object(), {})));
  EXPECT_LE(http_.requests.back().deadline, writes_until_) << "no write may still be under way after that";
}

TEST_F(ClientTest, AWatchAsksForBookmarksAndBeginsWhereTheListEnded) {
  http_.on_open = [](const Request&) -> Result<ScriptedHttp::Script> { return ScriptedHttp::Script{}; };
  auto stream = run(client_.watch({kMaps, "chat", "a=b", "", 250}, "42", 250));
  ASSERT_TRUE(stream) << stream.error().message;
  EXPECT_EQ(http_.requests.at(0).target,
            "/api/v1/namespaces/chat/configmaps?watch=true&allowWatchBookmarks=true&labelSelector=a%3Db&"
            "resourceVersion=42&timeoutSeconds=250");
}

// Answers a write when it is told to, a read at once.
class HeldHttp final : public Http {
 public:
  explicit HeldHttp(boost::asio::io_context& io) : timer_(io) {}
  chat::base::Task<Result<Response>> send(Request request) override {
    if (request.method == "GET") co_return ScriptedHttp::answer(200);
    ++writes;
    most = std::max(most, ++under_way);
    while (holds) (void)co_await chat::base::sleep_until(timer_, chat::base::SteadyTime::max());
    --under_way;
    co_return ScriptedHttp::answer(200);
  }
  chat::base::Task<Result<std::unique_ptr<Stream>>> open(Request, std::chrono::seconds) override {
    co_return chat::base::fail(ApiErrc::invalid, "no streams here");
  }
  void refresh_token() override {}
  void let_go() {
    holds = false;
    timer_.cancel();
  }
  int writes = 0;
  int under_way = 0;
  int most = 0;
  bool holds = true;

 private:
  boost::asio::steady_timer timer_;
};

chat::base::Task<> apply_empty(Client& client, int& done) {
  ObjectRef place{kMaps, "chat", "demo"};
  Client::Apply how;
  auto applied = co_await client.apply(std::move(place), Json::object(), std::move(how));
  if (applied) ++done;
}

TEST_F(ClientTest, SoManyWritesAtATimeAndReadsBesideThem) {
  HeldHttp held(io_);
  Client::Options options;
  options.writes_at_once = 2;
  Client client(held, clock_, io_.get_executor(), options);
  chat::base::TaskGroup writers(io_.get_executor());
  int done = 0;
  for (int i = 0; i < 5; ++i) writers.spawn("writer", apply_empty(client, done));
  ASSERT_TRUE(chat::testing::eventually(io_, [&] { return held.under_way == 2; }));
  EXPECT_TRUE(run(client.get(demo())));
  EXPECT_EQ(held.writes, 2);
  held.let_go();
  EXPECT_TRUE(run(writers.idle(chat::base::SteadyTime::max())));
  EXPECT_EQ(done, 5);
  EXPECT_EQ(held.most, 2);
}

}  // namespace
}  // namespace chatop::kubernetes
