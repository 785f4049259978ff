#include "tests/bench/load/socket.hpp"

#include <sys/socket.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <iostream>
#include <vector>

namespace chat::bench {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

// The key and its answer of RFC 6455, 1.3.
constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr const char* kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
constexpr std::array<char, 4> kMask = {'\x37', '\x5A', '\x21', '\x6D'};
constexpr std::size_t kReadBytes = 256 * 1024;

// One thread: what is not used up stays with its socket.
std::vector<char>& shared_buffer() {
  static std::vector<char> buffer(kReadBytes);
  return buffer;
}

}  // namespace

void give_up(std::string_view why) {
  std::cerr << "chat_load: " << why << std::endl;
  std::_Exit(1);
}

void Socket::open(const tcp::endpoint& endpoint, const std::string& token) {
  socket_.async_connect(endpoint, [this, token](const error_code& error) {
    if (error) give_up("connect: " + error.message());
    socket_.set_option(tcp::no_delay(true));
    upgrade(token);
    wait();
  });
}

void Socket::upgrade(const std::string& token) {
  std::string request = "GET /v1/ws HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
  request.append("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat.v1.json\r\nSec-WebSocket-Key: ");
  request.append(kKey).append("\r\nAuthorization: Bearer ").append(token).append("\r\n\r\n");
  write(request);
}

void Socket::write(std::string_view bytes) {
  const auto sent = ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent != static_cast<ssize_t>(bytes.size())) give_up(std::string("send: ") + std::strerror(errno));
}

void Socket::send(std::string_view text) {
  std::string frame;
  frame.reserve(text.size() + 8);
  frame += '\x81';
  if (text.size() < 126) {
    frame += static_cast<char>(0x80U | text.size());
  } else if (text.size() < 65536) {
    frame += '\xFE';
    frame += static_cast<char>(text.size() >> 8U);
    frame += static_cast<char>(text.size() & 0xFFU);
  } else {
    give_up("a frame that long is not what is measured here");
  }
  frame.append(kMask.data(), kMask.size());
  for (std::size_t i = 0; i < text.size(); ++i) frame += static_cast<char>(text[i] ^ kMask[i % 4]);
  write(frame);
}

void Socket::close() {
  closed_ = true;
  error_code ignored;
  socket_.close(ignored);
}

void Socket::wait() {
  socket_.async_wait(tcp::socket::wait_read, [this](const error_code& error) {
    if (closed_) return;
    if (error) give_up("wait: " + error.message());
    read();
  });
}

void Socket::read() {
  auto& buffer = shared_buffer();
  for (;;) {
    if (rest_.size() + kReadBytes / 2 > buffer.size()) give_up("a frame longer than the buffer");
    std::memcpy(buffer.data(), rest_.data(), rest_.size());
    const auto room = buffer.size() - rest_.size();
    const auto got = ::recv(socket_.native_handle(), buffer.data() + rest_.size(), room, MSG_DONTWAIT);
    if (got == 0) give_up("the server closed a connection");
    if (got < 0 && errno != EAGAIN && errno != EINTR) give_up(std::string("recv: ") + std::strerror(errno));
    if (got < 0) break;
    const std::string_view bytes(buffer.data(), rest_.size() + static_cast<std::size_t>(got));
    std::size_t used = 0;
    while (const auto more = take(bytes.substr(used))) used += more;
    rest_.assign(bytes.substr(used));
    if (static_cast<std::size_t>(got) < room || closed_) break;
  }
  if (!closed_) wait();
}

// How many bytes made one whole thing; 0: not all of it is there.
std::size_t Socket::take(std::string_view bytes) {
  if (bytes.empty() || closed_) return 0;
  return upgraded_ ? take_frame(bytes) : take_upgrade(bytes);
}

std::size_t Socket::take_upgrade(std::string_view bytes) {
  namespace http = boost::beast::http;
  http::response_parser<http::string_body> parser;
  parser.skip(true);
  error_code error;
  const auto used = parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
  if (error == http::error::need_more) return 0;
  if (error) give_up("the upgrade's answer: " + error.message());
  if (!parser.is_header_done()) return 0;
  const auto& response = parser.get();
  if (response.result() != http::status::switching_protocols || response[http::field::sec_websocket_accept] != kAccept)
    give_up("the upgrade was refused: " + std::to_string(response.result_int()));
  upgraded_ = true;
  return used;
}

std::size_t Socket::take_frame(std::string_view bytes) {
  if (bytes.size() < 2) return 0;
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); };
  std::size_t head = 2;
  std::size_t length = byte(1);
  if (length == 126) {
    head = 4;
    if (bytes.size() < head) return 0;
    length = std::size_t{byte(2)} << 8U | byte(3);
  } else if (length > 126) {
    give_up("a masked or an endless frame from the server");
  }
  if (bytes.size() < head + length) return 0;
  const auto payload = bytes.substr(head, length);
  if (byte(0) == 0x88)
    give_up("closed by the server: " + std::string(payload.substr(std::min<std::size_t>(2, length))));
  if (byte(0) != 0x81) give_up("a frame that is no whole text from the server");
  received_ += head + length;
  on_frame_(payload);
  return head + length;
}

}  // namespace chat::bench
