#include <csignal>
#include <nlohmann/json.hpp>

#include "dataplane/adapters/redis_subscriptions.hpp"
#include "dataplane/adapters/rpc_message_path.hpp"
#include "dataplane/domain/errors.hpp"
#include "dataplane/io/http/client.hpp"
#include "dataplane/protocol/message_path.pb.h"
#include "tests/dataplane/adapters/two_shards.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/redis_server.hpp"

namespace chat::messages {
namespace {

using base::Json;
using base::Ulid;
using testing::eventually;
using namespace std::chrono_literals;

const std::string kBinary = CHATCLUSTER_BINARY_DIR "/bin/chat-messages";

// The real daemon between two real shards and a real Redis.
class ChatMessagesTest : public testing::TwoShards {
 protected:
  ChatMessagesTest() : redis_("secret"), rpc_port_(testing::free_port()), admin_port_(testing::free_port()) {
    ann_ = id_on(0);
    bob_ = id_on(1);
    for (int shard : {0, 1}) conversation_[shard] = group_of({ann_, bob_}, shard);
    write_config();
    start();
  }
  ~ChatMessagesTest() override {
    if (path_) path_->stop();
  }

  void write_config() {
    dir_.write("token", "admin-token\n");
    dir_.write("redis", "secret\n");
    dir_.write("postgres", "chat\n");
    dir_.write("map.json", map_json(1).dump());
    const auto at = [](std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); };
    const auto file = [this](const char* name) { return (dir_.path() / name).string(); };
    Json config = {{"name", "messages-0"},
                   {"cluster", "test"},
                   {"listen", at(rpc_port_)},
                   {"admin", at(admin_port_)},
                   {"admin_token_file", file("token")},
                   {"map_file", file("map.json")},
                   {"redis", at(redis_.host_port().port)},
                   {"redis_password_file", file("redis")},
                   {"postgres_user", "chat"},
                   {"postgres_password_file", file("postgres")},
                   {"postgres_database", database_}};
    config_ = dir_.write("config.yaml", config.dump());  // JSON is YAML
  }
  Json map_json(std::int64_t version) {
    Json out = {{"version", version},
                {"cluster", "test"},
                {"gateways", Json::array()},
                {"shards", Json::array()},
                {"buckets", Json::array()}};
    for (const auto& shard : map().shards) {
      out["shards"].push_back(
          {{"name", shard.name}, {"address", shard.address.host + ":" + std::to_string(shard.address.port)}});
    }
    for (const auto& range : map().buckets) {
      out["buckets"].push_back(
          {{"low", range.low}, {"high", range.high}, {"shard", range.shard}, {"epoch", range.epoch}});
    }
    out["messages"] = Json::array({{{"name", "messages-0"}, {"address", "127.0.0.1:" + std::to_string(rpc_port_)}}});
    out["limits"] = {{"messagesPerMinutePerUser", 0}};
    return out;
  }
  void start() {
    testing::ChildOptions options;
    options.arguments = {kBinary, "--config", config_.string()};
    options.log_file = dir_.path() / "log";
    daemon_ = std::make_unique<testing::ChildProcess>(options);
    ASSERT_TRUE(eventually([this] { return admin("/readyz") == 200; }, 20s)) << log();
    path_.emplace(io_.get_executor(), log_sink_, [this](const auto& channels, std::string_view) {
      pushed_.insert(pushed_.end(), channels.begin(), channels.end());
    });
    auto with_messages = domain::parse_cluster_map(map_json(1).dump());
    ASSERT_TRUE(with_messages);
    path_->update(*with_messages);
    ASSERT_TRUE(eventually(io_, [this] { return path_->reachable(); }));
  }
  int admin(const std::string& target, std::string* body = nullptr) {
    auto answer = run(io::http::fetch({"127.0.0.1", admin_port_}, io::http::get(target, "admin-token"), 2s));
    if (answer && body != nullptr) *body = answer->body();
    return answer ? static_cast<int>(answer->result_int()) : 0;
  }
  Json status() {
    std::string body;
    EXPECT_EQ(admin("/status", &body), 200);
    return Json::parse(body, nullptr, false);
  }
  int put_map(const Json& document) {
    auto answer = run(
        io::http::fetch({"127.0.0.1", admin_port_}, io::http::put_json("/map", document.dump(), "admin-token"), 2s));
    return answer ? static_cast<int>(answer->result_int()) : 0;
  }
  std::string log() {
    std::ifstream in(dir_.path() / "log");
    return {std::istreambuf_iterator<char>(in), {}};
  }
  base::Result<domain::Ack> send(int shard, const std::string& key, std::chrono::milliseconds timeout = 10s) {
    return run(path_->send(draft(conversation_[shard], ann_, key), {}, timeout));
  }
  std::string count(int shard) {
    return value(shard,
                 "select count(*) from messages where conversation_id = '" + conversation_[shard].uuid_text() + "'");
  }

  base::Log log_sink_{"test", base::Level::error};
  testing::RedisServer redis_;
  testing::TempDir dir_;
  std::uint16_t rpc_port_;
  std::uint16_t admin_port_;
  std::filesystem::path config_;
  Ulid ann_, bob_;
  Ulid conversation_[2];
  std::unique_ptr<testing::ChildProcess> daemon_;
  std::optional<adapters::RpcMessagePath> path_;
  std::vector<std::string> pushed_;
};

TEST_F(ChatMessagesTest, SendsAreStoredOnTheirShardsAndToldOnTheBusAndSigtermEndsCleanly) {
  std::vector<std::string> heard;
  adapters::RedisSubscriptions bus(io_.get_executor(), log_sink_, redis_.options(),
                                   {[&](std::string_view, std::string_view event) {
                                      pb::BusEvent parsed;
                                      EXPECT_TRUE(parsed.ParseFromArray(event.data(), static_cast<int>(event.size())));
                                      heard.push_back(parsed.frame());
                                    },
                                    {},
                                    {}});
  bus.subscribe("user:" + bob_.text());
  bus.start();
  ASSERT_TRUE(eventually(io_, [&] { return bus.connected(); }));
  for (int shard : {0, 1}) {
    auto ack = send(shard, "a");
    ASSERT_TRUE(ack) << ack.error().message << log();
    EXPECT_EQ(ack->seq, 1);
    auto again = send(shard, "a");
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->duplicate);
    EXPECT_EQ(again->message_id, ack->message_id);
    EXPECT_EQ(count(shard), "1");
  }
  ASSERT_TRUE(eventually(io_, [&] { return heard.size() == 2; }));
  EXPECT_EQ(Json::parse(heard[0])["content"], "hello");

  std::string metrics;
  EXPECT_EQ(admin("/metrics", &metrics), 200);
  EXPECT_NE(metrics.find("chat_messages_sent_total 2"), std::string::npos);
  EXPECT_NE(metrics.find("chat_messages_duplicate_total 2"), std::string::npos);
  ASSERT_TRUE(eventually([&] {
    admin("/metrics", &metrics);
    return metrics.find("chat_outbox_rows{shard=\"shard-0\"} 2") != std::string::npos;  // its creation and the message
  })) << metrics;
  EXPECT_EQ(status()["state"], "Serving");
  EXPECT_EQ(status()["redis"], true);
  run(bus.stop());

  daemon_->signal(SIGTERM);
  EXPECT_EQ(daemon_->wait(10s), 0) << log();
}

TEST_F(ChatMessagesTest, AShardsDeathDelaysOnlyItsOwnSendsAndEachIsStoredOnce) {
  ASSERT_TRUE(send(0, "before"));
  server(0).kill9();
  std::optional<base::Result<domain::Ack>> waiting;
  path_->send(draft(conversation_[0], ann_, "during"), {}, 30s,
              [&](base::Result<domain::Ack> ack) { waiting = std::move(ack); });
  EXPECT_TRUE(send(1, "other"));
  std::string why;
  ASSERT_TRUE(eventually([&] { return admin("/readyz", &why) == 503; }));
  EXPECT_NE(why.find("shard-0"), std::string::npos) << why;
  EXPECT_FALSE(waiting);
  server(0).start();
  ASSERT_TRUE(eventually(
      io_, [&] { return waiting.has_value(); }, 30s))
      << log();
  ASSERT_TRUE(*waiting) << waiting->error().message << log();
  EXPECT_EQ((*waiting)->seq, 2);
  EXPECT_TRUE(eventually([this] { return admin("/readyz") == 200; }));
  admin_[0]->drop();
  EXPECT_EQ(count(0), "2");
}

TEST_F(ChatMessagesTest, AFrozenShardLeavesAnUnknownOutcomeThatIsAcknowledgedOnlyWhenItIsKnown) {
  ASSERT_TRUE(send(0, "before"));
  server(0).pause();
  std::optional<base::Result<domain::Ack>> waiting;
  path_->send(draft(conversation_[0], ann_, "during"), {}, 30s,
              [&](base::Result<domain::Ack> ack) { waiting = std::move(ack); });
  ASSERT_TRUE(eventually(
      io_, [this] { return log().find("batch_failed") != std::string::npos; }, 20s))
      << log();
  EXPECT_FALSE(waiting);
  server(0).resume();
  ASSERT_TRUE(eventually(
      io_, [&] { return waiting.has_value(); }, 30s))
      << log();
  ASSERT_TRUE(*waiting);
  EXPECT_EQ((*waiting)->seq, 2);
  EXPECT_EQ(count(0), "2");
}

TEST_F(ChatMessagesTest, ABucketThatMovedIsFoundWithoutANewMap) {
  const auto bucket = domain::bucket_of(conversation_[0]);
  for (int shard : {0, 1}) own(shard, bucket, bucket, 1, 2);
  auto ack = send(0, "a");
  ASSERT_FALSE(ack);  // the rows did not move with it in this test: the owner does not know the conversation
  EXPECT_EQ(ack.error().code, domain::Errc::not_found) << ack.error().message;
  EXPECT_EQ(count(0), "0");
  EXPECT_NE(log().find("bucket_moved"), std::string::npos);
}

TEST_F(ChatMessagesTest, WithoutRedisSendsCommitAndAreToldOverTheStreams) {
  redis_.kill9();
  ASSERT_TRUE(eventually([this] { return status()["redis"] == false; }));
  ASSERT_TRUE(send(0, "a"));
  ASSERT_TRUE(eventually(io_, [this] { return !pushed_.empty(); }));
  EXPECT_EQ(pushed_.size(), 2u);
}

TEST_F(ChatMessagesTest, NewerMapsAreTakenOlderOnesIgnoredAndBrokenOnesRefused) {
  EXPECT_EQ(put_map(map_json(7)), 204);
  EXPECT_EQ(status()["map_version"], 7);
  EXPECT_EQ(put_map(map_json(6)), 204);
  EXPECT_EQ(status()["map_version"], 7);
  auto broken = map_json(8);
  broken["buckets"].erase(1);
  EXPECT_EQ(put_map(broken), 400);
  auto foreign = map_json(9);
  foreign["cluster"] = "another";
  EXPECT_EQ(put_map(foreign), 400);
  EXPECT_EQ(status()["map_version"], 7);
  EXPECT_TRUE(send(0, "a"));
}

TEST_F(ChatMessagesTest, ReadsAnswerForMembersOnly) {
  ASSERT_TRUE(send(0, "a"));
  auto changes = run(path_->changes(conversation_[0], bob_, 0, 10));
  ASSERT_TRUE(changes) << changes.error().message;
  EXPECT_EQ(changes->items.size(), 1u);
  EXPECT_EQ(run(path_->changes(conversation_[0], id_on(0), 0, 10)).error().code, domain::Errc::not_found);
  EXPECT_EQ(run(path_->membership(conversation_[0], {bob_, id_on(1)}))->members, std::vector<Ulid>{bob_});
  domain::Receipt read{conversation_[0], bob_, "phone", 1, std::nullopt, domain::ReceiptKind::read, 0};
  EXPECT_TRUE(run(path_->receipt(read)));
  read.seq = 99;
  EXPECT_EQ(run(path_->receipt(read)).error().code, domain::Errc::bad_request);
}

int exit_code(const std::vector<std::string>& arguments) {
  testing::ChildOptions options;
  options.arguments = {kBinary};
  options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
  testing::ChildProcess process(options);
  return process.wait(10s).value_or(-1);
}

TEST(ChatMessagesCommandLine, SaysByItsExitCodeHowItEnded) {
  EXPECT_EQ(exit_code({"--version"}), 0);
  EXPECT_EQ(exit_code({}), 2);
  EXPECT_EQ(exit_code({"--config", "/nonexistent", "--nonsense"}), 2);
  EXPECT_EQ(exit_code({"--config", "/nonexistent"}), 1);
}

}  // namespace
}  // namespace chat::messages
