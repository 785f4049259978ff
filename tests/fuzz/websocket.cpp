// Somebody who speaks WebSocket as they like, on a real connection of a gateway: Beast's stream, the session, the hub.
// Whatever they send, in whatever pieces: what comes back are whole frames in order, and nothing of them is left
// behind.
#include <sys/socket.h>
#include <unistd.h>

#include <utility>  // before Asio, as in base/task.hpp

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "dataplane/gateway/connection.hpp"
#include "tests/dataplane/gateway/fakes.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/input.hpp"
#include "tests/fuzz/run_ready.hpp"
#include "tests/fuzz/websocket_peer.hpp"

namespace {

using namespace chat;
using gateway::CloseCode;
using testing::id_of;

const base::Ulid kAlice = id_of(1);
const base::Ulid kBob = id_of(2);
const base::Ulid kConversation = id_of(100);

// What a gateway is made of, but for what accepts sockets. Never destroyed: it ends with the process.
struct Gateway {
  boost::asio::io_context io;
  base::Log log{"fuzz", base::Level::error};
  base::SystemClock clock;
  base::Metrics registry;
  gateway::GatewayMetrics metrics{registry};
  domain::Router router{domain::ClusterMap{}};
  testing::FakeBus bus{io};
  testing::FakeMessages messages{bus, clock};
  testing::FakeTokens tokens;
  testing::FakePresence presence;
  testing::FakeLimiter limiter;
  gateway::Hub hub{{io.get_executor(), log, clock, messages, bus, metrics}, hub_options()};
  gateway::Turnstile turnstile{io.get_executor(), turnstile_options(), [] { return 0.0; }};
  base::TaskGroup tasks{io.get_executor()};
  gateway::SessionContext sessions{io.get_executor(),
                                   log,
                                   clock,
                                   router,
                                   messages,
                                   tokens,
                                   presence,
                                   limiter,
                                   hub,
                                   metrics,
                                   tasks,
                                   turnstile,
                                   "gateway-0",
                                   {},
                                   [](gateway::Session&) {}};
  int ended = 0;
  gateway::Connection::Shared shared{sessions, {}, [this](gateway::Connection&) { ++ended; }};

  Gateway() {
    tokens.identities["alice-token"] = {kAlice, "alice", "phone", id_of(200), INT64_MAX};
    bus.hear = [this](auto channel, auto event) { hub.on_bus(channel, event); };
  }
  static gateway::HubOptions hub_options() {
    gateway::HubOptions options;
    options.reorder = std::chrono::milliseconds(0);
    return options;
  }
  static gateway::TurnstileOptions turnstile_options() {  // nobody waits for a clock
    gateway::TurnstileOptions options;
    options.per_second = options.per_second_busy = options.burst = 1'000'000'000;
    return options;
  }
  void run() { chat::fuzz::run_ready(io); }
};

Gateway& one_gateway() {
  static auto* one = new Gateway;  // NOLINT(cppcoreguidelines-owning-memory): as it says
  return *one;
}

io::http::Request upgrade() {
  io::http::Request request(io::http::verb::get, "/v1/ws", 11);
  request.set(io::http::field::host, "chat.example.org");
  request.set(io::http::field::upgrade, "websocket");
  request.set(io::http::field::connection, "Upgrade");
  request.set(io::http::field::sec_websocket_key, "dGhlIHNhbXBsZSBub25jZQ==");
  request.set(io::http::field::sec_websocket_version, "13");
  return request;
}

base::Task<> serve(std::shared_ptr<gateway::Connection> connection) {
  auto request = upgrade();
  std::string no_subprotocol;
  if (co_await connection->accept(std::move(request), std::move(no_subprotocol))) connection->start({});
}

// What the client is shown: whole JSON, a conversation's revs without a gap, and none twice unless it asked to.
class Shown {
 public:
  void text(std::string_view text) {
    const auto frame = base::parse_json(text);
    FUZZ_CHECK(frame && frame->is_object() && frame->contains("type"));
    if (frame->at("type") == "conversation") last_ = -1;
    if (frame->at("type") != "message") return;
    const auto rev = frame->at("rev").get<std::int64_t>();
    FUZZ_CHECK(last_ < 0 || rev == last_ + 1 || (may_repeat && rev <= last_));
    last_ = rev;
  }
  bool may_repeat = false;

 private:
  std::int64_t last_ = -1;
};

class Client {
 public:
  Client(Gateway& at, chat::fuzz::Input input) : gateway_(at), input_(input), piece_(1U + input_.byte() * 16U) {
    std::array<int, 2> ends{};
    FUZZ_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) == 0);
    mine_ = ends[0];
    boost::asio::ip::tcp::socket socket(gateway_.io);
    socket.assign(boost::asio::ip::tcp::v4(), ends[1]);
    gateway_.messages.conversations.clear();
    gateway_.messages.create(kConversation, {kAlice, kBob}, false);
    gateway_.ended = 0;
    connection_ = gateway::Connection::make(std::move(socket), gateway_.shared, std::nullopt, "");
    boost::asio::co_spawn(gateway_.io, serve(connection_), boost::asio::detached);
    gateway_.run();
  }

  void talk() {
    const bool known = (input_.byte() & 1U) != 0;  // most inputs are to get past the first frame
    if (known) say(R"({"type":"auth","token":"alice-token","id":"a"})");
    while (!input_.empty()) step();
    read();
    ::close(mine_);
    gateway_.run();
    if (gateway_.ended == 0) {  // closing takes its time where the client did not answer as it should
      connection_->sweep(gateway_.clock.steady() + gateway_.shared.options.close_timeout + std::chrono::seconds(1));
      gateway_.run();
    }
    FUZZ_CHECK(gateway_.ended == 1);
    connection_.reset();
    FUZZ_CHECK(gateway_.hub.users() == 0 && gateway_.hub.conversations() == 0);
    FUZZ_CHECK(gateway_.tasks.size() == 0 && gateway_.bus.channels.empty());
  }

 private:
  void step() {
    const unsigned what = input_.byte();
    switch (what % 16) {
      case 0:
        shown_.may_repeat = true;
        return write(input_.take(input_.byte()));  // no frame at all, perhaps
      case 1: {
        shown_.may_repeat = true;
        const unsigned first = input_.byte();
        return write(chat::fuzz::client_frame(first, input_.take(input_.byte())));
      }
      case 2: {  // longer than anybody types
        const unsigned first = input_.byte();
        const auto filler = static_cast<char>(input_.byte());
        const std::size_t longer = input_.byte();  // squared: seldom long, and then past what two bytes of length hold
        return write(chat::fuzz::client_frame(first, std::string((longer + 1) * (longer + 2), filler)));
      }
      case 3:
        return say(R"({"type":"ping","id":"p"})");
      case 4:
        return say(R"({"type":"msg.send","id":"m","conversation_id":")" + kConversation.text() +
                   R"(","content":"hello","client_msg_id":"c)" + std::to_string(++sent_) + R"("})");
      case 5:
        shown_.may_repeat = true;
        return say(R"({"type":"sync","id":"s","conversations":{")" + kConversation.text() + R"(":0}})");
      case 6:
        return say(R"({"type":"receipt","conversation_id":")" + kConversation.text() +
                   R"(","seq":1,"rev":1,"kind":"read"})");
      case 7:  // the payload's own words, as text
        shown_.may_repeat = true;
        return say(input_.line());
      case 8:
        gateway_.messages.say(kConversation, kBob, "hi");
        return gateway_.run();
      case 9:
        if (member()) gateway_.messages.remove(kConversation, kAlice);
        return gateway_.run();
      case 10:
        if (!member()) gateway_.messages.add(kConversation, kAlice);
        return gateway_.run();
      case 11:
        connection_->session().finish(CloseCode::restart, "restarting");
        return gateway_.run();
      case 12:
        connection_->sweep(gateway_.clock.steady() + std::chrono::seconds(input_.byte()));
        return gateway_.run();
      case 13:
        return read();
      case 14:
        ::shutdown(mine_, SHUT_WR);
        return gateway_.run();
      default:
        gateway_.messages.say(kConversation, kBob, "not waited for");
        return;
    }
  }
  [[nodiscard]] bool member() const {
    return gateway_.messages.conversations.at(kConversation).members.contains(kAlice);
  }
  void say(std::string_view text) { write(chat::fuzz::client_frame(chat::fuzz::kFin | chat::fuzz::kText, text)); }

  void write(std::string_view bytes) {
    constexpr std::size_t kMostPieces = 64;
    const auto piece = std::max(piece_, bytes.size() / kMostPieces);
    for (int full = 0; !bytes.empty() && full < 2;) {
      const auto gone = ::send(mine_, bytes.data(), std::min(piece, bytes.size()), MSG_NOSIGNAL);
      gateway_.run();
      if (gone > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(gone));
      } else if (gone < 0 && errno == EAGAIN) {  // it is not read: what it waits for may be us
        ++full;
        read();
      } else {
        return;  // it has gone
      }
    }
  }
  void read() {
    std::array<char, 64 * 1024> part{};
    gateway_.run();
    for (;;) {
      const auto got = ::recv(mine_, part.data(), part.size(), 0);
      if (got <= 0) return;
      frames_.take({part.data(), static_cast<std::size_t>(got)});
      gateway_.run();
    }
  }

  Gateway& gateway_;
  chat::fuzz::Input input_;
  std::size_t piece_;
  int mine_ = -1;
  int sent_ = 0;
  std::shared_ptr<gateway::Connection> connection_;
  Shown shown_;
  chat::fuzz::ServerFrames frames_{[this](std::string_view text) { shown_.text(text); }};
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Client client(one_gateway(), {data, size});
  client.talk();
  return 0;
}
