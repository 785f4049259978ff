#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/json.hpp"
#include "dataplane/io/tls/handshake.hpp"
#include "tests/support/run_task.hpp"

namespace chat::testing {

// A stream below Beast's WebSocket, as Beast wants to end it.
struct ClientStream : io::tls::Stream {
  explicit ClientStream(Stream stream) : Stream(std::move(stream)) {}
  friend void beast_close_socket(ClientStream& stream) {
    boost::system::error_code ignored;
    stream.socket().close(ignored);
  }
  friend void teardown(boost::beast::role_type role, ClientStream& stream, boost::system::error_code& error) {
    boost::beast::websocket::teardown(role, stream.socket(), error);
  }
  template <class Handler>
  friend void async_teardown(boost::beast::role_type role, ClientStream& stream, Handler&& handler) {
    boost::beast::websocket::async_teardown(role, stream.socket(), std::forward<Handler>(handler));
  }
};

// A WebSocket client for tests, on Beast, blocking with a time limit. Nothing of the gateway is in it.
class SocketClient {
 public:
  using Headers = std::map<std::string, std::string>;
  // With TLS where `secure` is not null.
  explicit SocketClient(std::uint16_t port, const io::tls::Source* secure = nullptr) : port_(port), secure_(secure) {}

  // The status of the answer: 101, or that of the refusal, whose headers and body are in `response` then.
  int connect(const Headers& headers = {}, const std::string& target = "/v1/ws") {
    namespace ws = boost::beast::websocket;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    auto connected = run_task(io_, io::tls::connect({"127.0.0.1", port_}, secure_, deadline));
    if (!connected) return 0;
    stream_.emplace(std::move(*connected));
    stream_->set_option(ws::stream_base::decorator([&headers](ws::request_type& request) {
      for (const auto& [name, value] : headers) request.set(name, value);
    }));
    run([&](auto done) {
      stream_->async_handshake(response, "127.0.0.1:" + std::to_string(port_), target, std::move(done));
    });
    return static_cast<int>(response.result_int());
  }

  void send(const std::string& text) { write(text, true); }
  void send_binary(const std::string& bytes) { write(bytes, false); }
  // Bytes below the WebSocket: what no client says.
  void send_raw(const std::string& bytes) {
    run([&](auto done) {
      boost::asio::async_write(stream_->next_layer(), boost::asio::buffer(bytes), skip_size(std::move(done)));
    });
  }
  void ping() {
    run([&](auto done) { stream_->async_ping({}, std::move(done)); });
  }

  // The next frame as JSON; nullopt when the connection was closed or nothing came in time.
  std::optional<base::Json> read(std::chrono::milliseconds within = std::chrono::seconds(5)) {
    boost::beast::flat_buffer buffer;
    const auto error = run([&](auto done) { stream_->async_read(buffer, skip_size(std::move(done))); }, within);
    if (error) return std::nullopt;
    return base::Json::parse(boost::beast::buffers_to_string(buffer.data()));
  }
  // Reads past other frames until one of this type.
  std::optional<base::Json> read_type(const std::string& type) {
    for (int i = 0; i < 10'000; ++i) {
      auto frame = read();
      if (!frame || frame->at("type") == type) return frame;
    }
    return std::nullopt;
  }
  // Reads until the server closes: its close code, 1006 where the connection broke without one, 0 when it did not.
  int closed_with(std::chrono::milliseconds within = std::chrono::seconds(10)) {
    const auto deadline = std::chrono::steady_clock::now() + within;
    for (;;) {
      boost::beast::flat_buffer buffer;
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      const auto error = run([&](auto done) { stream_->async_read(buffer, skip_size(std::move(done))); }, left);
      if (timed_out_) return 0;
      if (error == boost::beast::websocket::error::closed) return stream_->reason().code;
      if (error) return 1006;
    }
  }
  void drop() { stream_.reset(); }
  boost::asio::ip::tcp::socket& socket() { return stream_->next_layer().socket(); }

  boost::beast::websocket::response_type response;

 private:
  template <class Done>
  static auto skip_size(Done done) {
    return [done = std::move(done)](const boost::system::error_code& error, std::size_t) mutable { done(error); };
  }
  void write(const std::string& bytes, bool text) {
    stream_->text(text);
    run([&](auto done) { stream_->async_write(boost::asio::buffer(bytes), skip_size(std::move(done))); });
  }
  template <class Start>
  boost::system::error_code run(Start start, std::chrono::milliseconds within = std::chrono::seconds(5)) {
    boost::system::error_code result;
    bool done = false;
    start([&](const boost::system::error_code& error) {
      result = error;
      done = true;
    });
    io_.restart();
    const auto deadline = std::chrono::steady_clock::now() + within;
    while (!done && io_.run_one_until(deadline) > 0) {
    }
    timed_out_ = !done;
    if (timed_out_) {  // the operation ends with the socket; its handler must not outlive this frame
      boost::system::error_code ignored;
      socket().close(ignored);
      while (!done && io_.run_one() > 0) {
      }
    }
    return result;
  }

  std::uint16_t port_;
  const io::tls::Source* secure_;
  boost::asio::io_context io_;
  std::optional<boost::beast::websocket::stream<ClientStream>> stream_;
  bool timed_out_ = false;
};

}  // namespace chat::testing
