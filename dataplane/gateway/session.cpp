#include "dataplane/gateway/session.hpp"

#include "dataplane/base/planted.hpp"
#include "dataplane/domain/errors.hpp"

namespace chat::gateway {
namespace {

constexpr int kHeartbeatSeconds = 30;
constexpr std::uint16_t kSyncs = 5;  // one runs, the others wait
// Frames that could not be understood, and answers that say "too often": past this the connection goes.
constexpr double kBadFramesPerMinute = 60;
constexpr std::int64_t kBadFramesAtOnce = 100;
constexpr double kLimitedPerMinute = 200;

prometheus::Counter& counter_of(GatewayMetrics& metrics, const base::Result<protocol::ClientFrame>& frame) {
  struct Counter {
    GatewayMetrics& metrics;
    prometheus::Counter& operator()(const protocol::AuthFrame&) const { return metrics.auth_frames; }
    prometheus::Counter& operator()(const protocol::PingFrame&) const { return metrics.pings; }
    prometheus::Counter& operator()(const protocol::SendFrame&) const { return metrics.sends; }
    prometheus::Counter& operator()(const protocol::ReceiptFrame&) const { return metrics.receipts; }
    prometheus::Counter& operator()(const protocol::SyncFrame&) const { return metrics.syncs; }
  };
  return frame ? std::visit(Counter{metrics}, *frame) : metrics.bad_frames;
}

}  // namespace

Session::Session(SessionContext& context, Transport& transport, std::optional<ports::Identity> identity,
                 std::string limit_key)
    : context_(context),
      transport_(&transport),
      identity_(std::move(identity)),
      limit_key_(std::move(limit_key)),
      opened_(context.clock.steady()),
      last_life_(opened_),
      refreshed_(opened_) {}

Session::Next Session::on_text(std::string_view text) {
  alive();
  if (closing_ || finish_) return Next::read;  // too late: what is not answered is sent again elsewhere
  auto decoded = protocol::decode_frame(text, context_.router.map().limits.content_characters);
  counter_of(context_.metrics, decoded.frame).Increment();
  if (!identity_) return authenticate(decoded);
  if (!decoded.frame) {
    answer_bad(decoded.frame.error(), decoded.id);
  } else {
    dispatch(*decoded.frame, std::move(decoded.id));
  }
  return overloaded() ? Next::wait : Next::read;
}

Session::Next Session::authenticate(protocol::DecodedFrame& decoded) {
  const auto* auth = decoded.frame ? std::get_if<protocol::AuthFrame>(&*decoded.frame) : nullptr;
  if (auth == nullptr) {
    close(CloseCode::unauthorized, "the first frame must be auth");
    return Next::read;
  }
  auto identity = context_.tokens.verify(auth->token, context_.clock.now_milliseconds());
  if (!identity) {
    close(CloseCode::unauthorized, "the token is not valid");
    return Next::read;
  }
  identity_ = std::move(*identity);
  if (auth->device_id) identity_->device_id = *auth->device_id;
  auth_id_ = std::move(decoded.id);
  return Next::sign_on;
}

base::Task<> Session::sign_on(Turnstile::Turn turn) {
  auto self = shared_from_this();
  state_ = State::signing_on;
  if (!turn) turn = co_await context_.turnstile.enter();
  if (!turn) close(CloseCode::restart, "too many people sign on at once: try again");
  if (closing_ || transport_ == nullptr) co_return;
  const auto& limits = context_.router.map().limits;
  if (!limit_key_.empty()) {
    const auto per_minute = static_cast<double>(limits.connects_per_minute_per_address);
    co_await context_.limiter.give_back(std::exchange(limit_key_, {}), per_minute,
                                        limits.connects_per_minute_per_address);
  }
  connection_id_ = base::new_ulid(context_.clock.now_milliseconds());
  present_ = true;
  // Those who came at the same moment are not all refreshed at the same moment.
  refreshed_ = context_.clock.steady() - context_.options.presence_refresh * connection_id_.bytes.back() / 512;
  const auto user = identity_->user_id;
  auto count = co_await context_.presence.connected(user, connection_id_.text(), context_.gateway);
  const auto here = static_cast<std::int64_t>(context_.hub.connections_of(user)) + 1;
  const auto connections = count ? *count : here;  // without Redis each gateway counts its own
  const auto most = context_.router.map().limits.connections_per_user;
  if (most > 0 && connections > most) close(CloseCode::too_many, "too many connections of this user");
  if (closing_ || transport_ == nullptr) co_return;
  at_hub_ = true;
  co_await context_.hub.attach(user, *this);
}

void Session::attached() {
  state_ = State::ready;
  alive();
  send(make_frame(protocol::ready_frame(identity_->user_id, identity_->device_id, context_.gateway, kHeartbeatSeconds,
                                        context_.clock.now_milliseconds(), std::exchange(auth_id_, std::nullopt))));
  if (context_.on_ready) context_.on_ready(*this);
}

base::Task<> Session::room() {
  auto self = shared_from_this();
  while (overloaded() && !closing_) {
    co_await answered_.wait(context_.executor, std::chrono::steady_clock::now() + context_.options.send_timeout);
  }
}

// ---------------------------------------------------------------- frames

void Session::dispatch(protocol::ClientFrame& frame, std::optional<std::string> id) {
  auto self = shared_from_this();
  if (std::holds_alternative<protocol::PingFrame>(frame)) {
    send(make_frame(protocol::pong_frame(id)));
  } else if (auto* message = std::get_if<protocol::SendFrame>(&frame)) {
    message->draft.sender_id = identity_->user_id;
    begun();
    context_.tasks.spawn("send", send_message(self, std::move(message->draft), std::move(id)));
  } else if (auto* receipt = std::get_if<protocol::ReceiptFrame>(&frame)) {
    domain::Receipt stored{receipt->conversation_id,
                           identity_->user_id,
                           identity_->device_id,
                           receipt->seq,
                           receipt->rev,
                           receipt->kind,
                           context_.clock.now_milliseconds()};
    begun();
    context_.tasks.spawn("receipt", store_receipt(self, std::move(stored), std::move(id)));
  } else if (auto* wanted = std::get_if<protocol::SyncFrame>(&frame)) {
    if (syncs_ >= kSyncs) {
      const base::Error busy{domain::make_error_code(domain::Errc::rate_limited),
                             "other syncs of this connection are not done: wait for sync.done",
                             std::chrono::seconds(1)};
      return answer_error(busy, id);
    }
    ++syncs_;
    context_.tasks.spawn("sync", sync(self, std::move(*wanted), std::move(id)));
  } else {
    const base::Error again{
        domain::make_error_code(domain::Errc::bad_request), "this connection is signed in already", {}};
    answer_bad(again, id);
  }
}

base::Task<> Session::send_message([[maybe_unused]] std::shared_ptr<Session> self, domain::Draft draft,
                                   std::optional<std::string> id) {
  const auto begun_at = context_.clock.steady();
  ports::MessagePath::Caller caller;
  caller.trace_id = base::new_trace_id();
  const auto& vip = context_.router.map().limits.vip_users;
  caller.vip = !vip.empty() && (vip.contains(identity_->username) || vip.contains(identity_->user_id.text()));
  auto ack = co_await context_.path.send(std::move(draft), std::move(caller), context_.options.send_timeout);
  if (ack) {
    send(make_frame(protocol::ack_frame(*ack, id)));
  } else {
    answer_error(ack.error(), id);
  }
  const std::chrono::duration<double> took = context_.clock.steady() - begun_at;
  context_.metrics.send_seconds.Observe(took.count());
  ended();
}

base::Task<> Session::store_receipt([[maybe_unused]] std::shared_ptr<Session> self, domain::Receipt receipt,
                                    std::optional<std::string> id) {
  auto stored = co_await context_.path.receipt(std::move(receipt));
  if (!stored) answer_error(stored.error(), id);
  ended();
}

void Session::ended() {
  --under_way_;
  answered_.notify();
  if (under_way_ == 0 && finish_) close(*finish_, "restarting");
}

void Session::answer_bad(const base::Error& error, const std::optional<std::string>& id) {
  answer_error(error, id);
  if (!bad_frames_.take(kBadFramesPerMinute, kBadFramesAtOnce, context_.clock.steady()).allowed) {
    close(CloseCode::policy, "too many bad frames");
  }
}

void Session::answer_error(const base::Error& error, const std::optional<std::string>& id) {
  const auto told = domain::for_client(error);
  send(make_frame(protocol::error_frame(told, id)));
  const auto code = domain::errc_for_client(told);
  context_.metrics.error_sent(std::string(domain::name(code)));
  if (code != domain::Errc::rate_limited) return;
  const auto most = static_cast<std::int64_t>(kLimitedPerMinute);
  if (!limited_answers_.take(kLimitedPerMinute, most, context_.clock.steady()).allowed) {
    close(CloseCode::policy, "goes on past its limits");
  }
}

// ---------------------------------------------------------------- what the hub and the gateway say

void Session::change(const Ulid& conversation, std::int64_t rev, const Frame& frame) {
  if (!feed_.change(conversation, rev, frame)) return;
  if (base::planted_swap(identity_->device_id, frame, [this](const Frame& kept) { send(kept); })) return;
  send(frame);
}

// What is being read of it, and what is held of it, was theirs a moment ago: it does not come after this frame.
void Session::removed(const Ulid& conversation, const Frame& frame) {
  feed_.forget(conversation);
  if (reading_of_ == conversation) taken_away_ = true;
  send(frame);
}

void Session::send(const Frame& frame) {
  if (!closing_ && transport_ != nullptr) transport_->send(frame);
}

void Session::drained() {
  room_.notify();
  answered_.notify();
}

void Session::sweep(base::SteadyTime now) {
  if (closing_) return;
  if (!identity_) {
    if (now - opened_ > context_.options.auth_timeout) close(CloseCode::unauthorized, "no auth frame in time");
    return;
  }
  if (state_ != State::ready) return;  // nothing is read meanwhile, and it takes a bounded time
  if (now - last_life_ > context_.options.heartbeat_timeout) return close(CloseCode::heartbeat, "no sign of life");
  if (now - refreshed_ > context_.options.presence_refresh) {
    refreshed_ = now;
    context_.presence.refresh(identity_->user_id, connection_id_.text(), context_.gateway);
  }
}

void Session::finish(CloseCode code, std::string_view reason) {
  if (under_way_ == 0) return close(code, reason);
  finish_ = code;
}

void Session::close(CloseCode code, std::string_view reason) {
  if (closing_ || transport_ == nullptr) return;
  closing_ = true;
  transport_->close(code, reason);
  answered_.notify();
  room_.notify();
}

void Session::gone() {
  transport_ = nullptr;
  closing_ = true;
  if (at_hub_) context_.hub.detach(identity_->user_id, *this);
  at_hub_ = false;
  if (present_) context_.presence.disconnected(identity_->user_id, connection_id_.text());
  present_ = false;
  answered_.notify();
  room_.notify();
}

}  // namespace chat::gateway
