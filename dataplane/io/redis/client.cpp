#include "dataplane/io/redis/client.hpp"

#include <boost/asio/post.hpp>
#include <deque>
#include <random>

#include "dataplane/base/backoff.hpp"
#include "dataplane/base/callback.hpp"
#include "dataplane/base/secret_file.hpp"
#include "dataplane/io/redis/link.hpp"
#include "dataplane/io/redis/reply.hpp"
#include "dataplane/io/tls/handshake.hpp"

namespace chat::io::redis {
namespace {

using Done = std::function<void(base::Result<Reply>)>;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kMostQueuedBytes = 64 * 1024 * 1024;

}  // namespace

struct Client::Impl : std::enable_shared_from_this<Client::Impl> {
  struct InFlight {
    Done done;
    base::SteadyTime deadline;
  };

  Impl(boost::asio::any_io_executor its_executor, const base::Log& its_log, Options its_options)
      : executor(its_executor),
        log(its_log),
        options(std::move(its_options)),
        group(its_executor),
        pause(its_executor),
        watch(its_executor) {}

  static base::Task<> run(std::shared_ptr<Impl> self);
  base::Task<bool> serve(tls::Stream stream);
  void send(std::span<const std::string_view> arguments, Done done, milliseconds timeout);
  void greet();
  void take(const redisReply& reply);
  void arm_watch();
  void end_commands(const std::string& reason);
  void refuse(Done done, base::Error error) const;
  void shut_down();

  boost::asio::any_io_executor executor;
  const base::Log& log;  // not used after shut_down(): its owner may have gone
  Options options;
  base::TaskGroup group;
  boost::asio::steady_timer pause;  // between attempts to connect
  boost::asio::steady_timer watch;  // for the oldest command's deadline
  bool watch_armed = false;
  std::shared_ptr<Link> link;  // shared with its own reads and writes
  bool ready = false;          // the server has answered the greeting
  bool overdue = false;        // the link was given up because of a deadline
  bool stopping = false;
  std::string last_reason;         // why the last link ended
  std::deque<InFlight> in_flight;  // Redis answers in order
  std::minstd_rand random{std::random_device{}()};
};

base::Task<> Client::Impl::run(std::shared_ptr<Impl> self) {
  unsigned attempt = 0;
  bool said = false;  // one line for each outage
  while (!self->stopping) {
    auto deadline = steady_clock::now() + self->options.connect_timeout;
    auto stream = co_await tls::connect(self->options.where, self->options.secure, deadline);
    if (self->stopping) break;
    if (stream) {
      bool was_ready = co_await self->serve(std::move(*stream));
      if (self->stopping) break;
      if (was_ready) attempt = 0;
      said = said || was_ready;  // serve() said it then
    }
    const auto& reason = stream ? self->last_reason : stream.error().message;
    if (!said) self->log.warn("redis_unreachable", {{"reason", reason}});
    said = true;
    auto jitter = std::uniform_real_distribution<double>(0, 1)(self->random);
    auto wait = base::backoff(attempt++, jitter, milliseconds(50), milliseconds(1000));
    co_await base::sleep_until(self->pause, steady_clock::now() + wait);
  }
  self->end_commands("stopped");
}

// True when the server had answered the greeting.
base::Task<bool> Client::Impl::serve(tls::Stream stream) {
  link = std::make_shared<Link>(std::move(stream));
  greet();
  last_reason = co_await link->run([this](const redisReply& reply) { take(reply); });
  link.reset();
  bool was_ready = std::exchange(ready, false);
  if (!stopping && was_ready) log.warn("redis_lost", {{"reason", last_reason}});
  end_commands(last_reason);
  co_return was_ready;
}

// A server that is stopped still accepts connections: only an answer shows that it is there.
void Client::Impl::greet() {
  auto answered = [this, its = link.get()](bool last, const base::Result<Reply>& reply) {
    if (!reply) {
      if (reply.error().code == Errc::error_reply) its->close(reply.error().message);
      return;
    }
    if (!last) return;
    ready = true;
    log.info("redis_connected", {{"host", options.where.host}, {"port", options.where.port}});
  };
  const auto password = base::read_secret_again(options.password_file, options.password);
  if (!password.empty()) {
    const std::string_view auth[] = {"AUTH", password};
    send(
        auth, [answered](const base::Result<Reply>& reply) { answered(false, reply); }, options.connect_timeout);
  }
  const std::string_view ping[] = {"PING"};
  send(
      ping, [answered](const base::Result<Reply>& reply) { answered(true, reply); }, options.connect_timeout);
}

void Client::Impl::send(std::span<const std::string_view> arguments, Done done, milliseconds timeout) {
  link->send(arguments);
  in_flight.push_back({std::move(done), steady_clock::now() + timeout});
  arm_watch();
}

void Client::Impl::take(const redisReply& reply) {
  if (in_flight.empty()) return link->close("an answer without a command");
  auto done = std::move(in_flight.front().done);
  in_flight.pop_front();
  if (done) done(copy_reply(reply));
}

// One timer for all commands: it looks at the oldest, whose answer comes first.
void Client::Impl::arm_watch() {
  if (in_flight.empty() || (watch_armed && watch.expiry() <= in_flight.front().deadline)) return;
  watch_armed = true;
  watch.expires_at(in_flight.front().deadline);
  watch.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (error) return;  // armed anew for an earlier deadline, or shut down
    self->watch_armed = false;
    if (!self->link || self->in_flight.empty()) return;
    if (self->in_flight.front().deadline > steady_clock::now()) return self->arm_watch();
    self->overdue = true;
    self->link->close("no answer in time");
  });
}

void Client::Impl::end_commands(const std::string& reason) {
  auto code = overdue ? Errc::timeout : Errc::not_connected;
  overdue = false;
  auto ending = std::move(in_flight);
  in_flight.clear();
  for (auto& command : ending) {
    if (command.done) command.done(base::fail(code, "Redis: " + reason));
  }
}

void Client::Impl::refuse(Done done, base::Error error) const {
  if (!done) return;
  boost::asio::post(executor, [done = std::move(done), error = std::move(error)] { done(base::fail(error)); });
}

void Client::Impl::shut_down() {
  stopping = true;
  pause.cancel();
  watch.cancel();
  if (link) link->close("stopped");
}

Client::Client(boost::asio::any_io_executor executor, const base::Log& log, Options options)
    : impl_(std::make_shared<Impl>(std::move(executor), log, std::move(options))) {}

Client::~Client() { impl_->shut_down(); }

void Client::start() { impl_->group.spawn("redis client", Impl::run(impl_)); }

base::Task<> Client::stop() {
  auto impl = impl_;
  impl->shut_down();
  auto longest = steady_clock::now() + impl->options.connect_timeout + milliseconds(1000);
  (void)co_await impl->group.idle(longest);
}

bool Client::connected() const { return impl_->ready && impl_->link != nullptr; }

base::Task<base::Result<Reply>> Client::command(std::vector<std::string> arguments) {
  std::vector<std::string_view> views(arguments.begin(), arguments.end());
  co_return co_await base::await_callback<base::Result<Reply>>(
      [this, &views](Done done) { command(views, std::move(done)); });
}

void Client::command(const std::vector<std::string_view>& arguments, Done done) {
  if (!connected() || !impl_->link->is_open())
    return impl_->refuse(std::move(done), {Errc::not_connected, "Redis is not connected"});
  if (impl_->in_flight.size() >= impl_->options.max_in_flight || impl_->link->queued_bytes() > kMostQueuedBytes)
    return impl_->refuse(std::move(done), {Errc::full, "too many Redis commands are waiting", milliseconds(1000)});
  impl_->send(arguments, std::move(done), impl_->options.command_timeout);
}

}  // namespace chat::io::redis
