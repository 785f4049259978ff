#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <string>
#include <string_view>

namespace chat::bench {

// A client's WebSocket that costs little: it waits for readability, takes what is there in one call into a buffer that
// all share, and looks only at the frames' heads. The load tool has to leave the processor to the servers, which
// Beast's client, with its copy and its completion a frame, does not.
//
// Everything that is not as the protocol wants it ends the program with a sentence: a figure from a broken run is worth
// nothing. One thread.
class Socket {
 public:
  using OnFrame = std::function<void(std::string_view text)>;

  Socket(boost::asio::io_context& io, OnFrame on_frame) : socket_(io), on_frame_(std::move(on_frame)) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // Connects and asks for the upgrade; what comes then, `ready` first, goes to on_frame.
  void open(const boost::asio::ip::tcp::endpoint& endpoint, const std::string& token);
  void send(std::string_view text);
  void close();
  // Bytes that came as frames, their heads included.
  [[nodiscard]] std::size_t received() const { return received_; }

 private:
  void upgrade(const std::string& token);
  void wait();
  void read();
  std::size_t take(std::string_view bytes);
  std::size_t take_upgrade(std::string_view bytes);
  std::size_t take_frame(std::string_view bytes);
  void write(std::string_view bytes);

  boost::asio::ip::tcp::socket socket_;
  OnFrame on_frame_;
  std::string rest_;  // of a frame that is not complete
  std::size_t received_ = 0;
  bool upgraded_ = false;
  bool closed_ = false;
};

[[noreturn]] void give_up(std::string_view why);

}  // namespace chat::bench
