#include <unordered_set>
#include <vector>

#include "dataplane/base/tcp.hpp"
#include "dataplane/io/rpc/channel.hpp"
#include "dataplane/io/rpc/frame_link.hpp"
#include "dataplane/io/tls/handshake.hpp"
#include "dataplane/io/tls/handshake_slots.hpp"

namespace chat::io::rpc {
namespace {

using boost::asio::ip::tcp;
using std::chrono::steady_clock;

constexpr std::size_t kMostPeers = 4096;
constexpr std::size_t kMostQueuedBytes = 64 * 1024 * 1024;  // of one peer

}  // namespace

struct Peer::Impl {
  explicit Impl(std::shared_ptr<FrameLink> its_link) : link(std::move(its_link)) {}

  void send(std::uint64_t call, std::string_view payload) const {
    if (link->queued_bytes() + payload.size() > kMostQueuedBytes) return link->close("the peer does not read");
    if (payload.size() + sizeof call > kMaxFrameBytes) return link->close("an answer too large for a frame");
    link->send(call, payload);
  }

  std::shared_ptr<FrameLink> link;
  std::size_t unanswered = 0;
};

void Peer::answer(std::uint64_t call, std::string payload) const {
  if (impl_->unanswered > 0) --impl_->unanswered;
  impl_->send(call, payload);
}

void Peer::push(const std::string& payload) const { impl_->send(0, payload); }

struct Server::State : std::enable_shared_from_this<Server::State> {
  State(const boost::asio::any_io_executor& its_executor, const base::Log& its_log, OnCall its_on_call)
      : executor(its_executor),
        log(its_log),
        on_call(std::move(its_on_call)),
        group(its_executor),
        changed(its_executor) {}

  static base::Task<> accept(std::shared_ptr<State> self, std::shared_ptr<tcp::acceptor> acceptor,
                             const tls::Source* secure);
  static base::Task<> admit(std::shared_ptr<State> self, tls::Stream stream);
  static base::Task<> serve(std::shared_ptr<State> self, tls::Stream stream);
  [[nodiscard]] bool drained() const;
  void stop_listening();
  void close_all();

  boost::asio::any_io_executor executor;
  const base::Log& log;  // not used once stopping, nor is on_call: their owner may have gone
  OnCall on_call;
  std::vector<std::shared_ptr<tcp::acceptor>> acceptors;  // shared with their coroutines
  std::unordered_set<std::shared_ptr<Peer::Impl>> peers;
  tls::HandshakeSlots handshakes;
  bool stopping = false;
  base::TaskGroup group;
  boost::asio::steady_timer changed;  // cancelled when drained() may have turned true
};

base::Task<> Server::State::accept(std::shared_ptr<State> self, std::shared_ptr<tcp::acceptor> acceptor,
                                   const tls::Source* secure) {
  while (!self->stopping) {
    auto socket = co_await base::accept_tcp(*acceptor);
    if (!socket || self->stopping) break;
    if (self->peers.size() >= kMostPeers) continue;  // closed by going out of scope
    if (secure == nullptr) {
      self->group.spawn("rpc peer", serve(self, std::move(*socket)));
    } else {
      self->group.spawn("rpc handshake", admit(self, tls::Stream(std::move(*socket), secure->context())));
    }
  }
}

base::Task<> Server::State::admit(std::shared_ptr<State> self, tls::Stream stream) {
  const auto now = steady_clock::now();
  auto slot = self->handshakes.take(now, [&stream] {
    boost::system::error_code ignored;
    stream.socket().close(ignored);
  });
  if (!slot) co_return;
  const auto deadline = now + tls::kHandshakeTime;
  auto shaken = co_await tls::handshake(stream, deadline);
  slot.reset();
  if (self->stopping) co_return;
  if (!shaken) {
    self->log.warn("rpc_peer_refused", {{"reason", shaken.error().message}});
  } else if (self->peers.size() < kMostPeers) {
    self->group.spawn("rpc peer", serve(self, std::move(stream)));
  }
}

base::Task<> Server::State::serve(std::shared_ptr<State> self, tls::Stream stream) {
  auto on_drained = [weak = std::weak_ptr(self)] {
    if (auto state = weak.lock(); state && state->stopping) state->changed.cancel();
  };
  auto link = std::make_shared<FrameLink>(std::move(stream), on_drained);
  auto impl = std::make_shared<Peer::Impl>(link);
  Peer peer(impl);
  self->peers.insert(impl);
  auto reason = co_await link->run([&self, &impl, &peer](std::uint64_t call, std::string_view payload) {
    if (self->stopping) return;
    if (call != 0) ++impl->unanswered;
    self->on_call(peer, call, payload);
  });
  self->peers.erase(impl);
  self->changed.cancel();
  if (!self->stopping) self->log.info("rpc_peer_gone", {{"reason", reason}});
}

bool Server::State::drained() const {
  for (const auto& peer : peers) {
    if (peer->link->is_open() && (peer->unanswered > 0 || peer->link->queued_bytes() > 0)) return false;
  }
  return true;
}

void Server::State::stop_listening() {
  stopping = true;
  boost::system::error_code ignored;
  for (auto& acceptor : acceptors) acceptor->close(ignored);
}

void Server::State::close_all() {
  stop_listening();
  for (const auto& peer : peers) peer->link->close("stopped");
}

Server::Server(boost::asio::any_io_executor executor, const base::Log& log, OnCall on_call)
    : state_(std::make_shared<State>(executor, log, std::move(on_call))) {}

Server::~Server() { state_->close_all(); }

base::Result<std::uint16_t> Server::listen(const base::HostPort& where, const tls::Source* secure) {
  auto acceptor = base::listen_tcp(state_->executor, where, false);
  if (!acceptor) return base::fail(std::move(acceptor).error());
  auto shared = std::make_shared<tcp::acceptor>(std::move(*acceptor));
  state_->acceptors.push_back(shared);
  state_->group.spawn("rpc accept", State::accept(state_, shared, secure));
  return shared->local_endpoint().port();
}

void Server::push_to_all(const std::string& payload) {
  for (const auto& peer : state_->peers) peer->send(0, payload);
}

std::size_t Server::peers() const { return state_->peers.size(); }

base::Task<> Server::stop(std::chrono::milliseconds grace) {
  auto state = state_;
  auto deadline = steady_clock::now() + grace;
  state->stop_listening();
  while (!state->drained() && steady_clock::now() < deadline) co_await base::sleep_until(state->changed, deadline);
  // Closing with unread calls in the socket would reset the connection, and the last answers be lost with it.
  for (const auto& peer : state->peers) peer->link->end_sending();
  bool idle = co_await state->group.idle(deadline);
  if (idle) co_return;
  state->close_all();
  (void)co_await state->group.idle(steady_clock::now() + std::chrono::seconds(1));
}

}  // namespace chat::io::rpc
