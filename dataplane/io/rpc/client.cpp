#include <boost/asio/post.hpp>
#include <random>
#include <set>
#include <unordered_map>

#include "dataplane/base/backoff.hpp"
#include "dataplane/base/callback.hpp"
#include "dataplane/io/rpc/channel.hpp"
#include "dataplane/io/rpc/frame_link.hpp"
#include "dataplane/io/tls/handshake.hpp"

namespace chat::io::rpc {
namespace {

using Done = std::function<void(base::Result<std::string>)>;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kMaxPayloadBytes = kMaxFrameBytes - 8;  // without the call number
constexpr milliseconds kSettled{1000};  // a connection that lived so long starts the back-off anew

class RpcCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "rpc"; }
  [[nodiscard]] std::string message(int code) const override {
    switch (static_cast<Errc>(code)) {
      case Errc::not_connected:
        return "not connected";
      case Errc::timeout:
        return "no answer in time";
      case Errc::full:
        return "too many calls are waiting";
      case Errc::closed:
        return "the connection broke";
      case Errc::too_large:
        break;
    }
    return "too large for a frame";
  }
};

}  // namespace

std::error_code make_error_code(Errc code) {
  static const RpcCategory category;
  return {static_cast<int>(code), category};
}

struct Client::Impl : std::enable_shared_from_this<Client::Impl> {
  struct Call {
    Done done;
    base::SteadyTime deadline;
  };

  Impl(boost::asio::any_io_executor its_executor, const base::Log& its_log, ClientOptions its_options, OnPush its_push)
      : executor(its_executor),
        log(its_log),
        options(std::move(its_options)),
        on_push(std::move(its_push)),
        group(its_executor),
        pause(its_executor),
        watch(its_executor) {}

  static base::Task<> run(std::shared_ptr<Impl> self);
  base::Task<> serve(tls::Stream stream);
  void take(std::uint64_t number, std::string_view payload);
  void call(std::string_view payload, milliseconds timeout, Done done);
  void refuse(Done done, Errc code, const char* why) const;
  void arm_watch();
  void end_overdue();
  void end_calls(const std::string& reason);
  void shut_down();

  boost::asio::any_io_executor executor;
  const base::Log& log;  // not used after shut_down(), nor is on_push: their owner may have gone
  ClientOptions options;
  OnPush on_push;
  base::TaskGroup group;
  boost::asio::steady_timer pause;  // between attempts to connect
  boost::asio::steady_timer watch;  // for the earliest deadline
  bool watch_armed = false;
  std::shared_ptr<FrameLink> link;  // shared with its own reads and writes
  std::unordered_map<std::uint64_t, Call> calls;
  std::set<std::pair<base::SteadyTime, std::uint64_t>> deadlines;
  std::uint64_t last_call = 0;
  bool stopping = false;
  std::minstd_rand random{std::random_device{}()};
};

base::Task<> Client::Impl::run(std::shared_ptr<Impl> self) {
  unsigned attempt = 0;
  bool said = false;  // one line for each outage
  while (!self->stopping) {
    auto began = steady_clock::now();
    auto deadline = began + self->options.connect_timeout;
    auto stream = co_await tls::connect(self->options.where, self->options.secure, deadline);
    if (self->stopping) break;
    if (stream) {
      said = true;  // serve() says it
      co_await self->serve(std::move(*stream));
      if (self->stopping) break;
      if (steady_clock::now() - began > kSettled) attempt = 0;
    } else if (!said) {
      said = true;
      self->log.warn("rpc_unreachable", {{"reason", stream.error().message}});
    }
    auto jitter = std::uniform_real_distribution<double>(0, 1)(self->random);
    auto wait = base::backoff(attempt++, jitter, milliseconds(20), milliseconds(1000));
    co_await base::sleep_until(self->pause, steady_clock::now() + wait);
  }
}

base::Task<> Client::Impl::serve(tls::Stream stream) {
  log.info("rpc_connected", {{"host", options.where.host}, {"port", options.where.port}});
  link = std::make_shared<FrameLink>(std::move(stream));
  auto reason = co_await link->run([this](std::uint64_t number, std::string_view payload) { take(number, payload); });
  link.reset();
  if (!stopping) log.warn("rpc_lost", {{"host", options.where.host}, {"port", options.where.port}, {"reason", reason}});
  end_calls(reason);
}

void Client::Impl::take(std::uint64_t number, std::string_view payload) {
  if (number == 0) {
    if (on_push) on_push(payload);
    return;
  }
  auto found = calls.find(number);
  if (found == calls.end()) return;  // its deadline had passed
  deadlines.erase({found->second.deadline, number});
  auto done = std::move(found->second.done);
  calls.erase(found);
  done(std::string(payload));
}

void Client::Impl::call(std::string_view payload, milliseconds timeout, Done done) {
  if (payload.size() > kMaxPayloadBytes) return refuse(std::move(done), Errc::too_large, "the call is too large");
  if (!link || !link->is_open()) return refuse(std::move(done), Errc::not_connected, "the peer is not connected");
  if (calls.size() >= options.max_in_flight || link->queued_bytes() + payload.size() > options.max_queued_bytes)
    return refuse(std::move(done), Errc::full, "too many calls are waiting for the peer");
  auto number = ++last_call;
  auto deadline = steady_clock::now() + timeout;
  calls.emplace(number, Call{std::move(done), deadline});
  deadlines.emplace(deadline, number);
  link->send(number, payload);
  arm_watch();
}

void Client::Impl::refuse(Done done, Errc code, const char* why) const {
  base::Error error{code, why};
  boost::asio::post(executor, [done = std::move(done), error = std::move(error)] { done(base::fail(error)); });
}

// One timer for all calls. It is left to fire when its call was answered: setting it anew each time costs more.
void Client::Impl::arm_watch() {
  if (deadlines.empty() || (watch_armed && watch.expiry() <= deadlines.begin()->first)) return;
  watch_armed = true;
  watch.expires_at(deadlines.begin()->first);
  watch.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (error) return;  // armed anew for an earlier deadline, or shut down
    self->watch_armed = false;
    self->end_overdue();
    self->arm_watch();
  });
}

void Client::Impl::end_overdue() {
  auto now = steady_clock::now();
  while (!deadlines.empty() && deadlines.begin()->first <= now) {
    auto found = calls.find(deadlines.begin()->second);
    deadlines.erase(deadlines.begin());
    auto done = std::move(found->second.done);
    calls.erase(found);
    done(base::fail(Errc::timeout, "the peer did not answer in time"));
  }
}

void Client::Impl::end_calls(const std::string& reason) {
  auto ending = std::move(calls);
  calls.clear();
  deadlines.clear();
  for (auto& [number, call] : ending) call.done(base::fail(Errc::closed, "the connection broke: " + reason));
}

void Client::Impl::shut_down() {
  stopping = true;
  pause.cancel();
  watch.cancel();
  if (link) link->close("stopped");  // its coroutine ends the calls
}

Client::Client(boost::asio::any_io_executor executor, const base::Log& log, ClientOptions options, OnPush on_push)
    : impl_(std::make_shared<Impl>(std::move(executor), log, std::move(options), std::move(on_push))) {}

Client::~Client() { impl_->shut_down(); }

void Client::start() { impl_->group.spawn("rpc client", Impl::run(impl_)); }
void Client::stop() { impl_->shut_down(); }
bool Client::connected() const { return impl_->link != nullptr && impl_->link->is_open(); }

base::Task<base::Result<std::string>> Client::call(std::string payload, milliseconds timeout) {
  auto impl = impl_;
  co_return co_await base::await_callback<base::Result<std::string>>(
      [&impl, &payload, timeout](Done done) { impl->call(payload, timeout, std::move(done)); });
}

void Client::call(std::string payload, milliseconds timeout, Done done) {
  impl_->call(payload, timeout, std::move(done));
}

}  // namespace chat::io::rpc
