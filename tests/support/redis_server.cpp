#include "tests/support/redis_server.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <csignal>
#include <stdexcept>

#include "tests/support/eventually.hpp"
#include "tests/support/free_port.hpp"

namespace chat::testing {
namespace {

constexpr std::chrono::seconds kLongest{20};

}  // namespace

RedisServer::RedisServer(std::string password, std::vector<std::string> more)
    : password_(std::move(password)), more_(std::move(more)) {
  // Another process can take the port between looking and starting.
  for (int attempt = 0; attempt < 5; ++attempt) {
    port_ = free_port();
    launch();
    if (eventually([this] { return answers() || !process_->running(); }, kLongest) && process_->running()) return;
  }
  throw std::runtime_error("Redis did not start");
}

void RedisServer::launch() {
  ChildOptions options{.arguments = {"redis-server", "--port", std::to_string(port_), "--bind", "127.0.0.1", "--save",
                                     "", "--appendonly", "no", "--dir", dir_.path().string()},
                       .environment = {},
                       .log_file = dir_.path() / "log",
                       .directory = {},
                       .user = {}};
  if (!password_.empty()) {
    options.arguments.push_back("--requirepass");
    options.arguments.push_back(password_);
  }
  options.arguments.insert(options.arguments.end(), more_.begin(), more_.end());
  process_ = std::make_unique<ChildProcess>(options);
}

bool RedisServer::answers() const {
  using boost::asio::ip::tcp;
  boost::asio::io_context io;
  tcp::socket socket(io);
  boost::system::error_code error;
  socket.connect({boost::asio::ip::address_v4::loopback(), port_}, error);
  if (error) return false;
  boost::asio::write(socket, boost::asio::buffer("PING\r\n", 6), error);
  char first = 0;
  if (!error) socket.read_some(boost::asio::buffer(&first, 1), error);
  return !error && (first == '+' || first == '-');  // -NOAUTH is an answer too
}

io::redis::Options RedisServer::options() const {
  io::redis::Options options;
  options.where = host_port();
  options.password = password_;
  return options;
}

void RedisServer::kill9() { process_.reset(); }

void RedisServer::start() {
  launch();
  if (!eventually([this] { return answers(); }, kLongest)) throw std::runtime_error("Redis did not start again");
}

void RedisServer::pause() { process_->signal(SIGSTOP); }
void RedisServer::resume() { process_->signal(SIGCONT); }

}  // namespace chat::testing
