#include "operator/kubernetes/control/reflector.hpp"

#include <gtest/gtest.h>

#include "tests/operator/kubernetes/scripted_http.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/run_task.hpp"

namespace chatop::kubernetes {
namespace {

using chat::base::Error;
using chat::base::fail;
using chat::base::Json;
using chat::base::Result;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(AfterWatch, TheNextOneFollowsAtOnceWhereTheServerEndedItInOrder) {
  auto next = after_watch(nullptr, 5, 0.5);
  EXPECT_FALSE(next.list_again);
  EXPECT_EQ(next.wait, milliseconds(0));
}

TEST(AfterWatch, OnlyAPlaceThatIsTooOldNeedsAList) {
  Error gone{ApiErrc::gone, ""};
  EXPECT_TRUE(after_watch(&gone, 0, 0).list_again);
  EXPECT_EQ(after_watch(&gone, 0, 0).wait, milliseconds(0));
  EXPECT_GT(after_watch(&gone, 1, 0).wait, milliseconds(0)) << "a server that forgets at once is not asked in a loop";
  for (auto code :
       {ApiErrc::unreachable, ApiErrc::server, ApiErrc::forbidden, ApiErrc::throttled, ApiErrc::malformed}) {
    Error error{code, ""};
    EXPECT_FALSE(after_watch(&error, 0, 0).list_again);
  }
}

TEST(AfterWatch, WaitsLongerEachTimeAndAtLeastAsLongAsTheServerAsks) {
  Error error{ApiErrc::throttled, "", seconds(7)};
  EXPECT_EQ(after_watch(&error, 0, 0).wait, seconds(7));
  Error away{ApiErrc::unreachable, ""};
  EXPECT_EQ(after_watch(&away, 0, 0).wait, milliseconds(100));
  EXPECT_EQ(after_watch(&away, 3, 0).wait, milliseconds(800));
  EXPECT_EQ(after_watch(&away, 99, 0).wait, seconds(15));
}

class ReflectorTest : public ::testing::Test {
 protected:
  ReflectorTest()
      : http_(io_.get_executor()),
        client_(http_, clock_, io_.get_executor(), client_options()),
        reflector_(client_, io_.get_executor(), {{"", "v1", "pods", "Pod", true}, "chat", "app=chat", "", 250},
                   options(), log_),
        group_(io_.get_executor()) {
    http_.on_send = [this](const Request&) -> Result<Response> {
      if (lists_.empty()) return fail(ApiErrc::unreachable, "no list");
      auto next = lists_.front();
      if (lists_.size() > 1) lists_.pop_front();
      return next;
    };
    http_.on_open = [this](const Request&) -> Result<ScriptedHttp::Script> {
      if (watches_.empty()) return ScriptedHttp::Script{{}, false};
      auto next = watches_.front();
      watches_.pop_front();
      return next;
    };
  }
  ~ReflectorTest() override {
    reflector_.stop();
    EXPECT_TRUE(chat::testing::run_task(io_, group_.idle(clock_.steady() + seconds(10))));
  }
  static Client::Options client_options() {
    Client::Options options;
    options.deadline = milliseconds(200);
    options.patience = 0.001;
    return options;
  }
  Reflector::Options options() {
    Reflector::Options options;
    options.keep = [](Json object) {
      object.erase("spec");
      return object;
    };
    options.changed = [this](const Change& change) {
      told_ += std::string(1, "+~-"[static_cast<int>(change.type)]) + change.key + " ";
    };
    options.listed = [this] { listed_.push_back(told_); };
    options.patience = 0.001;
    return options;
  }
  static std::string object(const std::string& name, int version) {
    return R"({"metadata":{"namespace":"chat","name":")" + name + R"(","uid":")" + name + R"(","resourceVersion":")" +
           std::to_string(version) + R"("},"spec":{"big":1}})";
  }
  static std::string line(const std::string& type, const std::string& object) {
    return R"({"type":")" + type + R"(","object":)" + object + "}\n";
  }
  static Response list(const std::string& items, int version, const std::string& position = {}) {
    return ScriptedHttp::answer(200, R"({"metadata":{"resourceVersion":")" + std::to_string(version) +
                                         R"(","continue":")" + position + R"("},"items":[)" + items + "]}");
  }
  static ScriptedHttp::Script watch(std::vector<std::string> lines, bool ends) {
    ScriptedHttp::Script script;
    for (auto& text : lines) script.parts.emplace_back(std::move(text));
    script.ends = ends;
    return script;
  }
  void start() { group_.spawn("reflector", reflector_.run()); }
  template <class Predicate>
  [[nodiscard]] bool soon(Predicate predicate) {
    return chat::testing::eventually(io_, predicate);
  }
  // The targets that were watched, as their resourceVersions.
  [[nodiscard]] std::string watched_from() const {
    std::string all;
    for (const auto& request : http_.requests) {
      auto at = request.target.find("resourceVersion=");
      if (at != std::string::npos) all += request.target.substr(at + 16, request.target.find('&', at) - at - 16) + " ";
    }
    return all;
  }

  boost::asio::io_context io_;
  chat::base::SystemClock clock_;
  chat::base::Log log_{"test", chat::base::Level::error};
  ScriptedHttp http_;
  std::deque<Result<Response>> lists_;
  std::deque<Result<ScriptedHttp::Script>> watches_;
  std::string told_;
  std::vector<std::string> listed_;  // what had been told when a list was complete
  Client client_;
  Reflector reflector_;
  chat::base::TaskGroup group_;
};

TEST_F(ReflectorTest, ListsOnceAndWatchesFromThere) {
  lists_ = {list(object("a", 3), 5)};
  watches_ = {
      watch({line("ADDED", object("b", 6)), line("MODIFIED", object("a", 7)), line("DELETED", object("b", 8))}, true),
      watch({line("BOOKMARK", R"({"metadata":{"resourceVersion":"20"}})")}, true)};
  start();
  ASSERT_TRUE(soon([&] { return reflector_.counts().watches == 3; }));
  EXPECT_EQ(told_, "+chat/a +chat/b ~chat/a -chat/b ");
  EXPECT_EQ(watched_from(), "5 8 20 ") << "each begins where the one before ended, bookmarks included";
  EXPECT_EQ(reflector_.counts().lists, 1U);
  EXPECT_FALSE(reflector_.cache().find("chat/a")->contains("spec"));
}

TEST_F(ReflectorTest, AConnectionThatBreaksIsResumedWithoutAList) {
  lists_ = {list("", 5)};
  auto broken = watch({line("ADDED", object("a", 6))}, true);
  broken.parts.emplace_back(fail(ApiErrc::unreachable, "reset by peer"));
  watches_ = {broken, fail(ApiErrc::unreachable, "refused"), watch({line("MODIFIED", object("a", 9))}, false)};
  start();
  ASSERT_TRUE(soon([&] { return told_ == "+chat/a ~chat/a "; })) << told_;
  EXPECT_EQ(watched_from(), "5 6 6 ");
  EXPECT_EQ(reflector_.counts().lists, 1U);
}

TEST_F(ReflectorTest, AForgottenPlaceIsListedAgain) {
  lists_ = {list(object("a", 3) + "," + object("b", 4), 5), list(object("b", 4), 90)};
  watches_ = {watch({line("ERROR", R"({"code":410,"reason":"Expired"})")}, true)};
  start();
  ASSERT_TRUE(soon([&] { return reflector_.counts().watches == 2; }));
  EXPECT_EQ(told_, "+chat/a +chat/b -chat/a ");
  EXPECT_EQ(listed_, (std::vector<std::string>{"+chat/a +chat/b ", told_}));
  EXPECT_EQ(watched_from(), "5 90 ");
}

TEST_F(ReflectorTest, AListThatFailsRemovesNothing) {
  lists_ = {list(object("a", 3), 5), list("", 90, "more"), fail(ApiErrc::unreachable, "cut"), ScriptedHttp::answer(403),
            list(object("a", 3), 95)};
  watches_ = {fail(ApiErrc::gone, "too old"), watch({}, false)};
  start();
  ASSERT_TRUE(soon([&] { return reflector_.counts().lists == 2; }));
  EXPECT_EQ(told_, "+chat/a ") << "half a list without it was no reason";
}

TEST_F(ReflectorTest, IsNotSyncedWhileNothingCouldBeListed) {
  lists_ = {ScriptedHttp::answer(403)};
  start();
  ASSERT_TRUE(soon([&] { return reflector_.counts().failures >= 3; }));
  EXPECT_FALSE(reflector_.cache().synced());
  EXPECT_TRUE(listed_.empty());
  lists_ = {list("", 1)};
  EXPECT_TRUE(soon([&] { return reflector_.cache().synced(); }));
}

}  // namespace
}  // namespace chatop::kubernetes
