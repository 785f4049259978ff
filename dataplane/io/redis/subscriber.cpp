#include <hiredis/hiredis.h>

#include <random>
#include <unordered_set>

#include "dataplane/base/backoff.hpp"
#include "dataplane/base/callback.hpp"
#include "dataplane/base/secret_file.hpp"
#include "dataplane/io/redis/client.hpp"
#include "dataplane/io/redis/link.hpp"
#include "dataplane/io/tls/handshake.hpp"

namespace chat::io::redis {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kChannelsPerCommand = 500;  // when all are subscribed again
constexpr std::size_t kMostQueuedBytes = 64 * 1024 * 1024;
constexpr milliseconds kTick{250};
constexpr milliseconds kPingEvery{500};
constexpr milliseconds kSilence{2000};  // with the two above: a dead connection is noticed within 3 s

// Looks up what a message names without making a string of it.
struct ChannelHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view channel) const { return std::hash<std::string_view>()(channel); }
};

std::string_view text_of(const redisReply& reply) {
  if (reply.str == nullptr) return {};
  return {reply.str, static_cast<std::size_t>(reply.len)};
}

}  // namespace

struct Subscriber::Impl : std::enable_shared_from_this<Subscriber::Impl> {
  struct Waiter {
    std::uint64_t until;  // confirmations
    std::function<void(base::Status)> done;
  };

  Impl(boost::asio::any_io_executor executor, const base::Log& its_log, Options its_options)
      : log(its_log), options(std::move(its_options)), group(executor), pause(executor) {}

  static base::Task<> run(std::shared_ptr<Impl> self);
  static base::Task<> heartbeat(std::shared_ptr<Impl> self, std::shared_ptr<Link> its_link);
  base::Task<> serve(tls::Stream stream);
  void greet();
  void take(const redisReply& reply);
  void take_greeting(const redisReply& reply);
  void send(std::string_view command, std::span<const std::string> names);
  void subscribe_all();
  void confirmed_one();
  void lost(const std::string& reason);
  void shut_down();

  const base::Log& log;  // not used after shut_down(), like the three callbacks: their owner may have gone
  Options options;
  OnMessage on_message;
  std::function<void()> on_ready;
  std::function<void()> on_lost;
  base::TaskGroup group;
  boost::asio::steady_timer pause;
  std::shared_ptr<Link> link;  // shared with its own reads and writes
  std::unordered_set<std::string, ChannelHash, std::equal_to<>> wanted;
  unsigned greetings = 0;  // answers that are due before anything may be subscribed
  bool greeted = false;
  bool ready = false;           // what was wanted when the link came up is subscribed
  std::uint64_t asked = 0;      // (un)subscriptions sent over this link
  std::uint64_t confirmed = 0;  // and confirmed, in the same order
  std::uint64_t ready_at = 0;
  std::vector<Waiter> waiters;  // at most one for each settled() in progress
  base::SteadyTime heard;       // when the server last said anything
  base::SteadyTime pinged;
  bool stopping = false;
  std::minstd_rand random{std::random_device{}()};
};

base::Task<> Subscriber::Impl::run(std::shared_ptr<Impl> self) {
  unsigned attempt = 0;
  while (!self->stopping) {
    auto deadline = steady_clock::now() + self->options.connect_timeout;
    auto stream = co_await tls::connect(self->options.where, self->options.secure, deadline);
    if (self->stopping) break;
    if (stream) {
      co_await self->serve(std::move(*stream));
      if (self->greeted) attempt = 0;
    }
    if (self->stopping) break;
    auto jitter = std::uniform_real_distribution<double>(0, 1)(self->random);
    auto wait = base::backoff(attempt++, jitter, milliseconds(50), milliseconds(1000));
    co_await base::sleep_until(self->pause, steady_clock::now() + wait);
  }
}

base::Task<> Subscriber::Impl::serve(tls::Stream stream) {
  link = std::make_shared<Link>(std::move(stream));
  greeted = ready = false;
  asked = confirmed = 0;
  heard = pinged = steady_clock::now();
  greet();
  group.spawn("redis subscriber heartbeat", heartbeat(shared_from_this(), link));
  auto reason = co_await link->run([this](const redisReply& reply) { take(reply); });
  link.reset();
  lost(reason);
}

void Subscriber::Impl::greet() {
  greetings = 1;
  const auto password = base::read_secret_again(options.password_file, options.password);
  if (!password.empty()) {
    ++greetings;
    const std::string_view auth[] = {"AUTH", password};
    link->send(auth);
  }
  const std::string_view ping[] = {"PING"};
  link->send(ping);
}

void Subscriber::Impl::take_greeting(const redisReply& reply) {
  if (reply.type == REDIS_REPLY_ERROR) return link->close(std::string(text_of(reply)));
  if (--greetings > 0) return;
  greeted = true;
  subscribe_all();
}

void Subscriber::Impl::subscribe_all() {
  std::vector<std::string> names(wanted.begin(), wanted.end());
  for (std::size_t at = 0; at < names.size(); at += kChannelsPerCommand) {
    auto count = std::min(kChannelsPerCommand, names.size() - at);
    send("SUBSCRIBE", std::span(names).subspan(at, count));
  }
  ready_at = asked;
  if (ready_at > 0) return;
  ready = true;
  on_ready();
}

void Subscriber::Impl::send(std::string_view command, std::span<const std::string> names) {
  std::vector<std::string_view> arguments{command};
  arguments.insert(arguments.end(), names.begin(), names.end());
  link->send(arguments);
  asked += names.size();
  // The link is rebuilt with one command for many channels: cheaper than a queue that does not drain.
  if (link->queued_bytes() > kMostQueuedBytes) link->close("the server does not read");
}

void Subscriber::Impl::take(const redisReply& reply) {
  heard = steady_clock::now();
  if (!greeted) return take_greeting(reply);
  if (reply.type == REDIS_REPLY_ERROR) return link->close(std::string(text_of(reply)));
  if (reply.type != REDIS_REPLY_ARRAY || reply.elements == 0) return;  // PONG, while nothing is subscribed
  auto kind = text_of(*reply.element[0]);
  if (kind == "message" && reply.elements == 3) {
    auto channel = text_of(*reply.element[1]);
    if (!wanted.contains(channel)) return;  // on its way when it was unsubscribed
    return on_message(channel, text_of(*reply.element[2]));
  }
  if (kind == "subscribe" || kind == "unsubscribe") confirmed_one();
}

void Subscriber::Impl::confirmed_one() {
  ++confirmed;
  if (!ready && confirmed >= ready_at) {
    ready = true;
    log.info("redis_subscribed", {{"channels", wanted.size()}});
    on_ready();
  }
  std::vector<Waiter> settled;
  for (auto& waiter : waiters) {
    if (waiter.until <= confirmed) settled.push_back(std::move(waiter));
  }
  if (settled.empty()) return;
  std::erase_if(waiters, [this](const Waiter& waiter) { return waiter.until <= confirmed; });
  for (auto& waiter : settled) waiter.done({});
}

void Subscriber::Impl::lost(const std::string& reason) {
  bool was_ready = ready;
  ready = false;
  auto ending = std::move(waiters);
  waiters.clear();
  for (auto& waiter : ending) waiter.done(base::fail(Errc::not_connected, "Redis: " + reason));
  if (stopping || !was_ready) return;
  log.warn("redis_subscriptions_lost", {{"reason", reason}});
  on_lost();
}

base::Task<> Subscriber::Impl::heartbeat(std::shared_ptr<Impl> self, std::shared_ptr<Link> its_link) {
  boost::asio::steady_timer timer(self->pause.get_executor());
  while (its_link->is_open()) {
    co_await base::sleep_until(timer, steady_clock::now() + kTick);
    if (!its_link->is_open()) break;
    auto now = steady_clock::now();
    if (now - self->heard > kSilence) {
      its_link->close("no answer to PING");
    } else if (self->greeted && now - self->pinged >= kPingEvery) {
      self->pinged = now;
      const std::string_view ping[] = {"PING"};
      its_link->send(ping);
    }
  }
}

void Subscriber::Impl::shut_down() {
  stopping = true;
  pause.cancel();
  if (link) link->close("stopped");
}

Subscriber::Subscriber(boost::asio::any_io_executor executor, const base::Log& log, Options options,
                       OnMessage on_message, std::function<void()> on_ready, std::function<void()> on_lost)
    : impl_(std::make_shared<Impl>(std::move(executor), log, std::move(options))) {
  impl_->on_message = std::move(on_message);
  impl_->on_ready = on_ready ? std::move(on_ready) : [] {};
  impl_->on_lost = on_lost ? std::move(on_lost) : [] {};
}

Subscriber::~Subscriber() { impl_->shut_down(); }

void Subscriber::start() { impl_->group.spawn("redis subscriber", Impl::run(impl_)); }

base::Task<> Subscriber::stop() {
  auto impl = impl_;
  impl->shut_down();
  auto longest = steady_clock::now() + impl->options.connect_timeout + milliseconds(1000);
  (void)co_await impl->group.idle(longest);
}

void Subscriber::subscribe(const std::string& channel) {
  if (!impl_->wanted.insert(channel).second) return;
  if (impl_->link && impl_->greeted) impl_->send("SUBSCRIBE", std::span(&channel, 1));
}

void Subscriber::unsubscribe(const std::string& channel) {
  std::string name = channel;  // may be a view of the very entry that goes
  if (impl_->wanted.erase(name) == 0) return;
  if (impl_->link && impl_->greeted) impl_->send("UNSUBSCRIBE", std::span(&name, 1));
}

bool Subscriber::connected() const { return impl_->ready; }

base::Task<base::Status> Subscriber::settled() {
  auto impl = impl_;
  if (!impl->link || !impl->link->is_open() || !impl->greeted)
    co_return base::fail(Errc::not_connected, "Redis is not connected");
  if (impl->confirmed >= impl->asked) co_return base::Status{};
  co_return co_await base::await_callback<base::Status>([&impl](std::function<void(base::Status)> done) {
    impl->waiters.push_back({impl->asked, std::move(done)});
  });
}

}  // namespace chat::io::redis
