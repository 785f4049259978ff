#include "operator/kubernetes/control/reflector.hpp"
#include "operator/kubernetes/control/work_queue.hpp"
#include "tests/operator/kubernetes/real_cluster.hpp"

namespace chatop::kubernetes {
namespace {

using chat::base::Json;
using std::chrono::seconds;

// A reflector behind a proxy; the test itself goes straight to the server.
class ReflectorOnRealCluster : public RealCluster {
 protected:
  ReflectorOnRealCluster() : proxy_(server_port()) {
    Client::Options options;
    options.deadline = seconds(30);
    through_ = connect(admin_through(proxy_.port()), options);
    Reflector::Options reflected;
    reflected.keep = [](Json object) {
      return Json{{"metadata",
                   {{"name", object["metadata"]["name"]},
                    {"namespace", object["metadata"]["namespace"]},
                    {"uid", object["metadata"]["uid"]}}},
                  {"data", object.value("data", Json::object())}};
    };
    reflected.changed = [this](const Change& change) {
      ++(change.type == Change::Type::removed ? removed_ : changed_);
    };
    reflected.patience = 0.2;
    reflector_ = std::make_unique<Reflector>(through_->client, io_.get_executor(), maps(), std::move(reflected), log_);
  }
  ~ReflectorOnRealCluster() override {
    reflector_->stop();
    EXPECT_TRUE(run(group_.idle(clock_.steady() + seconds(60))));
  }
  void start() {
    group_.spawn("reflector", reflector_->run());
    ASSERT_TRUE(soon([&] { return reflector_->counts().watches > 0; })) << "it never synced";
  }
  void make(const std::string& name, const std::string& value = "1") {
    auto made = run(client().apply(map(name), map_body(name, {{"k", value}}), {}));
    ASSERT_TRUE(made) << made.error().message;
  }
  chat::base::Task<Outcome> create_one(std::string name, int& failed) {
    const Json data{{"k", "1"}};  // g++ 12 takes no braces in an argument behind co_await
    auto made = co_await client().create(map(name), map_body(name, data));
    if (!made) ++failed;
    co_return Outcome{};
  }
  void remove(const std::string& name) {
    auto found = run(client().get(map(name)));
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_TRUE(run(client().remove(map(name), (*found)["metadata"]["uid"])));
  }
  [[nodiscard]] bool has(const std::string& name, const std::string& value = "1") {
    const auto* object = reflector_->cache().find(name_space_ + "/" + name);
    return object != nullptr && (*object)["data"].value("k", "") == value;
  }

  chat::testing::TcpProxy proxy_;
  std::unique_ptr<Connection> through_;
  std::unique_ptr<Reflector> reflector_;
  chat::base::TaskGroup group_{io_.get_executor()};
  std::size_t changed_ = 0;
  std::size_t removed_ = 0;
};

TEST_F(ReflectorOnRealCluster, FollowsWhatHappens) {
  make("before");
  start();
  EXPECT_TRUE(has("before"));
  make("after");
  make("before", "2");
  EXPECT_TRUE(soon([&] { return has("after") && has("before", "2"); }));
  remove("before");
  EXPECT_TRUE(soon([&] { return removed_ == 1 && reflector_->cache().size() == 1; }));
  EXPECT_FALSE(reflector_->cache().find(name_space_ + "/after")->at("metadata").contains("managedFields"));
}

TEST_F(ReflectorOnRealCluster, AConnectionThatIsCutMidWatchLosesNothing) {
  start();
  for (int round = 0; round < 5; ++round) {
    auto name = "round-" + std::to_string(round);
    auto watches = reflector_->counts().watches;
    proxy_.cut();
    make(name);
    EXPECT_TRUE(soon([&] { return has(name) && reflector_->counts().watches > watches; })) << name;
  }
  EXPECT_EQ(reflector_->counts().lists, 1U) << "each watch went on where the last one was";
  EXPECT_EQ(removed_, 0U);
}

TEST_F(ReflectorOnRealCluster, WhatHappenedWhileItWasCutOffIsSeenAfterwards) {
  make("stays");
  make("goes");
  start();
  auto failures = reflector_->counts().failures;
  proxy_.refuse(true);
  proxy_.cut();
  remove("goes");
  make("comes");
  ASSERT_TRUE(soon([&] { return reflector_->counts().failures > failures + 1; }));
  EXPECT_TRUE(has("goes")) << "nothing is known while nothing can be read";
  proxy_.refuse(false);
  EXPECT_TRUE(soon([&] { return has("comes") && !has("goes"); }));
  EXPECT_TRUE(has("stays"));
  EXPECT_EQ(removed_, 1U);
}

TEST_F(ReflectorOnRealCluster, ARestartedServerIsPickedUpAgain) {
  make("a");
  start();
  server().restart_api();
  make("b");
  EXPECT_TRUE(soon([&] { return has("b"); }));
  EXPECT_GT(reflector_->counts().failures, 0U) << "its watch was broken";
  EXPECT_TRUE(has("a"));
  EXPECT_EQ(removed_, 0U);
}

TEST_F(ReflectorOnRealCluster, ListsFiveThousandObjectsWhole) {
  constexpr int kObjects = 5'000;
  int failed = 0;
  {
    WorkQueue queue(clock_, io_.get_executor(), [&](std::string name) { return create_one(std::move(name), failed); },
                    {16, kObjects});
    for (int i = 0; i < kObjects; ++i) ASSERT_TRUE(queue.add("map-" + std::to_string(i), Urgency::change));
    queue.start();
    EXPECT_TRUE(chat::testing::eventually(
        io_, [&] { return queue.size() == 0; }, seconds(240)));
    EXPECT_TRUE(run(queue.stop(clock_.steady() + seconds(60))));
  }
  EXPECT_EQ(failed, 0);
  start();
  EXPECT_EQ(reflector_->cache().size(), static_cast<std::size_t>(kObjects));
  EXPECT_EQ(changed_, static_cast<std::size_t>(kObjects));
}

}  // namespace
}  // namespace chatop::kubernetes
