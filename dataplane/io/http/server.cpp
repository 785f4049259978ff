#include "dataplane/io/http/server.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <optional>
#include <unordered_set>
#include <vector>

#include "dataplane/base/open_files.hpp"
#include "dataplane/base/tcp.hpp"
#include "dataplane/io/http/connection.hpp"
#include "dataplane/io/http/problem.hpp"
#include "dataplane/io/tls/handshake_slots.hpp"

namespace chat::io::http {
namespace {

using boost::asio::ip::tcp;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kHandshakesPause{10};
constexpr std::size_t kMostTurnedAway = 32;  // at a time; more are closed without a word

bool wants_websocket(const Request& request) {
  return boost::beast::http::token_list(request[field::upgrade]).exists("websocket") &&
         boost::beast::http::token_list(request[field::connection]).exists("upgrade");
}

boost::asio::ip::address address_of(const tcp::endpoint& endpoint) {
  auto address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
  return address;
}

}  // namespace

struct Server::State : std::enable_shared_from_this<Server::State> {
  State(const boost::asio::any_io_executor& its_executor, const base::Log& its_log, ServerLimits its_limits)
      : executor(its_executor), log(its_log), limits(its_limits), fewer_unread(its_executor), group(its_executor) {}

  struct Listener {
    tcp::acceptor acceptor;
    const tls::Source* secure;
    tls::Stream stream(tcp::socket socket) const {
      return secure != nullptr ? tls::Stream(std::move(socket), secure->context()) : tls::Stream(std::move(socket));
    }
  };

  // Counts a connection for as long as its coroutine lives.
  struct Counted {
    explicit Counted(State& its_state) : state(its_state) { ++state.count; }
    ~Counted() { --state.count; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    State& state;
  };
  // And one whose first request is still to come, for as long as it is.
  struct Unread {
    explicit Unread(State& its_state) : state(its_state) { ++state.unread; }
    ~Unread() {
      --state.unread;
      state.silent = std::min(state.silent, state.unread);
      if (state.may_accept()) state.fewer_unread.cancel();
    }
    Unread(const Unread&) = delete;
    Unread& operator=(const Unread&) = delete;
    State& state;
  };

  static base::Task<> accept(std::shared_ptr<State> self, std::shared_ptr<Listener> listener);
  static base::Task<> serve(std::shared_ptr<State> self, tls::Stream stream, Peer peer);
  static base::Task<> run_upgraded(std::shared_ptr<State> self, tls::Stream stream, Request request, Peer peer);
  base::Task<> room_for_handshakes();
  base::Task<> room_for_unread();
  [[nodiscard]] bool may_accept() const { return limits.unread == 0 || unread - silent < limits.unread; }
  static base::Task<> turn_away(std::shared_ptr<State> self, tls::Stream stream);
  base::Task<> converse(std::shared_ptr<Connection> connection, Peer peer, std::optional<Unread>& unread_yet);
  bool leaves_no_file(tcp::socket& socket);
  base::Task<bool> answer(std::shared_ptr<Connection> connection, Request request, Peer peer);
  base::Task<> refuse(std::shared_ptr<Connection> connection, Response response);
  void start_accepting(const std::shared_ptr<Listener>& listener);
  void stop_accepting();
  void close_all();

  boost::asio::any_io_executor executor;
  const base::Log& log;
  ServerLimits limits;
  Handler handler;
  UpgradeHandler upgrade;
  Room room;
  std::vector<std::shared_ptr<Listener>> listeners;             // shared with their coroutines
  std::unordered_set<std::shared_ptr<Connection>> connections;  // shared with theirs; without those handed over
  std::size_t count = 0;                                        // with those handed over
  base::FileShortage shortage;
  tls::HandshakeSlots handshakes;
  std::size_t turned_away = 0;  // those whose refusal is under way
  std::size_t unread = 0;
  std::size_t silent = 0;                  // of those: they had their time
  boost::asio::steady_timer fewer_unread;  // waited for by the listeners
  bool stopping = false;
  base::TaskGroup group;
};

void Server::State::start_accepting(const std::shared_ptr<Listener>& listener) {
  group.spawn("http accept", accept(shared_from_this(), listener));
}

base::Task<> Server::State::accept(std::shared_ptr<State> self, std::shared_ptr<Listener> listener) {
  while (!self->stopping) {
    if (self->room) co_await self->room();
    if (listener->secure != nullptr) co_await self->room_for_handshakes();
    if (!self->may_accept()) co_await self->room_for_unread();
    auto socket = co_await base::accept_tcp(listener->acceptor, &self->shortage);
    if (!socket || self->stopping) break;
    boost::system::error_code error;
    auto endpoint = socket->remote_endpoint(error);
    if (error) continue;                                    // gone already
    if (self->count >= self->limits.connections) continue;  // closed by going out of scope
    if (self->leaves_no_file(*socket)) {
      if (self->turned_away < kMostTurnedAway)
        self->group.spawn("http turned away", turn_away(self, listener->stream(std::move(*socket))));
      continue;
    }
    Peer peer{address_of(endpoint)};
    self->group.spawn("http connection", serve(self, listener->stream(std::move(*socket)), std::move(peer)));
  }
}

base::Task<> Server::State::room_for_handshakes() {
  boost::asio::steady_timer pause(executor);
  while (!stopping && handshakes.full(steady_clock::now())) {
    const auto when = steady_clock::now() + kHandshakesPause;
    co_await base::sleep_until(pause, when);
  }
}

base::Task<> Server::State::room_for_unread() {
  const auto when = steady_clock::now() + limits.unread_pause;
  if (co_await base::sleep_until(fewer_unread, when)) silent = unread;
}

// The kernel gives the lowest number that is free: one so high says that all below it are taken.
bool Server::State::leaves_no_file(tcp::socket& socket) {
  if (!limits.leaves_files) return false;
  if (static_cast<std::size_t>(socket.native_handle()) < base::files_for_connections()) return false;
  shortage = {shortage.times + 1, steady_clock::now()};
  return true;
}

base::Task<> Server::State::turn_away(std::shared_ptr<State> self, tls::Stream stream) {
  ++self->turned_away;
  bool open = !stream.secure();
  auto connection = std::make_shared<Connection>(std::move(stream), self->limits);
  self->connections.insert(connection);
  if (!open) open = co_await connection->shake_hands(self->handshakes);
  auto response = problem(status::service_unavailable, "unavailable", "this server is full: try again, or another one");
  response.set(field::retry_after, "5");
  if (open) co_await self->refuse(connection, std::move(response));
  self->connections.erase(connection);
  connection->close();
  --self->turned_away;
}

base::Task<> Server::State::serve(std::shared_ptr<State> self, tls::Stream stream, Peer peer) {
  Counted counted(*self);
  std::optional<Unread> unread_yet(std::in_place, *self);
  bool open = !stream.secure();
  auto connection = std::make_shared<Connection>(std::move(stream), self->limits);
  self->connections.insert(connection);
  if (!open) open = co_await connection->shake_hands(self->handshakes);
  if (open) co_await self->converse(connection, std::move(peer), unread_yet);
  self->connections.erase(connection);
  connection->close();
}

base::Task<> Server::State::converse(std::shared_ptr<Connection> connection, Peer peer,
                                     std::optional<Unread>& unread_yet) {
  bool open = true;
  while (open) {
    auto next = co_await connection->read();
    unread_yet.reset();
    if (!next) {
      if (next.error()) co_await refuse(connection, std::move(*next.error()));
      open = false;
    } else if (upgrade && wants_websocket(*next)) {
      if (connection->has_read_ahead()) {
        auto response = problem(status::bad_request, "bad_request", "frames before the answer to the upgrade");
        co_await refuse(connection, std::move(response));
      } else if (!stopping) {
        // A coroutine of its own: this one's frame would live as long as the WebSocket.
        auto self = shared_from_this();
        group.spawn("http upgraded", run_upgraded(self, connection->take_stream(), std::move(*next), peer));
      }
      open = false;
    } else {
      open = co_await answer(connection, std::move(*next), peer);
    }
  }
}

base::Task<> Server::State::run_upgraded(std::shared_ptr<State> self, tls::Stream stream, Request request, Peer peer) {
  Counted counted(*self);
  co_await self->upgrade(std::move(stream), std::move(request), std::move(peer));
}

// False when the connection ends here.
base::Task<bool> Server::State::answer(std::shared_ptr<Connection> connection, Request request, Peer peer) {
  bool head = request.method() == verb::head;
  bool keep = request.keep_alive();
  auto version = request.version();
  Response response = co_await handler(std::move(request), std::move(peer));
  keep = keep && response.keep_alive() && !stopping;
  response.version(version);
  response.keep_alive(keep);
  if (!response.has_content_length() && !response.chunked()) response.prepare_payload();
  bool sent = co_await connection->write(response, head);
  co_return sent&& keep;
}

base::Task<> Server::State::refuse(std::shared_ptr<Connection> connection, Response response) {
  response.keep_alive(false);
  bool sent = co_await connection->write(response, false);
  if (sent) co_await connection->linger();
}

void Server::State::stop_accepting() {
  stopping = true;
  boost::system::error_code ignored;
  for (auto& listener : listeners) listener->acceptor.close(ignored);
  for (const auto& connection : connections) {
    if (connection->idle()) connection->close();
  }
}

void Server::State::close_all() {
  stop_accepting();
  for (const auto& connection : connections) connection->close();
}

Server::Server(boost::asio::any_io_executor executor, const base::Log& log, ServerLimits limits)
    : state_(std::make_shared<State>(executor, log, limits)) {}

Server::~Server() { state_->close_all(); }

base::Result<std::uint16_t> Server::listen(const base::HostPort& where, bool reuse_port, const tls::Source* secure) {
  auto acceptor = base::listen_tcp(state_->executor, where, reuse_port);
  if (!acceptor) return base::fail(std::move(acceptor).error());
  auto shared = std::make_shared<State::Listener>(State::Listener{std::move(*acceptor), secure});
  state_->listeners.push_back(shared);
  if (state_->handler) state_->start_accepting(shared);
  return shared->acceptor.local_endpoint().port();
}

void Server::serve(Handler handler, UpgradeHandler upgrade, Room room) {
  bool first = !state_->handler;
  state_->handler = std::move(handler);
  state_->upgrade = std::move(upgrade);
  state_->room = std::move(room);
  if (!first) return;
  for (const auto& listener : state_->listeners) state_->start_accepting(listener);
}

void Server::stop_accepting() { state_->stop_accepting(); }

base::Task<> Server::stop(std::chrono::milliseconds grace) {
  auto state = state_;
  state->stop_accepting();
  bool idle = co_await state->group.idle(steady_clock::now() + grace);
  if (idle) co_return;
  state->log.warn("http_requests_cut_short", {{"connections", state->count}});
  state->close_all();
  (void)co_await state->group.idle(steady_clock::now() + std::chrono::seconds(1));
}

std::size_t Server::connections() const { return state_->count; }
const base::FileShortage& Server::file_shortage() const { return state_->shortage; }

}  // namespace chat::io::http
