#include "dataplane/workers/outbox_consumer.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "dataplane/domain/errors.hpp"
#include "tests/support/run_task.hpp"

namespace chat::workers {
namespace {

using ::testing::_;
using ::testing::ElementsAre;
using Turn = OutboxConsumer::Turn;

// An outbox in memory: rows stay until they are removed, and only the one who claimed may read.
class FakeEventLog final : public ports::EventLog {
 public:
  struct State {
    std::vector<ports::Event> rows;
    bool claimed_by_another = false;
    bool away = false;
    int claims = 0;
  };
  explicit FakeEventLog(State& state) : state_(state) {}
  base::Result<bool> claim() override {
    ++state_.claims;
    if (state_.away) return away();
    return !state_.claimed_by_another;
  }
  base::Result<std::vector<ports::Event>> read(int limit) override {
    if (state_.away || state_.claimed_by_another) return away();
    const auto n = std::min(state_.rows.size(), static_cast<std::size_t>(limit));
    return std::vector<ports::Event>(state_.rows.begin(), state_.rows.begin() + static_cast<std::ptrdiff_t>(n));
  }
  base::Status remove(const std::vector<ports::Event>& done) override {
    if (state_.away) return away();
    for (const auto& event : done) std::erase_if(state_.rows, [&](const auto& row) { return row.id == event.id; });
    return {};
  }
  base::Result<ports::Lag> lag() override { return ports::Lag{}; }

 private:
  static tl::unexpected<base::Error> away() { return base::fail(domain::Errc::unavailable, "away"); }
  State& state_;
};

// Only the links matter here.
class FakeDirectory final : public ports::Directory {
 public:
  template <class T>
  using Answer = base::Task<base::Result<T>>;
  std::vector<std::string> calls;
  std::set<base::Ulid> failing;  // conversations

  base::Task<base::Status> link(std::vector<base::Ulid> users, base::Ulid conversation, std::int64_t members_rev,
                                std::int64_t now) override {
    co_return note("link", users, conversation, members_rev, now);
  }
  base::Task<base::Status> unlink(std::vector<base::Ulid> users, base::Ulid conversation,
                                  std::int64_t members_rev) override {
    co_return note("unlink", users, conversation, members_rev, 0);
  }
  base::Task<base::Status> register_user(ports::User, std::string) override { co_return unexpected(); }
  Answer<ports::Credentials> credentials(std::string) override { co_return unexpected(); }
  Answer<std::vector<ports::User>> users(std::vector<base::Ulid>) override { co_return unexpected(); }
  Answer<std::optional<ports::User>> user_by_name(std::string) override { co_return unexpected(); }
  Answer<std::vector<ports::User>> search_users(std::string, int) override { co_return unexpected(); }
  Answer<ports::User> rename_user(base::Ulid, std::string) override { co_return unexpected(); }
  base::Task<base::Status> create_session(ports::Session) override { co_return unexpected(); }
  Answer<ports::Session> session(base::Ulid, base::Ulid) override { co_return unexpected(); }
  Answer<bool> rotate_session(ports::Session, std::string, std::int64_t, std::int64_t) override {
    co_return unexpected();
  }
  base::Task<base::Status> revoke_session(base::Ulid, base::Ulid) override { co_return unexpected(); }
  Answer<std::vector<base::Ulid>> conversations_of(base::Ulid, int) override { co_return unexpected(); }

 private:
  static tl::unexpected<base::Error> unexpected() { return base::fail(domain::Errc::bad_request, "not expected here"); }
  base::Status note(const char* what, const std::vector<base::Ulid>& users, const base::Ulid& conversation,
                    std::int64_t members_rev, std::int64_t now) {
    if (failing.contains(conversation)) return base::fail(domain::Errc::unavailable, "the user's shard is away");
    calls.push_back(std::string(what) + " " + std::to_string(users.size()) + " at " + std::to_string(members_rev) +
                    " now " + std::to_string(now));
    return {};
  }
};

class OutboxConsumerTest : public ::testing::Test {
 protected:
  ports::Event& add(const std::string& kind, base::Ulid conversation, std::int64_t members_rev = 1) {
    ports::Event event;
    event.id = next_id_++;
    event.conversation_id = conversation;
    event.kind = kind;
    event.created_at = 77;
    event.payload = kind == "message" ? R"({"seq":1})"
                                      : R"({"members_rev":)" + std::to_string(members_rev) +
                                            R"(,"user_ids":["01890000-0000-7000-8000-000000000001"]})";
    outbox_.rows.push_back(event);
    return outbox_.rows.back();
  }
  Turn turn() { return chat::testing::run_task(io_, consumer_.turn()); }
  std::vector<std::int64_t> left() const {
    std::vector<std::int64_t> ids;
    for (const auto& row : outbox_.rows) ids.push_back(row.id);
    return ids;
  }

  boost::asio::io_context io_;
  base::Log log_{"test", base::Level::error, -1};
  base::Metrics metrics_;
  FakeDirectory directory_;
  FakeEventLog::State outbox_;
  OutboxConsumer consumer_{log_, metrics_, directory_, "shard-0", std::make_unique<FakeEventLog>(outbox_)};
  base::Ulid talk_ = base::new_ulid(1);
  base::Ulid other_ = base::new_ulid(2);
  std::int64_t next_id_ = 1;
};

TEST_F(OutboxConsumerTest, DoesEventsInOrderAndRemovesThem) {
  add("conversation_created", talk_, 1);
  add("message", talk_);
  add("member_removed", talk_, 2);
  add("member_added", talk_, 3);
  add("conversation_deleted", talk_, 4);
  EXPECT_EQ(turn(), Turn::caught_up);
  EXPECT_THAT(directory_.calls,
              ElementsAre("link 1 at 1 now 77", "unlink 1 at 2 now 0", "link 1 at 3 now 77", "unlink 1 at 4 now 0"));
  EXPECT_TRUE(outbox_.rows.empty());
  EXPECT_EQ(turn(), Turn::idle);
  EXPECT_NE(metrics_.text().find("chat_worker_events_total{kind=\"message\"} 1"), std::string::npos);
}

TEST_F(OutboxConsumerTest, SaysWhetherMoreWaitsThanOneTurnTakes) {
  for (int i = 0; i < 501; ++i) add("message", talk_);
  EXPECT_EQ(turn(), Turn::worked);
  EXPECT_EQ(outbox_.rows.size(), 1u);
  EXPECT_EQ(turn(), Turn::caught_up);
  EXPECT_TRUE(outbox_.rows.empty());
  EXPECT_NE(metrics_.text().find("kind=\"message\"} 501"), std::string::npos);
}

TEST_F(OutboxConsumerTest, HoldsBackWhatFollowsAFailedEventOfTheSameConversationOnly) {
  add("member_added", talk_, 2);    // 1
  add("member_added", other_, 2);   // 2
  add("member_removed", talk_, 3);  // 3
  add("message", other_);           // 4
  directory_.failing = {talk_};
  EXPECT_EQ(turn(), Turn::failed);
  EXPECT_NE(consumer_.trouble().find("the user's shard is away"), std::string::npos);
  EXPECT_THAT(left(), ElementsAre(1, 3));
  directory_.failing.clear();
  EXPECT_EQ(turn(), Turn::caught_up);
  EXPECT_EQ(consumer_.trouble(), "");
  EXPECT_TRUE(outbox_.rows.empty());
  EXPECT_THAT(directory_.calls, ElementsAre(_, "link 1 at 2 now 77", "unlink 1 at 3 now 0"));
}

TEST_F(OutboxConsumerTest, StandsByWhileAnotherReads) {
  add("member_added", talk_);
  outbox_.claimed_by_another = true;
  EXPECT_EQ(turn(), Turn::standby);
  EXPECT_FALSE(consumer_.claimed());
  outbox_.claimed_by_another = false;
  EXPECT_EQ(turn(), Turn::caught_up);
  EXPECT_TRUE(consumer_.claimed());
}

TEST_F(OutboxConsumerTest, ClaimsAnewAfterAFailedRead) {
  EXPECT_EQ(turn(), Turn::idle);
  EXPECT_EQ(turn(), Turn::idle);
  EXPECT_EQ(outbox_.claims, 1);
  outbox_.away = true;
  EXPECT_EQ(turn(), Turn::failed);
  EXPECT_FALSE(consumer_.claimed());
  outbox_.away = false;
  outbox_.claimed_by_another = true;
  EXPECT_EQ(turn(), Turn::standby);
}

TEST_F(OutboxConsumerTest, DropsAMalformedEventRatherThanWaitForItForEver) {
  add("member_added", talk_).payload = "{";
  add("something_newer", talk_);
  add("member_added", talk_, 5);
  EXPECT_EQ(turn(), Turn::caught_up);
  EXPECT_TRUE(outbox_.rows.empty());
  EXPECT_THAT(directory_.calls, ElementsAre("link 1 at 5 now 77"));
  EXPECT_NE(metrics_.text().find("kind=\"other\"} 1"), std::string::npos);
}

}  // namespace
}  // namespace chat::workers
