#include <sys/socket.h>

#include "tests/bench/load/cases.hpp"
#include "tests/bench/load/samples.hpp"

namespace chat::bench {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

// The readers of the bare loop, as the readers of a gateway are: they wait, take what is there, count it. The first
// one asks for the next round when the last one has got its bytes.
class Bare {
 public:
  Bare(boost::asio::io_context& io, const Options& options) : io_(io), options_(options) {}
  base::Json run();

 private:
  void wait(std::size_t reader);
  void read(std::size_t reader);
  void next_round() {
    const char byte = 0;
    if (::send(sockets_[0].native_handle(), &byte, 1, MSG_NOSIGNAL) != 1) give_up("send to the bare loop");
  }
  void run_for(double seconds) {
    io_.run_for(std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds)));
  }

  boost::asio::io_context& io_;
  const Options& options_;
  std::vector<tcp::socket> sockets_;
  std::vector<char> buffer_ = std::vector<char>(256 * 1024);
  std::size_t bytes_ = 0;  // of this round
  bool sending_ = true;
  bool measuring_ = false;
  std::uint64_t rounds_ = 0;
};

void Bare::wait(std::size_t reader) {
  sockets_[reader].async_wait(tcp::socket::wait_read, [this, reader](const error_code& error) {
    if (!error) read(reader);
  });
}

void Bare::read(std::size_t reader) {
  const auto got = ::recv(sockets_[reader].native_handle(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
  if (got == 0) give_up("the bare loop closed a connection");
  if (got > 0) bytes_ += static_cast<std::size_t>(got);
  wait(reader);
  if (bytes_ < sockets_.size() * options_.bytes) return;
  if (bytes_ > sockets_.size() * options_.bytes) give_up("more bytes than were asked for");
  bytes_ = 0;
  if (measuring_) ++rounds_;
  if (sending_) next_round();
}

base::Json Bare::run() {
  for (std::size_t i = 0; i < options_.people; ++i) {
    sockets_.emplace_back(io_);
    sockets_.back().connect(options_.where);
    sockets_.back().set_option(tcp::no_delay(true));
  }
  for (std::size_t i = 0; i < sockets_.size(); ++i) wait(i);
  next_round();
  run_for(options_.warmup);
  measuring_ = true;
  mark("begin");
  run_for(options_.seconds);
  measuring_ = false;
  mark("end");
  sending_ = false;
  return {{"readers", sockets_.size()}, {"frame_bytes", options_.bytes}, {"sends", rounds_ * sockets_.size()}};
}

}  // namespace

base::Json run_bare(const Options& options) {
  boost::asio::io_context io{1};
  return Bare(io, options).run();
}

}  // namespace chat::bench
