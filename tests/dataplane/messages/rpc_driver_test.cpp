#include "dataplane/messages/rpc_driver.hpp"

#include <gtest/gtest.h>

#include "dataplane/adapters/rpc_message_path.hpp"
#include "dataplane/protocol/convert.hpp"
#include "tests/dataplane/services/fake_chat.hpp"
#include "tests/dataplane/services/fake_publisher.hpp"
#include "tests/dataplane/services/fake_shard.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/run_task.hpp"

namespace chat::messages {
namespace {

using base::Ulid;
using testing::eventually;
using testing::run_task;
using namespace std::chrono_literals;

Ulid id(std::uint8_t last) {
  Ulid value;
  value.bytes[15] = last;
  return value;
}

const Ulid kConversation = id(1);
const Ulid kAnn = id(101);
const Ulid kBob = id(102);

// Pages as large as they come: two messages a rev, with content of half a mebibyte.
class LargeStore final : public testing::FakeStore {
 public:
  base::Task<base::Result<ports::Changes>> changes(Ulid conversation, Ulid viewer, std::int64_t after,
                                                   int limit) override {
    if (mine(conversation, viewer) == nullptr) co_return unknown();
    ports::Changes changes;
    changes.head = {conversation, 100, 100, 1, 2};
    for (auto rev = after + 1; rev <= 100 && changes.items.size() < static_cast<std::size_t>(limit); ++rev) {
      domain::Message message;
      message.conversation_id = conversation;
      message.seq = message.rev = rev;
      message.content.assign(512 * 1024, 'x');
      changes.items.push_back(std::move(message));
    }
    co_return changes;
  }
  base::Task<base::Result<ports::MembershipAnswer>> membership(Ulid conversation, std::vector<Ulid> users) override {
    ports::MembershipAnswer answer;
    answer.head = {conversation, 1, 1, 1, 2};
    for (const auto& user : users) {
      if (mine(conversation, user) != nullptr) answer.members.push_back(user);
    }
    co_return answer;
  }
};

// The whole of chat-messages but its backends, asked over a real connection.
class RpcDriverTest : public ::testing::Test {
 protected:
  RpcDriverTest()
      : router_(map()),
        fan_out_(bus_, metrics_, [this](const std::string& push) { server_.push_to_all(push); }),
        commits_(io_.get_executor(), clock_, log_, metrics_, router_,
                 [this](const domain::Shard&) { return std::make_unique<testing::FakeShardWriter>(shard_); }),
        service_({io_.get_executor(), clock_, log_, metrics_, router_, commits_, store_, directory_, fan_out_}),
        driver_(io_.get_executor(), clock_, log_, metrics_, service_),
        server_(io_.get_executor(), log_,
                [this](const io::rpc::Peer& peer, std::uint64_t call, std::string_view payload) {
                  driver_.handle(peer, call, payload);
                }),
        path_(io_.get_executor(), log_, [this](const std::vector<std::string>& channels, std::string_view event) {
          pushed_ = channels;
          ASSERT_TRUE(event_.ParseFromArray(event.data(), static_cast<int>(event.size())));
        }) {
    bus_.away = true;
    shard_->members = {kAnn, kBob};
    run_task(io_, store_.create_one_on_one(kConversation, kAnn, kBob, 1));
    auto port = server_.listen({"127.0.0.1", 0});
    EXPECT_TRUE(port);
    address_ = {"127.0.0.1", *port};
    domain::ClusterMap with_server = map();
    with_server.messages = {{"messages-0", address_}};
    path_.update(with_server);
    EXPECT_TRUE(eventually(io_, [this] { return path_.reachable(); }));
  }
  ~RpcDriverTest() override {
    path_.stop();
    run_task(io_, server_.stop(1s));
    run_task(io_, service_.stop(clock_.steady() + 1s));
    (void)run_task(io_, driver_.idle(clock_.steady() + 1s));
  }
  static domain::ClusterMap map() {
    domain::ClusterMap map;
    map.version = 1;
    map.shards = {{"shard-0", {"127.0.0.1", 1}}};
    map.buckets = {{0, 4095, "shard-0", 1}};
    return map;
  }
  // The answer to raw bytes.
  pb::Reply ask(const std::string& payload) {
    io::rpc::Client client(io_.get_executor(), log_, {address_}, {});
    client.start();
    EXPECT_TRUE(eventually(io_, [&] { return client.connected(); }));
    auto answer = run_task(io_, client.call(payload, 2s));
    client.stop();
    pb::Reply reply;
    EXPECT_TRUE(answer && reply.ParseFromString(*answer));
    return reply;
  }
  pb::Reply ask(const pb::Request& request) { return ask(request.SerializeAsString()); }
  static domain::Draft draft(const std::string& key) {
    domain::Draft draft;
    draft.conversation_id = kConversation;
    draft.sender_id = kAnn;
    draft.client_msg_id = key;
    draft.content = "hi";
    return draft;
  }

  boost::asio::io_context io_;
  base::SystemClock clock_;
  base::Log log_{"test", base::Level::error};
  base::Metrics metrics_;
  std::shared_ptr<testing::FakeShard> shard_ = std::make_shared<testing::FakeShard>();  // shared with its writers
  domain::Router router_;
  LargeStore store_;
  testing::FakeDirectory directory_;
  testing::FakePublisher bus_;
  services::FanOut fan_out_;
  services::CommitRouter commits_;
  services::MessageService service_;
  RpcDriver driver_;
  io::rpc::Server server_;
  base::HostPort address_;
  std::vector<std::string> pushed_;
  pb::BusEvent event_;
  adapters::RpcMessagePath path_;
};

TEST_F(RpcDriverTest, ASendIsStoredAcknowledgedAndWithoutABusPushedToTheCaller) {
  auto ack = run_task(io_, path_.send(draft("a"), {}, 5s));
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->seq, 1);
  ASSERT_TRUE(eventually(io_, [this] { return !pushed_.empty(); }));
  EXPECT_EQ(pushed_, (std::vector<std::string>{ports::user_channel(kAnn.text()), ports::user_channel(kBob.text())}));
  EXPECT_EQ(event_.kind(), pb::BusEvent::MESSAGE);
  EXPECT_NE(event_.frame().find("\"hi\""), std::string::npos);
}

TEST_F(RpcDriverTest, ARefusalKeepsItsCode) {
  auto made = draft("a");
  made.content = "not a member";
  EXPECT_EQ(run_task(io_, path_.send(made, {}, 5s)).error().code, domain::Errc::not_found);
}

TEST_F(RpcDriverTest, ALargePageEndsEarlyInsteadOfBreakingTheConnection) {
  std::int64_t rev = 0;
  while (rev < 100) {
    auto page = run_task(io_, path_.changes(kConversation, kAnn, rev, 200));
    ASSERT_TRUE(page) << page.error().message;
    ASSERT_FALSE(page->items.empty());
    EXPECT_LE(page->items.size(), 4u);
    EXPECT_EQ(page->items.front().rev, rev + 1);
    rev = page->items.back().rev;
  }
  EXPECT_FALSE(run_task(io_, path_.changes(kConversation, id(9), 0, 10)));
}

TEST_F(RpcDriverTest, MembershipAnswersForThoseAsked) {
  auto answer = run_task(io_, path_.membership(kConversation, {kBob, id(9)}));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->members, std::vector<Ulid>{kBob});
}

TEST_F(RpcDriverTest, TheClockIsTold) {
  auto time = run_task(io_, path_.time());
  ASSERT_TRUE(time);
  EXPECT_LT(std::abs(*time - clock_.now_milliseconds()), 10'000);
}

TEST_F(RpcDriverTest, FramesThatMakeNoSenseAreBadRequestsAndTheNextOneIsServed) {
  std::vector<pb::Request> table;
  auto add = [&]() -> pb::Request& { return table.emplace_back(); };
  add();  // no call at all
  protocol::to_pb(draft("a"), *add().mutable_send());
  table.back().mutable_send()->set_sender_id("short");
  protocol::to_pb(draft("a"), *add().mutable_send());
  table.back().mutable_send()->set_type("video");
  add().mutable_receipt()->set_kind("read");
  auto* receipt = add().mutable_receipt();
  receipt->set_conversation_id(protocol::id_bytes(kConversation));
  receipt->set_user_id(protocol::id_bytes(kAnn));
  receipt->set_kind("seen");
  add().mutable_announce();
  add().mutable_sign_on()->set_user_id("x");
  add().mutable_heads()->add_conversations("x");
  for (int i = 0; i < 10'001; ++i) {
    if (i == 0) add();
    table.back().mutable_heads()->add_conversations(protocol::id_bytes(kConversation));
  }
  auto* changes = add().mutable_changes();
  changes->set_conversation_id(protocol::id_bytes(kConversation));
  changes->set_viewer(protocol::id_bytes(kAnn));  // limit 0
  add().mutable_changes()->CopyFrom(*changes);
  table.back().mutable_changes()->set_limit(100'000);
  auto* points = add().mutable_sync_points();
  points->set_user_id(protocol::id_bytes(kAnn));
  points->add_named()->set_conversation_id("x");
  add().mutable_membership()->add_users("x");
  for (std::size_t i = 0; i < table.size(); ++i) EXPECT_EQ(ask(table[i]).error().code(), "bad_request") << i;
  for (const auto& garbage : {std::string("\xff\xff\xff\xff"), std::string(1000, '\0'), std::string("\x12\x7fxyz")}) {
    EXPECT_EQ(ask(garbage).error().code(), "bad_request");
  }
  pb::Request time;
  time.mutable_time();
  EXPECT_GT(ask(time).time_ms(), 0);
}

}  // namespace
}  // namespace chat::messages
