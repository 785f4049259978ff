#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/task.hpp"
#include "dataplane/io/redis/reply.hpp"
#include "dataplane/io/tls/stream.hpp"

namespace chat::io::redis {

// One connection to Redis, from connected to closed. Asio moves the bytes; hiredis only parses replies: its own
// event layer loses the callback of a channel that is unsubscribed and subscribed again at once, and cannot PING while
// subscribed. One thread. Shared, because reads and writes in flight keep it.
class Link : public std::enable_shared_from_this<Link> {
 public:
  using OnReply = std::function<void(const redisReply& reply)>;  // may call close()

  explicit Link(tls::Stream stream);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // Commands of one turn of the loop leave in one write, in order. Dropped when the link is closed.
  void send(std::span<const std::string_view> arguments);
  [[nodiscard]] std::size_t queued_bytes() const { return queued_.size() + writing_.size(); }
  // Reads until the link is closed, by either side, and says why. Once.
  [[nodiscard]] base::Task<std::string> run(OnReply on_reply);
  void close(std::string reason);
  [[nodiscard]] bool is_open() const { return stream_.socket().is_open(); }

 private:
  void flush();
  void take_replies(const OnReply& on_reply);
  void fit_chunk(std::size_t read);

  tls::Stream stream_;
  Reader reader_;
  std::vector<char> chunk_;  // what one read takes; larger while there is more than it holds
  std::string queued_;
  std::string writing_;
  bool flush_posted_ = false;
  std::string reason_;
};

}  // namespace chat::io::redis
