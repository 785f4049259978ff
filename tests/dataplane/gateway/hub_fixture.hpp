#pragma once
#include <gtest/gtest.h>

#include <algorithm>

#include "dataplane/gateway/hub.hpp"
#include "tests/dataplane/gateway/fakes.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/run_task.hpp"

namespace chat::gateway {

inline const Ulid kConversation = testing::id_of(100);
inline const Ulid kAlice = testing::id_of(1);
inline const Ulid kBob = testing::id_of(2);
inline const Ulid kCarol = testing::id_of(3);

// A connection that writes down what it gets.
class Recorder final : public Client {
 public:
  const Ulid& session_id() const override { return session; }
  void attached() override { ready = true; }
  void change(const Ulid& conversation, std::int64_t rev, const Frame& frame) override {
    EXPECT_TRUE(ready);
    revs[conversation].push_back(rev);
    frames.push_back(std::string(text_of(frame)));
    last = frame;
  }
  void send(const Frame& frame) override {
    EXPECT_TRUE(ready);
    others.push_back(std::string(text_of(frame)));
  }
  void removed(const Ulid& conversation, const Frame& frame) override {
    left.push_back(conversation);
    send(frame);
  }
  void catch_up(const Ulid& conversation, std::int64_t from) override { catch_ups[conversation] = from; }
  void close(CloseCode code, std::string_view) override { closed = code; }

  std::vector<std::int64_t> of(const Ulid& conversation) { return revs[conversation]; }
  [[nodiscard]] bool heard(const std::string& change) const {
    return std::any_of(others.begin(), others.end(),
                       [&](const auto& frame) { return frame.find("\"" + change + "\"") != std::string::npos; });
  }

  Ulid session = testing::id_of(200);
  bool ready = false;
  std::map<Ulid, std::vector<std::int64_t>> revs;
  std::vector<std::string> frames;
  std::vector<std::string> others;
  std::vector<Ulid> left;
  std::map<Ulid, std::int64_t> catch_ups;
  Frame last;
  std::optional<CloseCode> closed;
};

// A hub over fake ports.
class HubTest : public ::testing::Test {
 protected:
  HubTest() {
    bus.hear = [this](auto channel, auto event) { hub.on_bus(channel, event); };
    hub.start();
    hub.bus_ready();
  }
  ~HubTest() override { testing::run_task(io, hub.stop()); }

  static HubOptions options() {
    HubOptions options;
    options.reorder = std::chrono::milliseconds(20);
    options.compare = std::chrono::seconds(3600);  // tests that want it say so
    options.compare_lost = std::chrono::milliseconds(50);
    options.sign_on = std::chrono::milliseconds(100);
    return options;
  }
  void sign_on(const Ulid& user, Recorder& client) { testing::run_task(io, hub.attach(user, client)); }
  // Asks for it without a word of change: the index of users' conversations is a moment behind.
  void have_membership_read() {
    const auto asked = messages.membership_calls;
    messages.index_empty = true;
    hub.bus_ready();  // has the users checked
    ASSERT_TRUE(soon([&] { return messages.membership_calls > asked; }));
    messages.index_empty = false;
  }
  void release_memberships() {
    messages.hold_memberships = false;
    messages.memberships_released.notify();
  }
  bool soon(const std::function<bool()>& predicate) { return testing::eventually(io, predicate); }
  // Everything that is on its way has arrived.
  void settle() {
    bool passed = false;
    boost::asio::steady_timer timer(io, std::chrono::milliseconds(120));
    timer.async_wait([&](auto) { passed = true; });
    ASSERT_TRUE(soon([&] { return passed; }));
  }

  using Revs = std::vector<std::int64_t>;
  boost::asio::io_context io;
  base::Log log{"test", base::Level::error};
  base::SystemClock clock;
  base::Metrics registry;
  GatewayMetrics metrics{registry};
  testing::FakeBus bus{io};
  testing::FakeMessages messages{bus, clock};
  Hub hub{{io.get_executor(), log, clock, messages, bus, metrics}, options()};
};

}  // namespace chat::gateway
