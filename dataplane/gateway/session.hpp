#pragma once
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "dataplane/base/clock.hpp"
#include "dataplane/base/log.hpp"
#include "dataplane/base/task.hpp"
#include "dataplane/domain/cluster_map.hpp"
#include "dataplane/domain/token_bucket.hpp"
#include "dataplane/gateway/feed.hpp"
#include "dataplane/gateway/hub.hpp"
#include "dataplane/gateway/signal.hpp"
#include "dataplane/gateway/transport.hpp"
#include "dataplane/gateway/turnstile.hpp"
#include "dataplane/ports/presence.hpp"
#include "dataplane/ports/tokens.hpp"
#include "dataplane/protocol/frames.hpp"

namespace chat::gateway {

class Session;

struct SessionOptions {
  std::chrono::milliseconds auth_timeout{10'000};
  std::chrono::milliseconds heartbeat_timeout{60'000};
  std::chrono::milliseconds presence_refresh{25'000};
  std::chrono::milliseconds send_timeout{10'000};
  std::chrono::milliseconds slow_reader{30'000};  // a sync whose reader makes no progress so long is given up
};

// What all sessions of a gateway share. Outlives them.
struct SessionContext {
  boost::asio::any_io_executor executor;
  const base::Log& log;
  const base::Clock& clock;
  const domain::Router& router;
  ports::MessagePath& path;
  const ports::TokenVerifier& tokens;
  ports::Presence& presence;
  ports::RateLimiter& limiter;
  Hub& hub;
  GatewayMetrics& metrics;
  base::TaskGroup& tasks;
  Turnstile& turnstile;
  std::string gateway;
  SessionOptions options;
  std::function<void(Session&)> on_ready;
};

// One connection of one user: its frames in, their answers out. It knows no sockets.
//
// Lifecycle: made with an identity, or without one and then the first frame must be `auth`; sign_on() once the identity
// is known; gone() when the transport ends. Shared: answers arrive after the connection has gone. One thread.
class Session final : public Client, public std::enable_shared_from_this<Session> {
 public:
  // `limit_key`: what the upgrade was counted under for having brought no token; given back once one came.
  Session(SessionContext& context, Transport& transport, std::optional<ports::Identity> identity,
          std::string limit_key);

  enum class Next { read, sign_on, wait };
  // One text frame: what the reader is to do before it reads the next one.
  [[nodiscard]] Next on_text(std::string_view text);
  [[nodiscard]] base::Task<> sign_on(Turnstile::Turn turn);  // waits for its turn where it has none
  [[nodiscard]] base::Task<> room();  // until less is under way, and less waits to be read by the client
  void alive() { last_life_ = context_.clock.steady(); }
  void drained();  // the transport is not crowded any more
  void sweep(base::SteadyTime now);
  // Closes as soon as what is under way was answered.
  void finish(CloseCode code, std::string_view reason);
  void gone();

  [[nodiscard]] bool ready() const { return state_ == State::ready && !closing_; }
  [[nodiscard]] bool has_identity() const { return identity_.has_value(); }

  [[nodiscard]] const Ulid& session_id() const override { return identity_->session_id; }
  void attached() override;
  void change(const Ulid& conversation, std::int64_t rev, const Frame& frame) override;
  void send(const Frame& frame) override;
  void removed(const Ulid& conversation, const Frame& frame) override;
  void catch_up(const Ulid& conversation, std::int64_t from) override;
  void close(CloseCode code, std::string_view reason) override;

 private:
  enum class State { unknown, signing_on, ready };
  // Calls that wait for chat-messages. At the bound the connection is not read until one is answered.
  static constexpr std::uint16_t kUnderWay = 128;

  Next authenticate(protocol::DecodedFrame& decoded);
  void dispatch(protocol::ClientFrame& frame, std::optional<std::string> id);
  void answer_bad(const base::Error& error, const std::optional<std::string>& id);
  void answer_error(const base::Error& error, const std::optional<std::string>& id);
  [[nodiscard]] bool overloaded() const {
    return under_way_ >= kUnderWay || (transport_ != nullptr && transport_->half_full());
  }
  void begun() { ++under_way_; }
  void ended();

  base::Task<> send_message(std::shared_ptr<Session> self, domain::Draft draft, std::optional<std::string> id);
  base::Task<> store_receipt(std::shared_ptr<Session> self, domain::Receipt receipt, std::optional<std::string> id);

  // session_sync.cpp
  base::Task<> sync(std::shared_ptr<Session> self, protocol::SyncFrame frame, std::optional<std::string> id);
  base::Task<base::Result<std::map<Ulid, std::int64_t>>> answer_sync(protocol::SyncFrame frame);
  base::Task<> run_catch_up(std::shared_ptr<Session> self, Ulid conversation, std::int64_t from);
  base::Task<base::Result<std::int64_t>> read_changes(Ulid conversation, std::int64_t after);
  base::Task<> read_missing(std::optional<Ulid> only);
  base::Task<> reading_turn();
  void reading_done();
  [[nodiscard]] Feed::Send sender();
  [[nodiscard]] Feed::Delivered delivered() const;

  SessionContext& context_;
  Transport* transport_;  // null once it has gone
  std::optional<ports::Identity> identity_;
  std::string limit_key_;
  std::optional<std::string> auth_id_;  // of the auth frame, until `ready` answers it
  State state_ = State::unknown;
  bool closing_ = false;
  bool at_hub_ = false;
  bool present_ = false;
  bool reading_ = false;     // a sync or a catching up runs…
  Ulid reading_of_;          // …and reads this conversation…
  bool taken_away_ = false;  // …of which its user is no member any more
  std::uint16_t under_way_ = 0;
  std::uint16_t syncs_ = 0;
  Ulid connection_id_;
  base::SteadyTime opened_;
  base::SteadyTime last_life_;
  base::SteadyTime refreshed_;
  domain::TokenBucket bad_frames_;
  domain::TokenBucket limited_answers_;
  std::optional<CloseCode> finish_;
  Feed feed_;
  Signal answered_;
  Signal room_;
  Signal turn_;
};

}  // namespace chat::gateway
