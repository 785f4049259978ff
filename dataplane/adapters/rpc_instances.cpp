#include "dataplane/adapters/rpc_instances.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "dataplane/base/backoff.hpp"
#include "dataplane/domain/errors.hpp"
#include "dataplane/protocol/convert.hpp"

namespace chat::adapters {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kHeartbeatEvery{1000};
constexpr milliseconds kHeartbeatTimeout{2500};  // with the above: a frozen instance costs a call at most 3.5 s
constexpr milliseconds kFirstBackoff{10};
constexpr milliseconds kMostBackoff{500};

base::Error unavailable(const std::string& why) {
  return {make_error_code(domain::Errc::unavailable), "chat-messages can not be reached: " + why, milliseconds(1000)};
}

bool same(const base::HostPort& a, const base::HostPort& b) { return a.host == b.host && a.port == b.port; }

}  // namespace

RpcInstances::RpcInstances(boost::asio::any_io_executor executor, const base::Log& log, io::rpc::Client::OnPush on_push,
                           const io::tls::Source* secure)
    : executor_(std::move(executor)), log_(log), on_push_(std::move(on_push)), secure_(secure), heart_(executor_) {}

void RpcInstances::update(const std::vector<domain::MessagesEntry>& entries) {
  if (stopped_) return;
  std::erase_if(instances_, [&](const auto& instance) {
    return std::none_of(entries.begin(), entries.end(), [&](const auto& entry) {
      return entry.name == instance.first && same(entry.address, instance.second.address);
    });
  });
  for (const auto& entry : entries) {
    if (instances_.contains(entry.name)) continue;
    auto& instance = instances_[entry.name];
    instance.address = entry.address;
    connect(instance);
  }
  if (heart_.expiry() <= steady_clock::now()) beat_later();
}

void RpcInstances::connect(Instance& instance) {
  io::rpc::ClientOptions options;
  options.where = instance.address;
  options.secure = secure_;
  instance.connection = ++connections_;
  instance.beating = false;
  instance.client = std::make_unique<io::rpc::Client>(executor_, log_, options, on_push_);
  instance.client->start();
}

void RpcInstances::beat_later() {
  heart_.expires_after(kHeartbeatEvery);
  heart_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    auto self = weak.lock();
    if (error || !self || self->stopped_) return;
    self->beat();
    self->beat_later();
  });
}

void RpcInstances::beat() {
  pb::Request request;
  request.mutable_time();
  const auto payload = request.SerializeAsString();
  for (auto& [name, instance] : instances_) {
    if (instance.beating || !instance.client->connected()) continue;
    instance.beating = true;
    instance.client->call(payload, kHeartbeatTimeout,
                          [weak = weak_from_this(), name = name, connection = instance.connection](const auto& answer) {
                            auto self = weak.lock();
                            const bool silent = !answer && answer.error().code == io::rpc::Errc::timeout;
                            // Posted: a client is not replaced from inside its own callback.
                            if (self)
                              boost::asio::post(self->executor_, [self, name, connection, silent] {
                                self->beaten(name, connection, !silent);
                              });
                          });
  }
}

void RpcInstances::beaten(const std::string& name, std::uint64_t connection, bool answered) {
  auto found = instances_.find(name);
  if (found == instances_.end() || found->second.connection != connection) return;
  auto& instance = found->second;
  instance.beating = false;
  instance.suspect = !answered;
  if (answered) return;
  log_.warn("messages_instance_silent", {{"instance", name}});
  connect(instance);
}

void RpcInstances::stop() {
  stopped_ = true;
  heart_.cancel();
  instances_.clear();
}

bool RpcInstances::reachable() const {
  return std::any_of(instances_.begin(), instances_.end(),
                     [](const auto& item) { return item.second.client->connected(); });
}

void RpcInstances::call(std::uint16_t bucket, std::string request, milliseconds timeout, Done done) {
  auto call = std::make_shared<Call>();  // shared with the try that is under way
  call->bucket = bucket;
  call->request = std::move(request);
  call->deadline = steady_clock::now() + timeout;
  call->done = std::move(done);
  call->failure = unavailable("no instance is connected");
  attempt(std::move(call));
}

// The best connected one by rendezvous; one that failed this call, or missed a heartbeat, only where there is no other.
RpcInstances::Instance* RpcInstances::choose(const Call& call, std::string& name) {
  std::vector<std::string> good;
  std::vector<std::string> doubtful;
  for (const auto& [candidate, instance] : instances_) {
    if (!instance.client->connected()) continue;
    const bool doubt = candidate == call.avoid || instance.suspect;
    (doubt ? doubtful : good).push_back(candidate);
  }
  const auto& names = good.empty() ? doubtful : good;
  if (names.empty()) return nullptr;
  name = names[domain::rendezvous(call.bucket, names)];
  return &instances_.at(name);
}

void RpcInstances::attempt(std::shared_ptr<Call> call) {
  const auto left = std::chrono::duration_cast<milliseconds>(call->deadline - steady_clock::now());
  if (stopped_ || left.count() <= 0) {
    boost::asio::post(executor_, [call = std::move(call)] { call->done(base::fail(std::move(call->failure))); });
    return;
  }
  std::string name;
  auto* instance = choose(*call, name);
  if (instance == nullptr) return later(std::move(call), {});
  instance->client->call(call->request, left,
                         [self = shared_from_this(), call, name](base::Result<std::string> answer) {
                           self->answered(call, name, std::move(answer));
                         });
}

void RpcInstances::answered(const std::shared_ptr<Call>& call, const std::string& name,
                            base::Result<std::string> answer) {
  if (!answer) {
    call->avoid = name;
    call->failure = unavailable(answer.error().message);
    if (answer.error().code == io::rpc::Errc::too_large) {
      return call->done(base::fail(domain::Errc::too_large, "this call is too large"));
    }
    return later(call, {});
  }
  pb::Reply reply;
  if (!reply.ParseFromString(*answer)) {
    call->failure = unavailable("an answer that is not one");
    return call->done(base::fail(call->failure));
  }
  if (!reply.has_error()) return call->done(std::move(reply));
  auto error = protocol::from_pb(reply.error());
  if (error.code != domain::Errc::unavailable) return call->done(base::fail(std::move(error)));
  call->avoid = name;
  call->failure = std::move(error);
  later(call, call->failure.retry_after);
}

void RpcInstances::later(std::shared_ptr<Call> call, milliseconds at_least) {
  const auto jitter = std::uniform_real_distribution<double>(0, 1)(random_);
  const auto wait = std::max(at_least, base::backoff(call->tries++, jitter, kFirstBackoff, kMostBackoff));
  const auto when = steady_clock::now() + wait;
  if (stopped_ || when >= call->deadline) {
    // No other try fits into its time: waiting would only delay the news.
    boost::asio::post(executor_, [call = std::move(call)] { call->done(base::fail(std::move(call->failure))); });
    return;
  }
  auto timer = std::make_shared<boost::asio::steady_timer>(executor_, when);
  timer->async_wait([self = shared_from_this(), call = std::move(call), timer](const boost::system::error_code&) {
    self->attempt(call);
  });
}

}  // namespace chat::adapters
